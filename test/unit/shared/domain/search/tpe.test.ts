import assert from "node:assert/strict";
import { test } from "node:test";
import type { Configuration } from "../../../../../shared/domain/hyperparameter.ts";
import { childRunName, workerIdFrom } from "../../../../../shared/domain/names.ts";
import { rngFrom } from "../../../../../shared/domain/rng.ts";
import { RunSetIndex } from "../../../../../shared/domain/run-sets/run-set.ts";
import { goodAndBad } from "../../../../../shared/domain/search/good-and-bad.ts";
import { createSearch } from "../../../../../shared/domain/search/searches.ts";
import { tpeSearch } from "../../../../../shared/domain/search/tpe.ts";
import { choiceRng } from "../../../../../shared/domain/seeds.ts";
import { type Completion, indexOf, ordered, unordered, viewOf } from "../../../../support/stories/search.ts";

const dials = [
  ordered("lr", [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]),
  unordered("kind", ["a", "b", "c", "d"]),
  ordered("dead", [1, 2, 3, 4, 5, 6]),
];
const value = ([lr = 0, kind = 0]: Configuration): number => -Math.abs(lr - 5) + (kind === 2 ? 2 : 0);
const noise = rngFrom("tpe");
const luck = (): number => noise.uniform() + noise.uniform() + noise.uniform() - 1.5;

/** Runs at random, then choices that follow `hp_tuning`. */
function history(count: number, sigma = 1): RunSetIndex {
  const runs: Completion[] = Array.from({ length: count }, () => {
    const configuration = dials.map(({ values }) => noise.below(values.length));
    return [configuration, value(configuration) + sigma * luck()];
  });
  return indexOf(runs);
}

test("tpe is random until 20 runs have completed, and says so", () => {
  for (const runs of [0, 1, 19]) {
    const why = tpeSearch.choose(viewOf(dials, history(runs)), 40, choiceRng(1, 40))?.why ?? "";
    assert.match(why, runs === 0 ? /^nothing has completed yet/ : /^only (1 run|19 runs) completed yet/);
    assert.deepEqual(tpeSearch.plan?.(viewOf(dials, history(runs)), rngFrom(1), 5), []);
  }
});

test("tpe chooses where the good ones are, and says which values spoke for it", () => {
  const view = viewOf(dials, history(150));
  const choices = Array.from({ length: 100 }, (_, n) => tpeSearch.choose(view, n + 1, choiceRng(1, n + 1)));
  const near = choices.filter((choice) => Math.abs((choice?.configuration[0] ?? 0) - 5) <= 1).length;
  const kinds = choices.filter((choice) => choice?.configuration[1] === 2).length;
  assert.ok(near > 80, `${near} of 100 near the best lr`);
  assert.ok(kinds > 80, `${kinds} of 100 with the best kind`);
  const why = choices.find((choice) => choice?.configuration[1] === 2)?.why ?? "";
  assert.match(
    why,
    /^likelier among the best \d+ of \d+ configurations than among the others: .*kind c \(\d\.\d times\).*; (no runs|\d+ runs?) there/,
  );
});

test("a plan of tpe holds the choices of one look at the history, each of its own draws", () => {
  const plan = tpeSearch.plan?.(viewOf(dials, history(60)), rngFrom("plan"), 30) ?? [];
  assert.equal(plan.length, 30);
  assert.ok(new Set(plan.map(({ configuration }) => configuration.join())).size >= 2);
});

test("runs with the same settings tell tpe how much of a good result is luck", () => {
  const index = new RunSetIndex();
  let n = 0;
  const complete = (configuration: Configuration, ...values: number[]): void => {
    for (const hpmax of values) {
      index.started(configuration);
      index.completed(configuration, hpmax, childRunName(1, ++n));
    }
  };
  // Repeats differ by 4; five single runs were lucky, and one configuration was good ten times.
  for (let i = 0; i < 8; i += 1) complete([i, 0, 0], -4, 0, 4);
  complete([7, 1, 1], ...Array.from({ length: 10 }, (_, i) => 3 + (i % 3)));
  for (let i = 0; i < 5; i += 1) complete([i, 3, 3], 4.5);
  const [first] = goodAndBad(index, rngFrom(1), "leisure")?.good ?? [];
  assert.deepEqual(first, [7, 1, 1]);
});

test("tpe's good ones are the best fifth, 25 at most, and the others 200 at most, however many there are", () => {
  for (const [count, good] of [
    [10, 2],
    [60, 12],
    [3000, 25],
  ] as const) {
    const wide = [ordered("x", [...Array(100).keys()]), ordered("y", [...Array(100).keys()])];
    const index = indexOf(
      Array.from({ length: count }, (_, i): Completion => [[i % 100, Math.floor(i / 100)], (i * 7919) % count]),
    );
    const split = goodAndBad(index, rngFrom(1), "leisure");
    assert.equal(split?.good.length, good);
    assert.equal(split?.bad.length, Math.min(200, count - good));
    assert.equal(split?.among, count);
    const of = (configuration: Configuration): number => index.of(configuration)?.mean ?? Number.NaN;
    const means = split?.good.map(of) ?? [];
    assert.deepEqual(
      means,
      Array.from({ length: good }, (_, i) => count - 1 - i),
    );
    const bad = new Set(split?.bad.map(of));
    assert.ok(means.every((mean) => !bad.has(mean)));
    assert.equal(wide.length, 2);
  }
});

test("tpe imitates the few feasible configurations among thousands of infeasible ones and of failures", () => {
  const wide = ["x", "y"].map((name) => ordered(name, [...Array(100).keys()]));
  const corner = [0, 1, 2, 3, 4].map((x): Configuration => [x, 0]);
  const index = indexOf(corner.flatMap((each) => [1, 2, 3, 4, 5].map((hpmax): Completion => [each, hpmax])));
  for (let i = 0; i < 3000; i += 1) {
    const configuration = [40 + (i % 60), 40 + Math.floor(i / 60)];
    index.started(configuration);
    if (i % 3 === 0) index.failed(configuration, workerIdFrom("ada"));
    else index.completed(configuration, 9, childRunName(2, i + 1), false);
  }
  const view = viewOf(wide, index);
  const unplanned = Array.from({ length: 40 }, (_, n) => tpeSearch.choose(view, n + 1, choiceRng(1, n + 1)));
  for (const choices of [unplanned, tpeSearch.plan?.(view, rngFrom("plan"), 40) ?? []]) {
    const near = choices.filter((choice) => (choice?.configuration ?? [99]).every((position) => position < 30)).length;
    assert.ok(near >= 36, `${near} of ${choices.length} choices are near the feasible ones`);
  }
});

test("a diverged run does not decide which runs tpe takes for good", () => {
  for (const diverged of [-1e24, -1e140, -1e300]) {
    const index = history(100, 0.3);
    index.started([0, 0, 0]);
    index.completed([0, 0, 0], diverged, childRunName(9, 1));
    const good = goodAndBad(index, rngFrom(1), "leisure")?.good ?? [];
    const near = good.filter(([lr = 0, kind]) => Math.abs(lr - 5) <= 2 || kind === 2).length;
    assert.ok(near >= 0.8 * good.length, `${near} of ${good.length} after ${diverged}`);
  }
});

test("tpe finds more than random search", () => {
  const regretOf = (tuning: "random" | "bayesian", seed: number): number => {
    const index = new RunSetIndex();
    const view = viewOf(dials, index);
    const rng = rngFrom(`luck ${seed}`);
    for (let n = 1; n <= 80; n += 1) {
      const { configuration } = createSearch(tuning).choose(view, n, choiceRng(seed, n)) ?? { configuration: [] };
      index.started(configuration);
      index.completed(configuration, value(configuration) + 3 * (rng.uniform() - 0.5), childRunName(1, n));
    }
    const best = view.model.now?.best.runSet.configuration ?? [];
    return 2 - value(best);
  };
  const mean = (tuning: "random" | "bayesian"): number =>
    [1, 2, 3, 4, 5, 6, 7, 8].reduce((sum, seed) => sum + regretOf(tuning, seed) / 8, 0);
  const [random, bayesian] = [mean("random"), mean("bayesian")];
  assert.ok(bayesian < 0.5 * random || bayesian < 0.15, `regret ${bayesian}, at random ${random}`);
});
