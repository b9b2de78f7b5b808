import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { verdictLines } from "../../../../../coordinator/words/verdict-text.ts";
import { searchHistory } from "../../../../../shared/domain/evaluation/history.ts";
import { believe } from "../../../../../shared/domain/evaluation/truth.ts";
import { type Verdict, verdictOf } from "../../../../../shared/domain/evaluation/verdict.ts";
import { maximised } from "../../../../../shared/domain/goal.ts";
import type { Hyperparameter } from "../../../../../shared/domain/hyperparameter.ts";
import { SearchModel } from "../../../../../shared/domain/model/search-model.ts";
import { childRunName } from "../../../../../shared/domain/names.ts";
import { type CompletedRun, inColumns } from "../../../../support/stories/completed-runs.ts";
import { originallyRanked } from "../../../../support/stories/original-ranking.ts";
import { indexOf, ordered } from "../../../../support/stories/search.ts";
import { bestMeasured, scenarios, simulate } from "../../../../support/stories/simulated-searches.ts";

const dials = [ordered("a", [1, 2, 3, 4, 5, 6, 7, 8]), ordered("b", ["x", "y", "z"])];

const completedAs = (runs: readonly (readonly [configuration: readonly number[], hpmax: number])[]): CompletedRun[] =>
  runs.map(([configuration, hpmax], i) => ({ configuration, hpmax, run: childRunName(1, i + 1) }));

function verdictFor(runs: readonly CompletedRun[], hyperparameters = dials): Verdict {
  const verdict = verdictOf(inColumns(runs), modelFor(runs), hyperparameters, { draws: 300 });
  assert.ok(verdict);
  return verdict;
}

const modelFor = (runs: readonly CompletedRun[], hyperparameters: readonly Hyperparameter[] = dials): SearchModel =>
  new SearchModel(hyperparameters, indexOf(runs.map(({ configuration, hpmax }) => [configuration, hpmax])));

test("a search's history ends with the leader by the original's estimate, and its rows cover the search", () => {
  const run = fc.tuple(fc.tuple(fc.nat(7), fc.nat(2)), fc.integer({ min: 0, max: 5 }));
  fc.assert(
    fc.property(fc.array(run, { minLength: 1, maxLength: 80, size: "max" }), (runs) => {
      const { rows, completed } = searchHistory(inColumns(completedAs(runs)), dials);
      const [first] = originallyRanked(indexOf(runs));
      const last = rows.at(-1);
      assert.ok(first && last);
      assert.deepEqual(
        [last.key, last.estHpmax, last.sd, last.runs, last.bestRun, last.bestHpmax],
        [
          first.runSet.key,
          ...[first.posterior.mean, first.posterior.stDev],
          ...[first.runSet.completed, first.runSet.bestRun, first.runSet.bestHpmax],
        ],
      );
      assert.equal(
        rows.reduce((sum, { bestFor }) => sum + bestFor, 0),
        completed,
      );
      rows.forEach((row, i) => {
        assert.ok(row.bestFor > 0);
        assert.equal(row.ended, 1 + rows.slice(0, i).reduce((sum, { bestFor }) => sum + bestFor, 0));
        if (i > 0) assert.notEqual(row.key, rows[i - 1]?.key);
      });
    }),
  );
});

/** How many searches of each kind are simulated: those that plan by the model cost most. */
const chosen: Readonly<Record<string, number>> = {
  "real surface, DGD, 60 runs": 8,
  "hill, noise 0.3, DGD, 200 runs": 4,
  "hill, noise 0.3, random, 200 runs": 12,
  "hill, good ones noisier, random, 200 runs": 12,
  "3 configurations, noise 0.5, DGD, 12 runs": 24,
  "8 configurations, noise 1, DGD, 40 runs": 24,
};

test("90% intervals of the best hold in about 90% of searches, and the chance of a better one is right", () => {
  const results = Object.entries(chosen).flatMap(([name, seeds]) => {
    const scenario = scenarios.find((each) => each.name === name);
    assert.ok(scenario, name);
    return Array.from({ length: seeds }, (_, i) => {
      const { surface, completed, verdict } = simulate(scenario, i + 1, 150);
      const truth = surface.truth(verdict.leader);
      const isHeld = truth >= verdict.interval.low && truth <= verdict.interval.high;
      return { isHeld, isBetter: bestMeasured(surface, completed) > truth, chance: verdict.chanceOfBetter };
    });
  });
  const share = (value: (result: (typeof results)[number]) => boolean | number): number =>
    results.reduce((sum, result) => sum + Number(value(result)), 0) / results.length;
  const held = share(({ isHeld }) => isHeld);
  // Two standard errors of 84 searches; more of them: npm run bench -- evaluation.
  assert.ok(held >= 0.83 && held <= 0.97, `${held}`);
  const [said, seen] = [share(({ chance }) => chance), share(({ isBetter }) => isBetter)];
  assert.ok(Math.abs(said - seen) < 0.1, `${said}, ${seen}`);
});

test("the same runs and seed give the same verdict, and another seed moves it within its own error", () => {
  const scenario = scenarios.find(({ name }) => name === "8 configurations, noise 1, DGD, 40 runs");
  assert.ok(scenario);
  const { completed, surface } = simulate(scenario, 3, 10);
  const model = modelFor(completed, surface.hyperparameters);
  const [one, again, other] = ["a", "a", "b"].map((seed) =>
    verdictOf(inColumns(completed), model, surface.hyperparameters, { seed }),
  );
  assert.deepEqual(one, again);
  assert.ok(one && other);
  assert.notEqual(one.estimate, other.estimate);
  assert.ok(Math.abs(one.chanceOfBetter - other.chanceOfBetter) < 0.1);
  assert.ok(Math.abs(one.estimate - other.estimate) < 0.2 * one.noise);
});

test("a search with a clear winner and measured neighbours may stop, and the text says so", () => {
  const spread = [-0.02, -0.01, 0, 0.01, 0.02, 0];
  const set = (configuration: readonly number[], mean: number) =>
    spread.map((off): readonly [readonly number[], number] => [configuration, mean + off]);
  const runs = completedAs([
    ...set([3, 0], 0.4),
    ...set([2, 1], 0.3),
    ...set([4, 1], 0.35),
    ...set([3, 2], 0.2),
    ...set([3, 1], 0.9),
  ]);
  const verdict = verdictFor(runs);
  assert.deepEqual(verdict.doubts, []);
  assert.deepEqual([verdict.bestFor, verdict.neighbours], [1, { all: 4, measured: 4 }]);
  assert.ok(verdict.interval.low > 0.85 && verdict.interval.high < 0.95);
  assert.equal(
    verdictLines(verdict, dials, maximised)[0],
    "best for the last 1 of 30 runs; chance that another configuration is truly better: below 1%; stopping now is reasonable",
  );
  const one = { ...verdict, doubts: ["neighbours"] as const, neighbours: { all: 8, measured: 7 } };
  assert.match(verdictLines(one, dials, maximised)[0] ?? "", /go on: 1 of its 8 neighbours has no completed run$/);
  assert.match(verdictLines(verdict, dials, maximised)[1] ?? "", /^the best: a=4 b=y \(6 runs\)$/);
});

test("an evaluation names every reason against stopping", () => {
  const once = verdictFor(
    completedAs([
      [[0, 0], 0.1],
      [[1, 1], 0.5],
      [[2, 2], 0.3],
    ]),
  );
  assert.deepEqual(once.doubts.slice(0, 2), ["no repeats", "neighbours"]);
  assert.match(
    verdictLines(once, dials, maximised)[0] ?? "",
    /go on: no configuration was run twice, .*; \d of its \d neighbours/,
  );
  const twice = verdictFor(
    completedAs([
      [[0, 0], 0.1],
      [[0, 0], 0.12],
      [[1, 1], 0.5],
      [[1, 1], 0.52],
    ]),
  );
  assert.ok(twice.doubts.includes("few runs"));
  assert.match(verdictLines(twice, dials, maximised)[0] ?? "", /the best was run twice only/);
});

test("collapsed runs count as a risk of the leader even if it was spared", () => {
  const noise = [-0.02, -0.01, 0, 0.01, 0.02, 0];
  const set = (configuration: readonly number[], mean: number, fallen: readonly number[] = []) => [
    ...noise.map((off): readonly [readonly number[], number] => [configuration, mean + off]),
    ...fallen.map((hpmax): readonly [readonly number[], number] => [configuration, hpmax]),
  ];
  const like = [...set([2, 1], 0.48), ...set([4, 1], 0.47), ...set([3, 0], 0.2), ...set([3, 2], 0.1)];
  const spared = verdictFor(completedAs([...like, ...set([3, 1], 0.5)]));
  const once = [...set([2, 1], 0.48, [0.01]), ...set([4, 1], 0.47, [-1e300]), ...set([3, 0], 0.2), ...set([3, 2], 0.1)];
  const warned = verdictFor(
    completedAs([
      ...once.slice(0, 6),
      ...once.slice(7, 13),
      ...once.slice(14),
      ...set([3, 1], 0.5),
      ...once.slice(6, 7),
    ]),
  );
  assert.equal(spared.collapses, null);
  assert.deepEqual([warned.collapses?.collapsed, warned.collapses?.among], [1, 19]);
  assert.ok(warned.estimate < spared.estimate - 0.01, `${warned.estimate}, ${spared.estimate}`);
  assert.match(
    verdictLines(warned, dials, maximised).join("\n"),
    /\n1 of 19 runs of configurations like it reached far less/,
  );
  const diverged = verdictFor(completedAs([...once, ...set([3, 1], 0.5)]));
  assert.equal(diverged.collapses?.collapsed, 2);
  assert.ok(Number.isFinite(diverged.estimate));
});

test("nothing is estimated if all runs have the same hpmax", () => {
  const verdict = verdictFor(
    completedAs([
      [[0, 0], 0.25],
      [[1, 1], 0.25],
      [[1, 1], 0.25],
    ]),
  );
  assert.deepEqual([verdict.isFlat, verdict.interval], [true, { low: 0.25, high: 0.25 }]);
  assert.match(verdictLines(verdict, dials, maximised)[0] ?? "", /nothing distinguishes it from the others/);
  assert.equal(verdictLines(verdict, dials, maximised)[2], "all runs reached the same hpmax, 0.25");
});

test("any finite values give finite beliefs, in which the interval holds the estimate", () => {
  const value = fc.oneof(
    fc.double({ min: -1, max: 1, noNaN: true }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  );
  const run = fc.tuple(fc.tuple(fc.nat(3), fc.nat(2)), value);
  fc.assert(
    fc.property(fc.array(run, { minLength: 1, maxLength: 12 }), (runs) => {
      const verdict = verdictOf(inColumns(completedAs(runs)), modelFor(completedAs(runs)), dials, { draws: 20 });
      assert.ok(verdict);
      const { estimate, interval, chanceOfBetter, expectedGain } = verdict;
      for (const number of [estimate, interval.low, interval.high, expectedGain]) assert.ok(Number.isFinite(number));
      assert.ok(interval.low <= interval.high);
      assert.ok(chanceOfBetter >= 0 && chanceOfBetter <= 1 && expectedGain >= 0);
    }),
    { numRuns: 60 },
  );
});

test("shifting and scaling the runs shifts and scales the beliefs", () => {
  const means = Float64Array.of(3, 1, 4, 1, 5, 9, 2, 6);
  const { length } = means;
  const runs = Int32Array.from(means, (_, i) => 1 + (i % 3));
  const squares = Float64Array.from(means, (_, i) => i % 3);
  const repeats = { means: [3, 1, 4], values: new Set(means), measured: 3, differ: true };
  const plain = believe({ length, runs, means, squares, repeats }, 5, { draws: 200 });
  const moved = {
    ...{ length, runs, repeats },
    means: means.map((mean) => 100 + 0.5 * mean),
    squares: squares.map((each) => 0.25 * each),
  };
  const other = believe(moved, 5, { draws: 200 });
  assert.ok(Math.abs(other.estimate - (100 + 0.5 * plain.estimate)) < 1e-6);
  assert.ok(Math.abs(other.interval.low - (100 + 0.5 * plain.interval.low)) < 1e-6);
  assert.equal(other.chanceOfBetter, plain.chanceOfBetter);
});

test("a diverged run of -1e300 does not distort the estimates of the others", () => {
  const normal = completedAs([
    [[0, 0], 0.5],
    [[0, 0], 0.52],
    [[0, 0], 0.51],
    [[1, 0], 0.4],
    [[1, 0], 0.41],
    [[2, 0], 0.3],
  ]);
  const verdict = verdictFor([...normal, ...completedAs([[[7, 2], -1e300]])]);
  assert.deepEqual(verdict.leader, [0, 0]);
  assert.ok(verdict.interval.low > 0.4 && verdict.interval.high < 0.6, JSON.stringify(verdict.interval));
});
