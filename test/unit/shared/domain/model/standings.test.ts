import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SearchModel } from "../../../../../shared/domain/model/search-model.ts";
import { type Standing, type StandingsOptions, standings } from "../../../../../shared/domain/model/standings.ts";
import { childRunName, workerIdFrom } from "../../../../../shared/domain/names.ts";
import { rngFrom } from "../../../../../shared/domain/rng.ts";
import { RunSetIndex, type RunSets } from "../../../../../shared/domain/run-sets/run-set.ts";
import { type Completion, indexOf, ordered } from "../../../../support/stories/search.ts";

const dials = [ordered("a", [1, 2, 3, 4, 5, 6, 7, 8]), ordered("b", ["x", "y", "z"])];
const run: fc.Arbitrary<Completion> = fc.tuple(fc.tuple(fc.nat(7), fc.nat(2)), fc.integer({ min: 0, max: 3 }));

const rankedNow = (runSets: RunSets, options?: StandingsOptions): Standing[] =>
  standings(runSets.best() === null ? null : new SearchModel(dials, runSets), runSets, options);

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
        const all = rankedNow(index);
        assert.equal(all.length, index.size);
        assert.deepEqual(keys(rankedNow(index, { top })), keys(all).slice(0, top));
      }
    }),
  );
});

test("the model's best stands first, and its other run sets follow in its order", () => {
  fc.assert(
    fc.property(fc.array(run, { minLength: 1, maxLength: 80, size: "max" }), (runs) => {
      const index = indexOf(runs);
      const model = new SearchModel(dials, index);
      const rows = standings(model, index).map(({ runSet }) => runSet.key);
      assert.equal(rows[0], model.best.runSet.key);
      const members = model.ranked.map(({ runSet }) => runSet.key);
      assert.deepEqual(
        rows.filter((key) => members.includes(key)),
        members,
      );
    }),
  );
});

test("standings of many run sets follow their bounds, in the model or beyond it, the truly best ahead", () => {
  const wide = [ordered("a", [...Array(40).keys()]), ordered("b", [...Array(40).keys()])];
  const rng = rngFrom("many run sets");
  const height = (a: number, b: number): number => -((a - 25) ** 2 + (b - 12) ** 2) / 500;
  const index = indexOf(
    Array.from({ length: 1500 }, (): Completion => {
      const [a, b] = [rng.below(40), rng.below(40)];
      return [[a, b], height(a, b) + 0.1 * rng.uniform()];
    }),
  );
  const model = new SearchModel(wide, index);
  assert.ok(index.size > 700 && model.ranked.length === 120);
  const rows = standings(model, index);
  assert.equal(rows.length, index.size);
  assert.equal(new Set(rows.map(({ runSet }) => runSet.number)).size, index.size);
  const [first, ...others] = rows;
  assert.equal(first?.runSet.number, model.best.runSet.number);
  const bound = ({ runSet }: Standing): number =>
    model.ranked.find((each) => each.runSet.number === runSet.number)?.bound ?? model.pooledBound(runSet);
  others.slice(1).forEach((row, i) => {
    assert.ok(bound(row) <= bound(others[i] ?? row));
  });
  // The truly best ones are near (25, 12), and so are those that lead.
  for (const { runSet } of rows.slice(0, 10)) {
    const [a = 0, b = 0] = runSet.configuration;
    assert.ok(height(a, b) > -0.1, `${a}, ${b}`);
  }
});

test("a standing has everything that is shown of a run set", () => {
  const index = indexOf([
    [[1, 2], 0.25],
    [[0, 0], 0.5],
    [[1, 2], 0.75],
    [[1, 2], 0.75],
  ]);
  index.started([1, 2]);
  const row = rankedNow(index).find((each) => each.runSet.key === "1.2");
  assert.ok(row);
  const { runSet, estimate, stDev, cautious, ...rest } = row;
  assert.equal(runSet.mean, 1.75 / 3);
  assert.ok(estimate > 0.5 && estimate < 0.65);
  assert.ok(stDev !== null && stDev > 0);
  assert.ok(cautious !== null && cautious < estimate - stDev);
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
    rankedNow(index).map((row) => row.runSet.key),
    ["0.0"],
  );
});
