import { type Rng, rngFrom } from "../../shared/domain/rng.ts";
import type { ReportRow } from "../../shared/wire/messages.ts";
import type { OnReports, RunnerEnd, RunnerKind, Runners, RunnerTask, RunningTask } from "../../worker/runner-pool.ts";
import { SimProcess } from "./sim-process.ts";
import type { Timeline } from "./timeline.ts";

/** What a simulated training is like. */
export interface Training {
  /** Mean time of a run on a machine of speed 1; a run's own is between half and twice of it. */
  readonly meanMs: number;
  readonly reports: number;
  /** Share of configurations whose training fails in its own code. */
  readonly fails: number;
  /** Share of stays in which the runner process dies. */
  readonly dies: number;
  /** Share of runs whose hpmax is not finite. */
  readonly diverges: number;
}

/** What all machines together have spent. */
export class Ledger {
  /** Milliseconds of training, in runs that ended and in those that did not. */
  spentMs = 0;
  /** Milliseconds for which slots were there, busy or not. */
  offeredMs = 0;
  iterations = 0;
  started = 0;
}

const channelMs = 0.2;
const stopMs = 5;

/** A run's state: how many of its reports it has made. */
const stateOf = (steps: number): Uint8Array => Uint8Array.of(steps >> 8, steps & 255);
const stepsIn = ([high = 0, low = 0]: Uint8Array): number => 256 * high + low;

/** Runner processes of one worker: children of it, which train on while it stands still, and end when it does. */
export class SimRunners implements Runners {
  readonly #timeline: Timeline;
  readonly #worker: SimProcess;
  readonly #process: SimProcess;
  readonly #training: Training;
  readonly #ledger: Ledger;
  readonly #slowness: () => number;
  readonly #rng: Rng;
  readonly #running = new Set<() => void>();

  constructor(
    timeline: Timeline,
    worker: SimProcess,
    training: Training,
    ledger: Ledger,
    seed: string,
    slowness: () => number,
  ) {
    this.#timeline = timeline;
    this.#worker = worker;
    this.#process = new SimProcess(timeline, `${worker.name} runners`, seed);
    this.#training = training;
    this.#ledger = ledger;
    this.#slowness = slowness;
    this.#rng = rngFrom(`${seed} runners`);
  }

  /** With the whole machine: its owner closed the lid. */
  freeze(): void {
    this.#process.freeze();
  }

  thaw(): void {
    this.#process.thaw();
  }

  kill(): void {
    for (const settle of [...this.#running]) settle();
    this.#process.kill();
  }

  run(_kind: RunnerKind, task: RunnerTask, onReports: OnReports): RunningTask {
    const timeline = this.#timeline;
    const training = this.#training;
    // Of the trial, not of the stay: every attempt comes to the same.
    const rng = rngFrom(task.seed);
    const startedAt = timeline.now;
    const durationMs = training.meanMs * (0.5 + 1.5 * rng.uniform() ** 2) * this.#slowness();
    const fails = rng.uniform() < training.fails;
    const diverges = rng.uniform() < training.diverges;
    const diesAt = this.#rng.uniform() < training.dies ? Math.floor(this.#rng.uniform() * training.reports) : -1;
    const value = surface(task.settings) + rng.uniform();
    const rows: ReportRow[] = [];
    let told = 0;
    const begun = task.resume ? stepsIn(task.resume) : 0;
    let done = begun;
    let keptAt = timeline.now;
    let isOver = false;
    this.#ledger.started += 1;
    let resolve: (end: RunnerEnd) => void = () => undefined;
    const end = new Promise<RunnerEnd>((yes) => {
      resolve = yes;
    });
    const settle = (): void => {
      if (isOver) return;
      isOver = true;
      this.#running.delete(settle);
      this.#ledger.spentMs += timeline.now - startedAt;
      this.#ledger.iterations += done - begun;
    };
    this.#running.add(settle);
    const finish = (how: RunnerEnd): void => {
      if (isOver) return;
      settle();
      this.#worker.hear(timeline.now + channelMs, () => resolve(how));
    };
    const tell = (news: readonly ReportRow[], withState: boolean): void => {
      const state = { stage: 1, iters: done, bytes: stateOf(done) };
      this.#worker.hear(timeline.now + channelMs, () => {
        if (withState) onReports(news, "", state);
        else onReports(news, "");
      });
    };
    let isFrozen = false;
    let isDue = false;
    const step = (): void => {
      if (isOver) return;
      if (isFrozen) {
        isDue = true;
        return;
      }
      if (done === diesAt) {
        finish({ type: "died", reason: "the runner process was killed by SIGKILL", console: "" });
        return;
      }
      done += 1;
      const hours = (timeline.now - startedAt) / 3_600_000;
      rows.push([1, done, hours, [diverges ? Number.NaN : value], [1]]);
      if (fails && done === Math.ceil(training.reports / 2)) {
        finish({ type: "failed", id: 0, reports: rows.slice(told), reason: "told to fail", console: "", lines: "" });
      } else if (done === training.reports) {
        const metrics = { "s1-hrs": hours, "s1-val": value };
        const hpmax = diverges ? Number.NaN : value;
        finish({
          type: "done",
          id: 0,
          reports: rows.slice(told),
          hpmax,
          iters: done,
          metrics,
          titles: {},
          console: "",
          lines: "",
        });
      } else {
        const news = rows.slice(told);
        told = rows.length;
        const isCheckpointDue = timeline.now - keptAt >= 1000 * task.checkpointSeconds;
        if (isCheckpointDue) keptAt = timeline.now;
        tell(news, isCheckpointDue);
        this.#process.clock.after(durationMs / training.reports, step);
      }
    };
    this.#process.clock.after(durationMs / training.reports, step);
    return {
      pid: 0,
      end,
      freeze: () => {
        isFrozen = true;
      },
      thaw: () => {
        isFrozen = false;
        if (isDue) this.#process.clock.after(0, step);
        isDue = false;
      },
      checkpointEvery: () => undefined,
      handBack: () => {
        this.#process.clock.after(stopMs, () => {
          if (isOver) return;
          const news = rows.slice(told);
          told = rows.length;
          if (done > begun) tell(news, true);
          finish({ type: "stopped", id: 0 });
        });
      },
      stop: () => {
        this.#process.clock.after(stopMs, () => finish({ type: "stopped", id: 0 }));
      },
    };
  }

  async close(): Promise<void> {
    this.kill();
  }
}

/** A surface with one best place, so that a search has something to find. */
function surface(settings: RunnerTask["settings"]): number {
  let value = 0;
  for (const setting of Object.values(settings))
    if (typeof setting === "number") value -= (setting - 3) * (setting - 3);
  return value;
}
