import assert from "node:assert/strict";
import { test } from "node:test";
import {
  assertClose,
  completedRuns,
  type OriginalEvaluation,
  originalEvaluations,
} from "../../../../support/stories/original-evaluations.ts";
import { type OriginallyRanked, originallyRanked } from "../../../../support/stories/original-ranking.ts";
import { type Completion, indexOf, ordered } from "../../../../support/stories/search.ts";

/** If all runs are equal the original says 0 +- 0; ours says the prior mean, and that the spread is unknown. */
const noVariance = ["one-run", "two-equal", "all-equal", "minimise-positive"];

for (const each of originalEvaluations) {
  test(`the estimates and ranks equal those of the original evaluation: ${each.id}`, () => {
    const { expected } = each;
    const hyperparameters = each.hyperparameters.map(({ name, values }) => ordered(name, values));
    const all = completedRuns(each, hyperparameters).map(
      ({ configuration, hpmax }): Completion => [configuration, hpmax],
    );
    const judged = each.max_runs > 0 ? all.slice(0, each.max_runs) : all;
    const index = indexOf(judged);
    const { prior } = indexOf(all);
    const rows = originallyRanked(index, prior);
    if (expected.no_runs) {
      assert.deepEqual(rows, []);
      return;
    }
    // Ours has minimised metrics negated from the start, so that higher is better everywhere.
    const sign = each.maximize ? 1 : -1;
    assertClose(prior.mean, sign * expected.prior_mean);
    assertClose(prior.variance, expected.prior_var);
    assert.equal(judged.length, expected.runs_used);
    assert.deepEqual(
      rows.map((row) => row.runSet.firstSeen),
      expected.rank,
    );
    for (const row of rows) assertRow(each, row, sign);
  });
}

test("run sets' estimates differ from the original exactly in the cases without variance", () => {
  const found = originalEvaluations
    .filter(({ expected }) => !expected.no_runs && expected.prior_var === 0)
    .map(({ id }) => id);
  assert.deepEqual(found, noVariance);
});

function assertRow(each: OriginalEvaluation, row: OriginallyRanked, sign: number): void {
  const number = row.runSet.firstSeen ?? -1;
  const set = each.expected.run_sets[number];
  assert.ok(set);
  const [runs, mean, stDev] = "runs" in set ? [set.runs, set.post_mean, set.post_st_dev] : set;
  assert.equal(row.runSet.completed, runs);
  if (noVariance.includes(each.id)) {
    assert.deepEqual([row.posterior.mean, row.posterior.stDev], [sign * each.expected.prior_mean, null]);
  } else {
    assertClose(row.posterior.mean, sign * mean);
    assertClose(row.posterior.stDev ?? Number.NaN, stDev);
  }
  if ("runs" in set) {
    assertClose(row.runSet.mean, sign * set.sample_mean);
    assertClose(row.runSet.sampleVariance, set.sample_var);
  }
  const led = each.expected.history.find((line) => line.run_set === number);
  // indexOf names the runs run1.1, run1.2, ... in end order, the golden file run1, run2, ...; raw runs have names of their own.
  if (led && !each.raw_runs) assert.equal(row.runSet.bestRun, led.best_run.replace("run", "run1."));
}
