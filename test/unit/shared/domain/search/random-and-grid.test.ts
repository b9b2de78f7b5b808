import assert from "node:assert/strict";
import { test } from "node:test";
import type { Configuration } from "../../../../../shared/domain/hyperparameter.ts";
import { workerIdFrom } from "../../../../../shared/domain/names.ts";
import { RunSetIndex } from "../../../../../shared/domain/run-sets/run-set.ts";
import { gridTurn } from "../../../../../shared/domain/search/grid.ts";
import { createSearch } from "../../../../../shared/domain/search/searches.ts";
import { spaceSize } from "../../../../../shared/domain/search/space.ts";
import { choiceRng } from "../../../../../shared/domain/seeds.ts";
import { ordered, tutorialHyperparameters, viewOf } from "../../../../support/stories/search.ts";

const dials = [ordered("a", [1, 2, 3]), ordered("one", [5]), ordered("b", ["x", "y"])];
const all = ["0 0 0", "0 0 1", "1 0 0", "1 0 1", "2 0 0", "2 0 1"];
const none = new RunSetIndex();

function choices(tuning: "grid" | "random" | false, count: number, excluded: readonly string[] = []) {
  const view = viewOf(dials, none, (configuration: Configuration) => excluded.includes(configuration.join(" ")));
  return Array.from({ length: count }, (_, i) => createSearch(tuning).choose(view, i + 1, choiceRng(1, i + 1)));
}
const keys = (chosen: ReturnType<typeof choices>) => chosen.map((choice) => choice?.configuration.join(" "));

test("grid tries every configuration once, the last hyperparameter fastest, then starts again", () => {
  assert.deepEqual(keys(choices("grid", 13)), [...all, ...all, "0 0 0"]);
});

test("grid: the reason names the place in the grid and the round", () => {
  const whys = choices("grid", 13).map((choice) => choice?.why);
  assert.equal(whys[0], "configuration 1 of the 6 of the grid");
  assert.equal(whys[5], "configuration 6 of the 6 of the grid");
  assert.equal(whys[6], "configuration 1 of the 6 of the grid, round 2 of it");
  assert.equal(whys[12], "configuration 1 of the 6 of the grid, round 3 of it");
});

test("grid: an excluded configuration gives its turn to the next; none is chosen if all are excluded", () => {
  const some = choices("grid", 6, ["0 0 1", "1 0 0", "2 0 1"]);
  assert.deepEqual(keys(some), ["0 0 0", "1 0 1", "1 0 1", "1 0 1", "2 0 0", "0 0 0"]);
  assert.equal(some[1]?.why, "configuration 2 of the 6 of the grid; it is excluded, so the next one that is not");
  assert.deepEqual(choices("grid", 2, all), [null, null]);
});

test("grid: turns far beyond the grid and grids far beyond 2^53 have their configurations", () => {
  assert.deepEqual(gridTurn(dials, 6_000_000_002), { configuration: [0, 0, 1], place: 2n, round: 1_000_000_001 });
  const large = Array.from({ length: 40 }, (_, i) => ordered(`h${i}`, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
  assert.equal(spaceSize(large), 10n ** 40n);
  const choice = createSearch("grid").choose(viewOf(large, none), 1_234_568, choiceRng(1, 1));
  assert.equal(choice?.configuration.join(""), "1234567".padStart(40, "0"));
  assert.equal(choice?.why, "configuration 1234568 of the about 10^40 of the grid");
});

test("random chooses every configuration about equally often, whatever was found", () => {
  const counts = new Map<string | undefined, number>();
  for (const key of keys(choices("random", 6000))) counts.set(key, (counts.get(key) ?? 0) + 1);
  assert.deepEqual([...counts.keys()].sort(), all);
  // Standard deviation 29; the seed is fixed.
  for (const [key, count] of counts) assert.ok(count > 880 && count < 1120, `${key}: ${count}`);
});

test("random finds the only configuration left, and says if none is", () => {
  const left = choices("random", 20, all.slice(1));
  assert.deepEqual(new Set(keys(left)), new Set(["0 0 0"]));
  const [excluded] = choices("random", 1, all);
  assert.equal(
    excluded?.why,
    "random search: every hyperparameter at random, although excluded, as all the others are",
  );
});

test("random: excluding a corner of a large space does not slow it down", () => {
  const view = viewOf(tutorialHyperparameters, none, (configuration) => configuration[0] === 0);
  for (let n = 1; n <= 200; n++) {
    const choice = createSearch("random").choose(view, n, choiceRng(4, n));
    assert.notEqual(choice?.configuration[0], 0);
  }
});

test("random gives up after 100,000 excluded configurations in a row", () => {
  let asked = 0;
  const view = viewOf(tutorialHyperparameters, none, () => {
    asked++;
    return true;
  });
  const choice = createSearch("random").choose(view, 1, choiceRng(1, 1));
  assert.match(choice?.why ?? "", /although excluded/);
  assert.ok(asked < 101_000, `${asked}`);
});

test("hp_tuning false: every run has the tuned values", () => {
  const tuned = [{ ...ordered("a", [1, 2, 3]), tuned: 2 }, ordered("b", ["x"])];
  const view = viewOf(tuned, none);
  for (let n = 1; n <= 3; n++) {
    const choice = createSearch(false).choose(view, n, choiceRng(1, n));
    assert.deepEqual(choice?.configuration, [1, 0]);
    assert.equal(choice?.why, "hp_tuning is false: the tuned values, as in every run of this job");
  }
});

test("hp_tuning false repeats values that fail, and says so", () => {
  const index = new RunSetIndex();
  for (const worker of ["ada", "ada", "bob"]) {
    index.started([0, 0, 0]);
    index.failed([0, 0, 0], workerIdFrom(worker));
  }
  const choice = createSearch(false).choose(viewOf(dials, index), 4, choiceRng(1, 4));
  assert.deepEqual(choice?.configuration, [0, 0, 0]);
  assert.match(choice?.why ?? "", /although it fails again and again$/);
});

test("an unknown hp_tuning is refused with the expected ones", () => {
  const unknown = "tpe" as "random"; // as from a job of a later version
  assert.throws(
    () => createSearch(unknown),
    /no search for hp_tuning tpe; expected dgd, bayesian, random, grid or false/,
  );
});
