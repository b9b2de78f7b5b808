import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { childRunName, workerIdFrom } from "../../../../../shared/domain/names.ts";
import { lowerBound, posteriorOf } from "../../../../../shared/domain/run-sets/posterior.ts";
import { RunSetIndex } from "../../../../../shared/domain/run-sets/run-set.ts";
import { type Standing, standings } from "../../../../../shared/domain/run-sets/standings.ts";
import {
  assertClose,
  completedRuns,
  type OriginalEvaluation,
  originalEvaluations,
} from "../../../../support/stories/original-evaluations.ts";
import { type Completion, indexOf, ordered } from "../../../../support/stories/search.ts";

/** Where all runs are equal the original says 0 +- 0; ours the prior mean, and that nothing is known of the spread. */
const noVariance = ["one-run", "two-equal", "all-equal", "minimise-positive"];

for (const each of originalEvaluations) {
  test(`the standings equal those of the original evaluation: ${each.id}`, () => {
    const { expected } = each;
    const hyperparameters = each.hyperparameters.map(({ name, values }) => ordered(name, values));
    const all = completedRuns(each, hyperparameters).map(
      ({ configuration, hpmax }): Completion => [configuration, hpmax],
    );
    const judged = each.max_runs > 0 ? all.slice(0, each.max_runs) : all;
    const index = indexOf(judged);
    const { prior } = indexOf(all);
    const rows = standings(index, hyperparameters, { prior });
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
    assert.deepEqual(
      rows.map((row) => row.rank),
      expected.rank.map((_, i) => i + 1),
    );
    for (const row of rows) assertRow(each, row, sign);
  });
}

test("the standings differ from the original exactly in the cases without variance", () => {
  const found = originalEvaluations
    .filter(({ expected }) => !expected.no_runs && expected.prior_var === 0)
    .map(({ id }) => id);
  assert.deepEqual(found, noVariance);
});

function assertRow(each: OriginalEvaluation, row: Standing, sign: number): void {
  const number = row.runSet.firstSeen ?? -1;
  const set = each.expected.run_sets[number];
  assert.ok(set);
  const [runs, mean, stDev] = "runs" in set ? [set.runs, set.post_mean, set.post_st_dev] : set;
  assert.equal(row.completed, runs);
  if (noVariance.includes(each.id)) {
    assert.deepEqual([row.estimate, row.stDev], [sign * each.expected.prior_mean, null]);
  } else {
    assertClose(row.estimate, sign * mean);
    assertClose(row.stDev ?? Number.NaN, stDev);
  }
  if ("runs" in set) {
    assert.deepEqual(row.settings, set.values);
    assertClose(row.runSet.mean, sign * set.sample_mean);
    assertClose(row.runSet.sampleVariance, set.sample_var);
  }
  const led = each.expected.history.find((line) => line.run_set === number);
  // indexOf names the runs run1.1, run1.2, ... in end order, the golden file run1, run2, ...; raw runs have names of their own.
  if (led && !each.raw_runs) assert.equal(row.bestRun, led.best_run.replace("run", "run1."));
}

const dials = [ordered("a", [1, 2, 3, 4, 5, 6, 7, 8]), ordered("b", ["x", "y", "z"])];
const run: fc.Arbitrary<Completion> = fc.tuple(fc.tuple(fc.nat(7), fc.nat(2)), fc.integer({ min: 0, max: 3 }));

/** The runs started in reverse of the order in which they completed, so that the oldest run sets come last in the index. */
function startedInReverse(runs: readonly Completion[]): RunSetIndex {
  const index = new RunSetIndex();
  for (const [configuration] of runs.toReversed()) index.started(configuration);
  runs.forEach(([configuration, hpmax], i) => {
    index.completed(configuration, hpmax, childRunName(1, i + 1));
  });
  return index;
}

test("the top k standings are the first k of all standings, for any k", () => {
  fc.assert(
    fc.property(fc.array(run, { maxLength: 80, size: "max" }), fc.nat(30), (runs, top) => {
      const keys = (rows: Standing[]) => rows.map((row) => `${row.rank} ${row.runSet.key}`);
      for (const index of [indexOf(runs), startedInReverse(runs)]) {
        const all = standings(index, dials);
        assert.equal(all.length, index.size);
        assert.deepEqual(keys(standings(index, dials, { top })), keys(all).slice(0, top));
      }
    }),
  );
});

test("standings are ordered by lower bound, and of equals the older is first", () => {
  fc.assert(
    fc.property(fc.array(run, { maxLength: 80, size: "max" }), (runs) => {
      const index = indexOf(runs);
      const rows = standings(index, dials).map(({ runSet }) => {
        return { bound: lowerBound(posteriorOf(runSet, index.prior)), firstSeen: runSet.firstSeen ?? -1 };
      });
      rows.slice(1).forEach((row, i) => {
        const above = rows[i];
        assert.ok(above);
        assert.ok(above.bound > row.bound || (above.bound === row.bound && above.firstSeen < row.firstSeen));
      });
    }),
  );
});

test("a standing has everything that is shown of a run set", () => {
  const index = indexOf([
    [[1, 2], 0.25],
    [[0, 0], 0.5],
    [[1, 2], 0.75],
    [[1, 2], 0.75],
  ]);
  index.started([1, 2]);
  const row = standings(index, dials).find((each) => each.runSet.key === "1.2");
  assert.ok(row);
  const { runSet, estimate, stDev, ...rest } = row;
  assert.equal(runSet.mean, 1.75 / 3);
  assert.ok(estimate > 0.5 && estimate < 1.75 / 3);
  assert.ok(stDev !== null && stDev > 0);
  assert.deepEqual(rest, {
    rank: 1,
    completed: 3,
    inFlight: 1,
    bestRun: "run1.3",
    bestHpmax: 0.75,
    settings: [2, "z"],
  });
});

test("run sets without a completed run are not ranked", () => {
  const index = indexOf([[[0, 0], 0.5]]);
  index.started([1, 1]);
  index.started([2, 2]);
  index.failed([2, 2], workerIdFrom("ada"));
  assert.deepEqual(
    standings(index, dials).map((row) => row.runSet.key),
    ["0.0"],
  );
});
