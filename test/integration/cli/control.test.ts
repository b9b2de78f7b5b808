import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { operatorName } from "../../../shared/broker/access/credentials.ts";
import type { JobName, WorkerId } from "../../../shared/domain/names.ts";
import { descendantsOf } from "../../../shared/machine/process-tree.ts";
import {
  type ControlTarget,
  type ControlVerb,
  decodeEvidence,
  decodeOrderAnswer,
  encodeOrder,
  type Order,
  type OrderAnswer,
} from "../../../shared/wire/messages.ts";
import { evidenceOfJob, operator, parseEvidence, streams } from "../../../shared/wire/subjects.ts";
import { eventually, patienceMs } from "../../support/patience.ts";
import { readIfThere } from "../../support/process-list.ts";
import { allButFirstUntilOpen } from "../../support/processes/gated-program.ts";
import type { CommandEnd } from "../../support/processes/nexus-command.ts";
import { nexusAt } from "../../support/processes/nexus-here.ts";
import { linkPatiently } from "../../support/processes/patient-link.ts";
import { writeProgramSpec } from "../../support/processes/probe-spec.ts";
import { Swarm } from "../../support/processes/swarm.ts";

type OrderWords = Order extends infer Each ? (Each extends Order ? Omit<Each, "op"> : never) : never;
const control = (verb: ControlVerb, target: ControlTarget): OrderWords => ({ kind: "control", verb, target });

const command = (swarm: Swarm, ...words: string[]): Promise<CommandEnd> => nexusAt(words, swarm.folder);

async function done(swarm: Swarm, ...words: string[]): Promise<string> {
  const end = await command(swarm, ...words);
  assert.equal(end.code, 0, `nexus ${words.join(" ")}: ${end.stderr}`);
  return end.stdout;
}

/** Gives an order as a screen does, without starting a process. */
async function order(swarm: Swarm, what: OrderWords): Promise<OrderAnswer> {
  const link = await linkPatiently(swarm.paths, "operator");
  try {
    const bytes = encodeOrder({ op: `test-${Math.random()}`, ...what } as Order);
    return decodeOrderAnswer(await link.bus.request(operator(operatorName()), bytes, patienceMs));
  } finally {
    await link.close();
  }
}

/** Follows a job's reports; `of` gives the newest iteration of run `n`. */
async function follow(swarm: Swarm, job: JobName): Promise<{ of(n: number): number; stop(): Promise<void> }> {
  const link = await linkPatiently(swarm.paths, "viewer");
  const newest = new Map<number, number>();
  const reading = await link.bus.read(
    streams.evidence,
    1,
    ({ subject, data }) => {
      const address = parseEvidence(subject);
      if (address?.kind !== "report") return;
      const at = decodeEvidence({ kind: "report" }, data).reports.at(-1)?.[1] ?? 0;
      newest.set(address.n, Math.max(newest.get(address.n) ?? 0, at));
    },
    [evidenceOfJob(job)],
  );
  const stop = async (): Promise<void> => {
    await reading.stop();
    await link.close();
  };
  return { of: (n) => newest.get(n) ?? 0, stop };
}

/** The frozen processes of a worker's runners. */
const frozenBelow = (pid: number): number[] =>
  descendantsOf(pid).filter((each) => /\) T /.test(readIfThere(`/proc/${each}/stat`)));

describe("control of a live search", () => {
  test("a run stands still and goes on, a job grows and shrinks, a worker is drained, a job is cancelled", async () => {
    const swarm = new Swarm();
    await swarm.coordinator(["--lease", "10"]);
    const job = await swarm.submit(
      swarm.probeSpec("long", { total_runs: 2, hp_tuning: "grid" }, { seconds: 600, reports: 6000 }),
    );
    const one = swarm.worker("one", ["--slots", "4"]);
    await swarm.when("two runs have begun", job, ({ running }) => running === 2);
    const first = (await swarm.table(job)).trial(1)?.run;
    assert.ok(first);

    // The paused run's process stands still and its lease lives on; the other run continues.
    const iterations = await follow(swarm, job);
    await eventually("it reports", () => iterations.of(1) > 0);
    assert.match(await done(swarm, "pause", first), /^runs of job1: 1 run paused/);
    await eventually("its process is frozen", () => frozenBelow(one.pid).length === 1);
    const other = iterations.of(2);
    await eventually("what lay in the pipe has come", () => iterations.of(2) > other + 12);
    const stood = iterations.of(1);
    await eventually("the other run goes on, for longer than a lease", () => iterations.of(2) > other + 114);
    assert.equal(iterations.of(1), stood);
    const paused = (await swarm.table(job)).trial(1);
    assert.deepEqual([paused?.status, paused?.order, paused?.attempts.length], ["running", "paused", 1]);
    assert.equal((await order(swarm, control("resume", { kind: "runs", job, trials: [1] }))).reason, "1 run resumed");
    await eventually("it goes on", () => iterations.of(1) > stood);
    await iterations.stop();
    assert.deepEqual(frozenBelow(one.pid), []);

    // The job grows, with a value that the spec does not list, then shrinks to the runs that are open.
    assert.match(
      await done(swarm, "edit", job, "--total-runs", "4", "--add-range", "a=0..9", "--add-value", "a=2.7"),
      /^job1: total_runs 4, a over 0..9:linear, a also 2.7/,
    );
    assert.match(await done(swarm, "edit", job, "--max-run-time", "1h"), /^job1: max_run_time 3600 s/);
    const grown = await swarm.when("all four run", job, ({ running }) => running === 4);
    assert.equal(grown.submitted.hyperparameters[0]?.values.at(-1), 2.7);
    assert.deepEqual(grown.submitted.hyperparameters[0]?.range, { from: 0, to: 9, scale: "linear" });
    await order(swarm, { kind: "edit", job, changes: { totalRuns: 3 } });
    await order(swarm, control("stop", { kind: "runs", job, trials: [2] }));
    await order(swarm, control("cancel", { kind: "runs", job, trials: [3] }));
    const shrunk = await swarm.when("one is pruned, one cancelled", job, ({ open }) => open === 2);
    assert.deepEqual([shrunk.ended, shrunk.outcomes.pruned, shrunk.outcomes.cancelled], [1, 1, 1]);
    await eventually(
      "their processes have stopped",
      () => (one.output().match(/ {2}run\d+\.\d+ {2}has ended: (pruned|cancelled)/g) ?? []).length === 2,
    );

    // Worker two, with its own job, is drained: it finishes its run, says so and ends; drained, it does not come back.
    const short = await swarm.submit(
      swarm.probeSpec("short", { total_runs: 400, priority: 1000 }, { seconds: 1, reports: 5 }),
    );
    const two = swarm.worker("two", ["--slots", "1"]);
    await swarm.when("two works", short, ({ holding }) => [...holding.keys()].some((worker) => worker === "two"));
    assert.match(await done(swarm, "drain", "two"), /^two: draining/);
    assert.deepEqual(await two.exited(), { code: 0, signal: null });
    assert.match(two.output(), /two was drained by /);
    const drained = await swarm.when("what two finished is in the journal", short, ({ trials, holding }) => {
      const isOfTwo = [...trials].some(
        ({ attempts, status }) => status === "completed" && attempts[0]?.worker === "two",
      );
      return isOfTwo && ![...holding.keys()].some((worker) => worker === "two");
    });
    assert.equal(drained.reclaimed + drained.lost, 0);
    assert.match(await done(swarm, "list", "workers"), /two .*draining.*drained by/);

    // Where nobody can be asked, nothing is cancelled without --yes.
    const unasked = await command(swarm, "cancel", "job*");
    assert.equal(unasked.code, 2);
    assert.match(unasked.stderr, /cancels job1 for good: 2 running and 0 queued runs end now[\s\S]*add --yes/);
    await done(swarm, "cancel", "job*", "--yes");
    const cancelled = await swarm.table(job);
    assert.deepEqual([cancelled.state, cancelled.open, cancelled.outcomes.cancelled], ["cancelled", 0, 3]);
    await eventually("nothing runs any more", () => /job1 was cancelled by|has ended: cancelled/.test(one.output()));
    assert.match((await order(swarm, control("pause", { kind: "job", job }))).reason, /job1 is over: it was cancelled/);
    assert.equal((await command(swarm, "pause", "job77")).code, 3);
    await swarm.end();
  });

  test("a poisoned run fails after its retries; a sick worker is benched and its runs are done elsewhere", async () => {
    const swarm = new Swarm();
    await swarm.coordinator(["--lease", "30"]);
    swarm.worker("well", ["--slots", "1"]);
    const poison = await swarm.submit(
      swarm.probeSpec("poison", { total_runs: 1, retries: 2 }, { misbehaviour: "exit", reports: 2 }),
    );
    const ended = await swarm.when("it has failed", poison, ({ state }) => state === "completed");
    const [trial] = ended.trials;
    assert.deepEqual([trial?.status, trial?.attempts.length, ended.lost], ["failed", 3, 2]);
    assert.match(trial?.reason ?? "", /^lost 3 times, last: the runner process ended with code 9/);
    assert.match(trial?.console ?? "", /Probe_Proc: {2}Started[\s\S]*iters/);

    const sick = swarm.worker("sick", ["--slots", "2", "--pass-env", "IS_SICK"], { IS_SICK: "1" });
    await eventually("it has joined", () => sick.output().includes("lends 2 slots"));
    await order(swarm, control("pause", { kind: "worker", worker: "sick" as WorkerId }));
    const gate = join(swarm.folder, "gate");
    const settings = { total_runs: 30, hp_tuning: false };
    const program = `if (process.env.IS_SICK) process.exit(3);\n${allButFirstUntilOpen(gate)}`;
    const job = await swarm.submit(writeProgramSpec(swarm.folder, "fair", settings, program));
    await swarm.when("others succeed", job, ({ outcomes }) => outcomes.completed >= 1);
    await order(swarm, control("resume", { kind: "worker", worker: "sick" as WorkerId }));
    await eventually("the sick one is benched", async () => {
      const { workers } = await swarm.state();
      return workers.get("sick" as WorkerId)?.state === "benched";
    });
    writeFileSync(gate, "");
    const table = await swarm.when("the job is done", job, ({ isOver }) => isOver);
    assert.deepEqual([table.outcomes.completed, table.outcomes.failed], [30, 0]);
    assert.ok(table.reopened >= 2, `${table.reopened} failures were taken back`);
    assert.ok([...table.trials].every(({ charged }) => charged === 0));
    assert.match(
      await done(swarm, "list", "workers"),
      /sick .*benched.*its last [34] runs failed while others succeed/,
    );
    assert.match(await done(swarm, "admit", "sick"), /^sick: it gets runs again/);
    await swarm.end();
  });
});
