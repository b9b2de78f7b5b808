import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { edit } from "../../../../../coordinator/leader/orders/edit-job.ts";
import { judgeEvidence } from "../../../../../coordinator/leader/workers/evidence.ts";
import { answerClaim } from "../../../../../coordinator/leader/workers/search-loop.ts";
import type { JobChanges, JobSubmitted } from "../../../../../shared/domain/fold/events.ts";
import { restoreSnapshot, takeSnapshot } from "../../../../../shared/domain/fold/snapshot.ts";
import { apply, emptyWorkspace } from "../../../../../shared/domain/fold/workspace-state.ts";
import { type Hyperparameter, settingsOf } from "../../../../../shared/domain/hyperparameter.ts";
import { InvariantCheck } from "../../../../../shared/domain/invariants/invariants.ts";
import { childRunName, type JobName, type WorkerId } from "../../../../../shared/domain/names.ts";
import { type Rng, rngFrom } from "../../../../../shared/domain/rng.ts";
import type { JobSettings } from "../../../../../shared/domain/runspec/job-settings.ts";
import { claim, TestReign } from "../../../../support/stories/reign.ts";
import { ordered, ranged } from "../../../../support/stories/search.ts";

const workers = Array.from({ length: 10 }, (_, i) => `w${i}` as WorkerId);
const ranges = [
  ranged("lr", { from: 1e-5, to: 1e-1, scale: "log" }),
  ranged("decay", { from: 1e-6, to: 1e-2, scale: "log" }),
];
/** In both ranges, between two first marks. */
const optimum = [3.3e-4, 7.3e-5] as const;

/** The best is 1; a decade off in one range costs a quarter. */
const alone = (i: number, value: unknown, peak: readonly number[] = optimum): number =>
  1 - 0.25 * Math.log10(Number(value) / (peak[i] ?? 1)) ** 2;
const truth = (settings: readonly unknown[], peak: readonly number[] = optimum): number =>
  settings.reduce((sum: number, value, i) => sum + alone(i, value, peak) - 1, 1);

/** A search of the leader's own code on the test's clock; each worker's runs take from one to two units of time. */
async function search(
  hyperparameters: readonly Hyperparameter[],
  seed: number,
  { totalRuns, ...settings }: Partial<JobSettings> & { readonly totalRuns: number },
  { peak = optimum, noise = 0.01, by = workers }: { peak?: readonly number[]; noise?: number; by?: WorkerId[] } = {},
): Promise<{ readonly test_: TestReign; readonly job: JobName; readonly regret: number }> {
  const test_ = new TestReign();
  const { reign } = test_;
  const job = submit(test_, hyperparameters, seed, { totalRuns, ...settings });
  const rng = rngFrom(`runs ${seed}`);
  const held = new Map<WorkerId, { readonly n: number; readonly until: number; readonly hpmax: number }>();
  let claims = 0;
  const begin = async (worker: WorkerId): Promise<void> => {
    claims += 1;
    const answer = await answerClaim(reign, worker, claim(`c${claims}`, `boot-${worker}`));
    if (answer?.kind !== "assigned") return;
    const hpmax = truth(answer.settings, peak) + noise * normal(rng);
    held.set(worker, { n: answer.n, until: test_.now + 1 + rng.uniform(), hpmax });
  };
  for (const worker of by) await begin(worker);
  while (held.size > 0) {
    const [worker, run] = [...held].reduce((first, each) => (each[1].until < first[1].until ? each : first));
    test_.now = run.until;
    held.delete(worker);
    judgeEvidence(reign, test_.message(worker, job, run.n, "result", 1, run.hpmax));
    await begin(worker);
  }
  const table = reign.state.jobs.get(job);
  assert.equal(table?.state, "completed");
  const best = table.model.now?.best.runSet.configuration ?? [];
  return { test_, job, regret: 1 - truth(settingsOf(table.submitted.hyperparameters, best), peak) };
}

const normal = (rng: Rng): number =>
  Math.sqrt(-2 * Math.log(1 - rng.uniform())) * Math.cos(2 * Math.PI * rng.uniform());

function submit(
  test_: TestReign,
  hyperparameters: readonly Hyperparameter[],
  seed: number,
  settings: Partial<JobSettings>,
): JobName {
  const template = new TestReign();
  const submitted = template.reign.state.jobs.get(template.submit(settings))?.submitted;
  assert.ok(submitted);
  const record: JobSubmitted = { ...submitted, hyperparameters, seed };
  void test_.reign.record(record);
  return record.job;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("a search over ranges", () => {
  test("a search over ranges ends nearer to the optimum than over the first marks alone", async () => {
    // No search over the first marks alone can name better settings than the best of them.
    const ofFirstMarks = ranges.map(({ values }, i) => Math.max(...values.map((value) => alone(i, value))));
    const regretOfFirst = 2 - ofFirstMarks.reduce((sum, each) => sum + each, 0);
    const regrets: number[] = [];
    for (let seed = 1; seed <= 3; seed += 1) regrets.push((await search(ranges, seed, { totalRuns: 300 })).regret);
    const regret = mean(regrets);
    assert.ok(regret < regretOfFirst / 2, `regret ${regret} (${regrets.join(", ")}), ${regretOfFirst} by first marks`);
  });

  test("a range's new marks are journalled now and then, and fold, snapshot and invariants agree", async () => {
    const { test_, job } = await search(ranges, 1, { totalRuns: 300 });
    const { events, reign } = test_;
    const refined = events.filter(({ type }) => type === "range-refined").length;
    assert.ok(refined >= 3 && refined <= 30, `${refined} records`);
    const check = new InvariantCheck({ evidenceFrom: Number.POSITIVE_INFINITY });
    const state = emptyWorkspace();
    for (const event of events) {
      check.event(event);
      apply(state, event);
    }
    check.compare(state);
    check.compare(restoreSnapshot(takeSnapshot(state)));
    assert.deepEqual(check.violations(), []);
    const values = state.jobs.get(job)?.submitted.hyperparameters;
    assert.deepEqual(values, reign.state.jobs.get(job)?.submitted.hyperparameters);
    assert.ok(values?.every((each, i) => each.values.length > (ranges[i]?.values.length ?? 0)));
  });

  test("a grid over ranges keeps its first marks, and random search makes them denser everywhere", async () => {
    const grid = await search(ranges, 1, { totalRuns: 40, hpTuning: "grid" });
    assert.ok(!grid.test_.events.some(({ type }) => type === "range-refined"));
    const random = await search(ranges, 1, { totalRuns: 80, hpTuning: "random" });
    const [lr] = random.test_.reign.state.jobs.get(random.job)?.submitted.hyperparameters ?? [];
    assert.ok((lr?.values.length ?? 0) >= 25, `${lr?.values.length} marks`);
  });

  test("a search over ranges that runs nothing twice ends only when no mark is left to add", async () => {
    const one = ranges.slice(0, 1);
    for (const hpTuning of ["dgd", "random", "grid"] as const) {
      const { test_, job } = await search(one, 1, { totalRuns: 60, hpTuning, repeat: "never" });
      const ended = test_.reign.state.jobs.get(job)?.ended;
      assert.equal(ended, hpTuning === "grid" ? one[0]?.values.length : 60, hpTuning);
    }
    const whole = [ranged("n", { from: 1, to: 30, scale: "integer" })];
    const { test_, job, regret } = await search(whole, 1, { totalRuns: 60, repeat: "never" });
    assert.equal(test_.reign.state.jobs.get(job)?.ended, 30);
    assert.ok(Number.isFinite(regret));
  });

  test("without noise or repeats, a search over one range closes in on its peak", async () => {
    const settings = { totalRuns: 40, repeat: "never" } as const;
    const off: number[] = [];
    for (const peak of [2.73e-5, 3.37e-4, 8.61e-3]) {
      const one = { peak: [peak], noise: 0, by: workers.slice(0, 1) };
      // In decades, of which the range has four.
      off.push(Math.sqrt(4 * (await search(ranges.slice(0, 1), 1, settings, one)).regret));
    }
    assert.ok(Math.max(...off) < 0.01, `${off.join(", ")} decades off`);
  });

  test("after results were rejected, the next result has the ranges looked at again", async () => {
    const test_ = new TestReign();
    const { reign } = test_;
    const dial = ranged("rate", { from: 0, to: 1, scale: "linear" });
    const job = submit(test_, [dial], 1, { totalRuns: 1000 });
    let n = 0;
    const run = (worker: WorkerId, rate: number, hpmax: number): void => {
      n += 1;
      const of = { job, n, attempt: 1, worker, claimId: `c${n}`, bootId: "boot", seed: n, why: "" };
      const configuration = [dial.values.indexOf(rate)];
      void reign.record({
        type: "assigned",
        ...of,
        run: childRunName(1 + workers.indexOf(worker), n),
        configuration,
        at: n,
      });
      judgeEvidence(reign, test_.message(worker, job, n, "result", 1, hpmax + n / 1e4));
    };
    const marks = () => test_.events.flatMap((event) => (event.type === "range-refined" ? [event.marks] : []));
    const [liar = assert.fail(), honest = assert.fail()] = workers;
    for (let i = 0; i < 60; i += 1) run(liar, [0.8, 0.9, 1][i % 3] ?? 1, i % 3 === 1 ? 9 : 8);
    for (let i = 0; i < 30; i += 1) run(honest, [0.2, 0.3, 0.4][i % 3] ?? 1, i % 3 === 1 ? 2 : 1);
    const before = marks().length;
    const trials = [...Array(60).keys()].map((i) => i + 1);
    void reign.record({
      ...{ type: "results-judged", job, trials, verdict: "rejected" },
      ...{ reason: "", by: "ann", op: "o", at: n },
    });
    run(honest, 0.3, 2);
    assert.deepEqual(marks().slice(before), [{ rate: [0.25, 0.35] }]);
  });

  test("an edit turns a list of values into a range; one that leaves values out is refused", async () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 40, hpTuning: "random" });
    const edited = async (addRanges: NonNullable<JobChanges["addRanges"]>): Promise<string> => {
      const op = `op${test_.events.length}`;
      return (await edit(test_.reign, { by: "ann", op }, { kind: "edit", op, job, changes: { addRanges } })).reason;
    };
    const wide = { from: 1, to: 8, scale: "linear" } as const;
    assert.equal(await edited({ a: wide }), "a over 1..8:linear");
    const [a] = test_.reign.state.jobs.get(job)?.submitted.hyperparameters ?? [];
    assert.deepEqual(a?.range, wide);
    assert.deepEqual(a?.values, [1, 2, 3, 4, 5, 6, 7, 8]);
    assert.match(await edited({ a: { ...wide, from: 2 } }), /does not include its values 1/);
    assert.match(await edited({ b: wide }), /only a hyperparameter of numbers can become a range/);
    const answer = await answerClaim(test_.reign, "ann" as WorkerId, claim("c1"));
    assert.ok(answer?.kind === "assigned" && a?.values.some((value) => value === answer.settings[0]));
  });

  test("a record that adds marks to a list, or marks that a range has, breaks an invariant", () => {
    const state = emptyWorkspace();
    const test_ = new TestReign();
    submit(test_, [ranges[0] ?? ordered("lr", [1]), ordered("b", [1, 2])], 1, { totalRuns: 5 });
    for (const event of test_.events) apply(state, event);
    const job = "job1" as JobName;
    for (const marks of [{ b: [1.5] }, { lr: [1] }, { lr: [3e-4, 3e-4] }, { lr: [1e-5] }, { c: [1] }]) {
      const event = { type: "range-refined", job, marks, at: 0 } as const;
      assert.throws(() => apply(state, event), /"range-refined" gives \w+ marks that it cannot have/);
      const check = new InvariantCheck();
      for (const each of [...test_.events, event]) check.event(each);
      assert.match(check.violations().join(), /no range|outside of its range|twice/);
    }
  });
});
