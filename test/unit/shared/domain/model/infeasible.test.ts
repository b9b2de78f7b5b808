import assert from "node:assert/strict";
import { test } from "node:test";
import { SearchModel } from "../../../../../shared/domain/model/search-model.ts";
import { childRunName } from "../../../../../shared/domain/names.ts";
import { rngFrom } from "../../../../../shared/domain/rng.ts";
import { RunSetIndex } from "../../../../../shared/domain/run-sets/run-set.ts";
import { createSearch } from "../../../../../shared/domain/search/searches.ts";
import { choiceRng, planRng } from "../../../../../shared/domain/seeds.ts";
import { indexOf, ordered, viewOf } from "../../../../support/stories/search.ts";

const dials = [ordered("a", [...Array(9).keys()]), ordered("b", [...Array(9).keys()])];

/** hpmax rises with a; where a is above `limit`, a run is infeasible. */
function risingUntil(limit: number, runs = 120): RunSetIndex {
  const rng = rngFrom("rising");
  const index = new RunSetIndex();
  for (let n = 1; n <= runs; n += 1) {
    const [a, b] = [rng.below(9), rng.below(9)];
    index.started([a, b]);
    index.completed([a, b], 0.1 * a + 0.02 * rng.uniform(), childRunName(1, n), a <= limit);
  }
  return index;
}

test("the model never recommends an infeasible configuration, and expects little where runs are infeasible", () => {
  const model = new SearchModel(dials, risingUntil(4));
  assert.equal(model.best.runSet.configuration[0], 4);
  assert.ok(model.ranked.every(({ runSet }) => runSet.isFeasible));
  assert.ok(model.expected([8, 4]).hpmax < model.expected([4, 4]).hpmax - 0.1);
  const free = new SearchModel(dials, risingUntil(8));
  assert.equal(free.best.runSet.configuration[0], 8);
});

test("the best of two feasible configurations leads, however many infeasible ones there are", () => {
  const wide = ["a", "b"].map((name) => ordered(name, [...Array(60).keys()]));
  const index = indexOf([
    [[50, 50], 1],
    [[10, 55], 0.5],
  ]);
  const learned = new SearchModel(wide, index).learned(undefined, 0);
  for (let i = 0; i < 1800; i += 1) {
    const configuration = [i % 60, Math.floor(i / 60)];
    index.started(configuration);
    index.completed(configuration, 9, childRunName(2, i + 1), false);
    if (i < 600 || i % 20 !== 0) continue;
    assert.equal(new SearchModel(wide, index, learned).best.runSet.mean, 1, `after ${i + 1} infeasible runs`);
  }
});

for (const tuning of ["dgd", "bayesian"] as const) {
  test(`${tuning} leaves the region where runs are infeasible`, () => {
    const index = risingUntil(4);
    const search = createSearch(tuning, { dgd: { rule: "model", countInFlight: true } });
    const view = viewOf(dials, index);
    const planned = search.plan?.(view, planRng(1, 120), 40) ?? [];
    const chosen =
      planned.length > 0
        ? planned
        : Array.from({ length: 40 }, (_, n) => search.choose(view, n + 1, choiceRng(1, n + 1)));
    const inside = chosen.filter((choice) => (choice?.configuration[0] ?? 9) <= 4).length;
    assert.ok(inside >= 0.7 * chosen.length, `${inside} of ${chosen.length} choices are where runs are feasible`);
  });
}
