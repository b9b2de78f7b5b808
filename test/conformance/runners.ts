import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { Clock } from "../../shared/ports.ts";
import { systemClock } from "../../shared/time/clock.ts";
import type { ReportRow } from "../../shared/wire/messages.ts";
import { plainHousing } from "../../worker/node/housing.ts";
import { RunnerPool } from "../../worker/node/runner-pool.ts";
import type { OnReports, RunnerEnd, RunnerKind, Runners, RunningTask } from "../../worker/node/runners.ts";
import type { RunState, RunTask } from "../../worker/runner/protocol.ts";
import { SimProcess } from "../simulate/sim-process.ts";
import { Ledger, SimRunners } from "../simulate/sim-runners.ts";
import { eventually, patienceMs } from "../support/patience.ts";
import { taskOf } from "../support/processes/run-task.ts";
import { silentLog } from "../support/stories/reign.ts";
import { runningTimeline } from "./running-timeline.ts";

/** What a test's runs do. */
interface Kind {
  readonly reports: number;
  /** About how long each run takes. */
  readonly seconds: number;
  readonly misbehaviour?: "throw" | "exit";
}

interface RunnersRig {
  readonly runners: Runners;
  readonly clock: Clock;
  readonly task: RunTask;
  end(): Promise<void>;
}

export interface RunnersImplementation {
  readonly name: string;
  /** Whether runs have operating system processes. The simulator's have none, so their pid is 0. */
  readonly hasProcesses: boolean;
  readonly start: (kind: Kind) => RunnersRig;
}

const probe = ({ reports, seconds, misbehaviour }: Kind): RunTask =>
  taskOf(
    `{component: processors/Probe_Proc, reports: ${reports}, seconds: ${seconds}, value: *a, misbehaviour: ${misbehaviour ?? "none"}}`,
  );

export const runnersImplementations: readonly RunnersImplementation[] = [
  {
    name: "the pool of processes",
    hasProcesses: true,
    start: (kind) => {
      const runners = new RunnerPool(silentLog, plainHousing(), patienceMs);
      return { runners, clock: systemClock, task: probe(kind), end: () => runners.close() };
    },
  },
  {
    name: "the simulator",
    hasProcesses: false,
    start: (kind) => {
      const { timeline, stop } = runningTimeline();
      const worker = new SimProcess(timeline, "worker", "worker");
      const training = {
        meanMs: 1000 * kind.seconds,
        reports: kind.reports,
        fails: kind.misbehaviour === "throw" ? 1 : 0,
        dies: kind.misbehaviour === "exit" ? 1 : 0,
        diverges: 0,
      };
      const runners = new SimRunners(timeline, worker, training, new Ledger(), "runners", () => 1);
      return {
        runners,
        clock: worker.clock,
        task: probe(kind),
        end: async () => {
          await runners.close();
          await stop();
        },
      };
    },
  },
];

const anyKind: RunnerKind = { lowPriority: false, cores: 1, network: false };

/** A run and everything heard of it. */
class Heard {
  readonly rows: ReportRow[] = [];
  readonly states: RunState[] = [];
  end: RunnerEnd | undefined;
  readonly running: RunningTask;

  constructor({ runners, task }: RunnersRig, changes: Partial<RunTask> = {}) {
    let hasReturned = false;
    const hear: OnReports = (reports, _lines, state) => {
      assert.ok(hasReturned, "heard before run has returned");
      assert.equal(this.end, undefined, "heard after the end");
      this.rows.push(...reports);
      if (state) this.states.push(state);
    };
    this.running = runners.run(anyKind, { ...task, ...changes }, hear);
    hasReturned = true;
  }

  /** Resolves with its end; the reports that came with it are in `rows` too. */
  async ended(): Promise<RunnerEnd> {
    const end = await this.running.end;
    this.end = end;
    if ("reports" in end) this.rows.push(...end.reports);
    return end;
  }

  get iterations(): number[] {
    return this.rows.map(([, iters]) => iters);
  }
}

/** Polls in the rig's own time: simulated runs would be over before a real pause is. */
const until = ({ clock }: RunnersRig, what: string, condition: () => boolean): Promise<unknown> =>
  eventually(what, condition, { everyMs: 5, pause: (ms) => clock.pause(ms) });

/** Resolves when nothing more has come for many turns of the event loop, so that what lay in a pipe has been read. */
async function settled(count: () => number): Promise<void> {
  for (let [same, seen] = [0, count()]; same < 50; same += 1) {
    await turn();
    if (count() === seen) continue;
    [same, seen] = [-1, count()];
  }
}

const upTo = (last: number, from = 1): number[] => Array.from({ length: last - from + 1 }, (_, i) => from + i);

export function runnersSuite({ name, hasProcesses, start }: RunnersImplementation): void {
  const check = (title: string, kind: Kind, body: (rig: RunnersRig) => Promise<void>): void => {
    test(title, async () => {
      const rig = start(kind);
      try {
        await body(rig);
      } finally {
        await rig.end();
      }
    });
  };
  const short = { reports: 6, seconds: 0.2 };
  const long = { reports: 4000, seconds: 400 };

  describe(`the runners of ${name}`, { concurrency: 3 }, () => {
    check("a run's reports come once each and in order, with the end or before it", short, async (rig) => {
      const heard = new Heard(rig);
      const end = await heard.ended();
      assert.ok(end.type === "done", end.type);
      assert.deepEqual(heard.iterations, upTo(6));
      assert.equal(end.iters, 6);
      assert.ok(Number.isFinite(end.hpmax));
      assert.ok(heard.rows.every(([stage, , hours]) => stage === 1 && hours >= 0));
      await rig.clock.pause(1500);
    });

    check("runs execute in parallel, and equal runs give equal results", short, async (rig) => {
      const runs = [new Heard(rig), new Heard(rig), new Heard(rig)];
      const found = await Promise.all(
        runs.map(async (each) => {
          const end = await each.ended();
          return [end.type, end.type === "done" && end.hpmax, each.iterations];
        }),
      );
      assert.deepEqual(found[0]?.[0], "done");
      assert.deepEqual(found[1], found[0]);
      assert.deepEqual(found[2], found[0]);
    });

    check("runs of several jobs take turns", short, async (rig) => {
      for (const job of ["job1", "job1", "job2", "job1"])
        assert.equal((await new Heard(rig, { job }).ended()).type, "done", job);
    });

    const thirty = { reports: 30, seconds: 30 };
    check("a run handed back leaves its state, from which another resumes to the same result", thirty, async (rig) => {
      // Of another job, because a runner keeps its job's text. Only the run that is handed back must still be under way when it is.
      const fast = { job: "job2", jobText: probe({ ...thirty, seconds: 0.3 }).jobText };
      const whole = new Heard(rig, fast);
      const first = new Heard(rig);
      await until(rig, "it has begun", () => first.rows.length > 0);
      first.running.handBack(patienceMs);
      first.running.handBack(patienceMs / 2);
      first.running.stop();
      assert.equal((await first.ended()).type, "stopped");
      const state = first.states.at(-1);
      assert.ok(state && state.iters >= 1 && state.iters < 30);
      assert.deepEqual(first.iterations, upTo(state.iters), "every report up to the state was heard");
      const rest = new Heard(rig, { ...fast, resume: state.bytes });
      const [end, undisturbed] = [await rest.ended(), await whole.ended()];
      assert.ok(end.type === "done" && undisturbed.type === "done");
      assert.deepEqual(rest.iterations, upTo(30, state.iters + 1));
      assert.equal(end.hpmax, undisturbed.hpmax);
      assert.equal(end.iters, undisturbed.iters);
    });

    check("a run saves itself again and again, with every report up to there", long, async (rig) => {
      const heard = new Heard(rig, { checkpointSeconds: 0.2 });
      heard.running.checkpointEvery(0.2);
      await until(rig, "it has saved itself three times", () => heard.states.length >= 3);
      const places = heard.states.map(({ iters }) => iters);
      assert.deepEqual(
        places,
        [...new Set(places)].sort((a, b) => a - b),
      );
      assert.ok(heard.rows.length >= (places.at(-1) ?? 0));
      heard.running.stop();
      await heard.ended();
      assert.deepEqual(heard.iterations, upTo(heard.rows.length));
    });

    check("a stopped run ends as stopped, after which every call does nothing", long, async (rig) => {
      const heard = new Heard(rig);
      await until(rig, "it has begun", () => heard.rows.length > 0);
      heard.running.stop();
      assert.equal((await heard.ended()).type, "stopped");
      const { running } = heard;
      for (const call of [running.stop, running.freeze, running.thaw]) call.call(running);
      running.handBack(1000);
      running.checkpointEvery(1);
      const other = new Heard(rig);
      await until(rig, "another one is not disturbed", () => other.rows.length > 0);
      await rig.clock.pause(50);
    });

    check("a failed run says why and includes its reports", { ...short, misbehaviour: "throw" }, async (rig) => {
      const heard = new Heard(rig);
      const end = await heard.ended();
      assert.ok(end.type === "failed", end.type);
      assert.match(end.reason, /told to/);
      assert.ok(heard.rows.length >= 1 && heard.rows.length < 6);
      assert.deepEqual(heard.iterations, upTo(heard.rows.length));
    });

    check(
      "a run whose process dies ends as died, and the next run starts all the same",
      { ...short, misbehaviour: "exit" },
      async (rig) => {
        for (let i = 0; i < 2; i += 1) {
          const end = await new Heard(rig).ended();
          assert.ok(end.type === "died", end.type);
          assert.match(end.reason, /the runner process /);
        }
      },
    );

    check("a frozen run stands still and continues when thawed", long, async (rig) => {
      const heard = new Heard(rig);
      await until(rig, "it has begun", () => heard.rows.length > 0);
      heard.running.freeze();
      await rig.clock.pause(1500);
      await settled(() => heard.rows.length); // what the run said before has come
      const stood = heard.rows.length;
      await rig.clock.pause(1500);
      await settled(() => heard.rows.length);
      assert.equal(heard.rows.length, stood);
      heard.running.thaw();
      heard.running.thaw();
      await until(rig, "it goes on", () => heard.rows.length > stood);
      assert.deepEqual(heard.iterations, upTo(heard.rows.length));
      heard.running.stop();
      assert.equal((await heard.ended()).type, "stopped");
    });

    check("a frozen run can be stopped", long, async (rig) => {
      const heard = new Heard(rig);
      await until(rig, "it has begun", () => heard.rows.length > 0);
      heard.running.freeze();
      await rig.clock.pause(20);
      heard.running.stop();
      assert.equal((await heard.ended()).type, "stopped");
    });

    check("closing the runners ends every run as died, and nothing starts afterwards", long, async (rig) => {
      const runs = [new Heard(rig), new Heard(rig)];
      await until(rig, "both have begun", () => runs.every(({ rows }) => rows.length > 0));
      const ends = Promise.all(runs.map((each) => each.ended()));
      await rig.runners.close();
      assert.deepEqual(
        (await ends).map(({ type }) => type),
        ["died", "died"],
      );
      assert.throws(() => new Heard(rig));
      await rig.runners.close();
    });

    check(
      hasProcesses ? "a run has an operating system process" : "a run has no process (difference from the pool)",
      long,
      async (rig) => {
        const { running } = new Heard(rig);
        if (hasProcesses) assert.doesNotThrow(() => process.kill(running.pid, 0));
        else assert.equal(running.pid, 0);
      },
    );
  });
}
