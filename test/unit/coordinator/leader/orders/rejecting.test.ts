import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { prunedSince } from "../../../../../coordinator/leader/orders/judge-results.ts";
import { completedRuns } from "../../../../../shared/domain/evaluation/completed-runs.ts";
import { leaderOf, leadOf } from "../../../../../shared/domain/evaluation/lead.ts";
import type { RunTable } from "../../../../../shared/domain/fold/run-table.ts";
import { takeSnapshot } from "../../../../../shared/domain/fold/snapshot.ts";
import { InvariantCheck } from "../../../../../shared/domain/invariants/invariants.ts";
import { priorBeliefs } from "../../../../../shared/domain/model/kernel.ts";
import { standings } from "../../../../../shared/domain/model/standings.ts";
import type { WorkerId } from "../../../../../shared/domain/names.ts";
import { weigh } from "../../../../../shared/domain/search/dgd-paper.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../../../shared/wire/snapshots.ts";
import { alice, bob, Story } from "../../../../support/stories/control-story.ts";
import { plain } from "../../../../support/stories/reign.ts";

/** Everything that is estimated from a job's results. */
const estimates = (table: RunTable): unknown => {
  const { hyperparameters } = table.submitted;
  const { hpmax, sets, length } = completedRuns(table);
  const view = { hyperparameters, runSets: table.runSets, isExcluded: () => false };
  return {
    standings: standings(table.model.now, table.runSets).map(({ runSet, ...row }) => ({ ...row, key: runSet.key })),
    prior: table.runSets.prior,
    best: [table.runSets.best()?.key, table.runSets.bestFor()],
    sets: [...table.runSets].map(({ key, firstSeen, mean, sampleVariance, bestRun, bestHpmax, ended }) => [
      ...[key, firstSeen, mean, sampleVariance, bestRun, bestHpmax, ended],
    ]),
    lead: leadOf(table),
    evaluated: { length, hpmax: [...hpmax], sets: [...sets] },
    weights: weigh(view, true)?.members.map(({ weight }) => weight),
    completedBy: new Map(table.completedBy),
  };
};

const judge = async (
  story: Story,
  kind: "reject" | "accept",
  about: { trials?: number[]; worker?: WorkerId; reason?: string },
  op?: string,
): Promise<string> => {
  const { trials = [], worker = null, reason = "" } = about;
  const answer = await story.order({ kind, job: story.job, trials, worker, reason }, op);
  return `${answer.code}: ${answer.reason}`;
};

/** Trials 1, 2, ... completed by these workers with these results. */
async function storyOf(...results: [WorkerId, number][]): Promise<Story> {
  const story = new Story({ totalRuns: 50 });
  for (const [worker, hpmax] of results) {
    const n = await story.claim(worker);
    assert.ok(typeof n === "number");
    story.say(worker, n, "result", hpmax);
  }
  return story;
}

const broken = ({ test }: Story): readonly string[] => {
  const check = new InvariantCheck({ evidenceFrom: Number.MAX_SAFE_INTEGER });
  for (const event of test.events) check.event(event);
  check.compare(test.reign.state);
  return check.violations();
};

describe("a rejected result", () => {
  test("a rejected result of 1e308 leads in no estimate, and accepting it restores them exactly", async () => {
    const story = await storyOf([alice, 1], [bob, 1e308], [alice, 3], [bob, 2]);
    assert.equal(leaderOf(story.table)?.bestRun, "run2.1");
    const before = estimates(story.table);
    const answer = await judge(story, "reject", { trials: [2], reason: "forged" });
    assert.equal(
      answer,
      "done: 1 result rejected, 3 results of job1 count, 1 rejected; their places in total_runs stay taken",
    );
    const { table } = story;
    assert.notEqual(leaderOf(table)?.bestRun, "run2.1");
    assert.ok([...table.runSets].every(({ bestHpmax }) => Number.isNaN(bestHpmax) || bestHpmax <= 3));
    assert.equal(table.runSets.prior.mean, 2);
    const trial = table.trial(2);
    assert.deepEqual([trial?.status, trial?.hpmax, trial?.metrics], ["rejected", null, []]);
    assert.equal(trial?.reason, "rejected by andreas: forged");
    assert.deepEqual([table.ended, table.outcomes.completed, table.rejected.size], [4, 3, 1]);
    assert.deepEqual([...table.completions], [1, 3, 4]);
    assert.deepEqual(broken(story), []);
    story.check();
    assert.match(await judge(story, "accept", { trials: [2] }), /^done: 1 result accepted, 4 results of job1 count$/);
    assert.deepEqual(estimates(story.table), before);
    assert.deepEqual(broken(story), []);
    story.check();
  });

  test("rejecting a result leaves the estimates as if it had never come", async () => {
    const honest = await storyOf([alice, 1], [alice, 3], [alice, 2]);
    // The same journal and choices, to which a liar's result comes.
    const story = await storyOf([alice, 1], [alice, 3], [alice, 2]);
    assert.deepEqual(estimates(story.table), estimates(honest.table));
    assert.equal(await story.claim(bob), 4);
    story.say(bob, 4, "result", -1e200);
    await judge(story, "reject", { worker: bob });
    const left = estimates(story.table) as { sets: unknown[] };
    const want = estimates(honest.table) as { sets: unknown[] };
    // Only the assignment of its configuration is left.
    assert.deepEqual({ ...left, sets: left.sets.slice(0, want.sets.length) }, want);
    story.check();
  });

  test("a rejected result is neither evidence nor a repeat, and does not make a machine look sick", async () => {
    const story = await storyOf([bob, 9]);
    const set = story.table.runSets.best();
    assert.equal(set?.ended, 1);
    await judge(story, "reject", { trials: [1] });
    assert.equal(story.table.runSets.best(), null);
    assert.deepEqual([story.table.runSets.totals.ended, story.table.ended], [0, 1]);
    for (let i = 0; i < 3; i += 1) story.say(alice, (await story.claim(alice)) as number, "failed");
    assert.equal(story.test.reign.state.workers.get(alice)?.state, "admitted");
  });

  test("a result of a worker that was no longer the holder is rejected as that worker's", async () => {
    const story = new Story({ totalRuns: 9 });
    await story.claim(bob);
    story.say(bob, 1, "released");
    await story.claim(alice);
    story.say(bob, 1, "result", 7, 1);
    assert.equal(story.table.trial(1)?.resultBy, bob);
    assert.equal(await judge(story, "reject", { worker: alice }), "done: alice has no result in job1 that counts");
    assert.match(await judge(story, "reject", { worker: bob }), /^done: 1 result from bob rejected/);
    assert.deepEqual(
      [alice, bob].map((id) => [
        story.test.reign.state.workers.get(id)?.completed,
        story.test.reign.state.workers.get(id)?.rejected,
      ]),
      [
        [0, 0],
        [0, 1],
      ],
    );
    story.check();
  });

  test("rejecting a result does not make a job run again that is over", async () => {
    const story = new Story({ totalRuns: 1 });
    story.say(alice, (await story.claim()) as number, "result", 5);
    assert.equal(story.table.state, "completed");
    assert.match(
      await judge(story, "reject", { trials: [1] }),
      /^done: 1 result rejected, 0 results of job1 count, 1 rejected/,
    );
    assert.deepEqual([story.table.state, story.table.ended], ["completed", 1]);
    assert.deepEqual(broken(story), []);
  });

  test("what was learned from a rejected result is forgotten, and so is what was planned", async () => {
    const results = Array.from({ length: 11 }, (_, i): [WorkerId, number] => [
      i === 7 ? bob : alice,
      i === 7 ? 1e300 : i,
    ]);
    const story = await storyOf(...results);
    const before = story.table.model.learned;
    assert.equal(before?.results, 10);
    await judge(story, "reject", { worker: bob });
    const { model } = story.table;
    assert.deepEqual(model.learned, model.now?.learned(undefined, 10));
    assert.notDeepEqual(model.learned?.beliefs, before?.beliefs);
    const planned = story.test.reign.choices.next(story.table, 12);
    assert.doesNotMatch(planned?.why ?? "", /e\+/, "nothing is expected of what was rejected");
    // Too few results to learn from are left.
    await judge(story, "reject", { trials: [1, 2, 3] });
    assert.deepEqual(model.learned, { beliefs: priorBeliefs(2), results: 7 });
    await judge(story, "reject", { worker: alice });
    assert.deepEqual(model.learned, { beliefs: priorBeliefs(2), results: 0 });
    story.check();
  });

  test("rejecting the result by which a rule stopped a search says how the search goes on", async () => {
    const story = new Story({ totalRuns: 9, stopWhen: { name: "hpmax", op: ">=", value: 100 } });
    await story.claim(alice);
    story.say(bob, (await story.claim(bob)) as number, "result", 1e308);
    assert.equal(story.table.state, "stopping");
    assert.match(await judge(story, "reject", { worker: bob }), /to let the search go on: nexus resume job1/);
    assert.match(await story.do("resume"), /^ok: searching/);
    story.check();
  });
});

describe("orders to reject and to accept", () => {
  test("an order to reject is carried out once, by its request id and by what it says", async () => {
    const story = await storyOf([alice, 1], [bob, 2]);
    await judge(story, "reject", { trials: [2] }, "same");
    const { length } = story.test.events;
    assert.match(await judge(story, "reject", { trials: [2] }, "same"), /^done/);
    assert.equal(await judge(story, "reject", { trials: [2] }), "done: run2.1 was rejected already");
    assert.equal(await judge(story, "accept", { trials: [1] }), "done: run1.1 is not rejected");
    assert.equal(story.test.events.length, length);
  });

  test("an order to reject names what has no result, and does the rest", async () => {
    const story = await storyOf([alice, 1]);
    await story.claim(alice);
    story.say(bob, (await story.claim(bob)) as number, "failed");
    const missing =
      "run1.2 has no result yet: it is running; to end it: nexus cancel run1.2\nrun2.1 ended without a result: failed\njob1 has no trial 9";
    assert.equal(await judge(story, "reject", { trials: [2, 3, 9] }), `refused: ${missing}`);
    assert.match(
      await judge(story, "reject", { trials: [1, 2] }),
      /^done: 1 result rejected, .*; run1.2 has no result yet/,
    );
    assert.match(await judge(story, "reject", { worker: "carol" as WorkerId }), /^not found: there is no worker carol/);
    const gone = await story.order({ kind: "reject", job: "job7", trials: [1], worker: null, reason: "" });
    assert.equal(gone.code, "not found");
  });

  test("an order to reject is about results that have come; later ones count unless the worker is benched", async () => {
    const story = await storyOf([alice, 1], [bob, 2]);
    assert.match(
      await judge(story, "reject", { worker: bob }),
      /results that bob has yet to send will count; .* nexus bench bob/,
    );
    await story.order({ kind: "bench", worker: bob });
    await judge(story, "accept", { worker: bob });
    assert.match(await judge(story, "reject", { worker: bob }), /bob is benched: it gets no more runs/);
    await story.order({ kind: "admit", worker: bob });
    const sick = { type: "worker-state", worker: bob, state: "benched", reason: "its runs failed" } as const;
    void story.test.reign.record({ ...sick, by: "coordinator", op: "" });
    await judge(story, "accept", { worker: bob });
    assert.match(await judge(story, "reject", { worker: bob }), /bob began before .* will count; .* revoke bob/);
  });

  test("after any order of rejecting and accepting, estimates and snapshot are those of what counts", async () => {
    // Enough results for the model to have learned once.
    const results: [WorkerId, number][] = Array.from({ length: 10 }, (_, i) => [
      i % 3 === 0 ? bob : alice,
      (i * 7) % 5,
    ]);
    const plan = fc.array(
      fc.record({
        kind: fc.constantFrom<"reject" | "accept">("reject", "accept"),
        trials: fc.array(fc.integer({ min: 1, max: 11 }), { maxLength: 5 }),
        worker: fc.constantFrom<WorkerId | undefined>(alice, bob, undefined, undefined),
      }),
      { maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(plan, async (steps) => {
        const story = await storyOf(...results);
        const before = estimates(story.table);
        for (const { kind, trials, worker } of steps) await judge(story, kind, worker ? { worker } : { trials });
        const restored = decodeSnapshot(encodeSnapshot(takeSnapshot(story.test.reign.state)));
        assert.deepEqual(plain(restored), plain(story.test.reign.state));
        const table = restored.jobs.get(story.job);
        assert.ok(table);
        assert.deepEqual(estimates(table), estimates(story.table));
        assert.deepEqual(broken(story), []);
        story.check();
        await judge(story, "accept", { trials: results.map((_, i) => i + 1) });
        assert.deepEqual(estimates(story.table), before);
      }),
      { numRuns: 60 },
    );
  });
});

test("the runs pruned since the earliest of many results are found, wherever it stands among them", () => {
  const last = 150_000;
  const glance = (n: number): object => {
    if (n > last) return { run: "run1.9", status: "pruned", prunedBy: "rule", endedAt: 10 };
    return { status: "completed", endedAt: n === last ? 5 : 20 };
  };
  const told = { trials: { length: last + 1, glance }, outcomes: { pruned: 1 } };
  const table = told as unknown as Parameters<typeof prunedSince>[0]; // nothing else of it is used
  const results = Array.from({ length: last }, (_, i) => i + 1);
  assert.deepEqual(prunedSince(table, results), ["run1.9"]);
  assert.deepEqual(prunedSince(table, results.slice(0, -1)), []);
});
