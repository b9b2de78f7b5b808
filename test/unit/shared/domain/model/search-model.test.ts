import assert from "node:assert/strict";
import { test } from "node:test";
import type { Configuration } from "../../../../../shared/domain/hyperparameter.ts";
import { CurrentModel } from "../../../../../shared/domain/model/current-model.ts";
import { SearchModel } from "../../../../../shared/domain/model/search-model.ts";
import { standings } from "../../../../../shared/domain/model/standings.ts";
import { childRunName, workerIdFrom } from "../../../../../shared/domain/names.ts";
import { rngFrom } from "../../../../../shared/domain/rng.ts";
import { RunSetIndex } from "../../../../../shared/domain/run-sets/run-set.ts";
import { normals } from "../../../../../shared/domain/search/draws.ts";
import { type Completion, indexOf, ordered } from "../../../../support/stories/search.ts";

const dials = ["lr", "units"].map((name) => ordered(name, [...Array(9).keys()]));
/** Highest at [5, 3]: 1. */
const height = ([a = 0, b = 0]: Configuration): number => 1 - 0.02 * (a - 5) ** 2 - 0.03 * (b - 3) ** 2;

/** Runs at random places, with normal noise. */
function noisy(runs: number, seed: string, noise = 0.1): Completion[] {
  const rng = rngFrom(seed);
  const normal = normals(rng);
  return Array.from({ length: runs }, () => {
    const place = dials.map(() => rng.below(9));
    return [place, height(place) + noise * normal()] as const;
  });
}

test("the model's best is truly good, and its estimate honest, where single runs mislead", () => {
  const bests = Array.from({ length: 20 }, (_, seed) => {
    const index = indexOf(noisy(120, `noisy ${seed}`));
    const { best } = new SearchModel(dials, index);
    return {
      truth: height(best.runSet.configuration),
      estimate: best.hpmax,
      plain: height(index.best()?.configuration ?? []),
    };
  });
  const mean = (of: (each: (typeof bests)[number]) => number): number =>
    bests.reduce((sum, each) => sum + of(each), 0) / bests.length;
  assert.ok(mean(({ truth }) => truth) > 0.96, `true value ${mean(({ truth }) => truth)}`);
  assert.ok(mean(({ truth }) => truth) > mean(({ plain }) => plain), "no better than the highest mean");
  const bias = mean(({ estimate, truth }) => estimate - truth);
  assert.ok(Math.abs(bias) < 0.03, `estimate - truth ${bias}`);
});

test("where nothing is luck, the best is the highest result, and its estimate is that result", () => {
  const rough = (place: Configuration): number => height(place) + 0.2 * rngFrom(`rough ${place}`).uniform();
  const all = Array.from({ length: 81 }, (_, i): Configuration => [i % 9, Math.floor(i / 9)]);
  for (let seed = 0; seed < 20; seed++) {
    const runs = noisy(60, `rough ${seed}`, 0).map(([place]): Completion => [place, rough(place)]);
    const highest = Math.max(...runs.map(([, hpmax]) => hpmax));
    const next = all.find((place) => runs.every(([other]) => other.join() !== place.join())) ?? [];
    // Nearly as good, and run three times.
    const index = indexOf([...runs, ...[1, 2, 3].map((): Completion => [next, highest - 0.001])]);
    const { best } = new SearchModel(dials, index);
    assert.deepEqual(best.runSet.configuration, index.best()?.configuration);
    assert.equal(best.hpmax, highest);
    assert.equal(best.stDev, 0);
  }
});

test("where nothing is luck, run sets that the model does not rest on rank by their results too", () => {
  const many = ["a", "b"].map((name) => ordered(name, [...Array(20).keys()]));
  // Every other configuration runs three times.
  const index = indexOf(
    Array.from({ length: 400 }, (_, i): Completion[] => {
      const run: Completion = [[i % 20, Math.floor(i / 20)], (i * 7919) % 400];
      return i % 2 === 0 ? [run] : [run, run, run];
    }).flat(),
  );
  const model = new SearchModel(many, index);
  assert.equal(model.members.length, 120);
  const rows = standings(model, index);
  assert.deepEqual(
    rows.map(({ runSet }) => runSet.mean),
    Array.from({ length: 400 }, (_, i) => 399 - i),
  );
});

test("of more run sets than the model rests on, the luckiest do not raise what it expects", () => {
  const three = ["a", "b", "c"].map((name) => ordered(name, [...Array(9).keys()]));
  const truth = ([a = 0, b = 0, c = 0]: Configuration): number => height([a, b]) - 0.01 * (c - 6) ** 2;
  const searches = 12;
  let bias = 0;
  for (let search = 0; search < searches; search++) {
    const rng = rngFrom(`many ${search}`);
    const normal = normals(rng);
    const runs = Array.from({ length: 300 }, (): Completion => {
      const place = three.map(() => rng.below(9));
      return [place, truth(place) + 0.4 * normal()];
    });
    const { best } = new SearchModel(three, indexOf(runs));
    bias += (best.hpmax - truth(best.runSet.configuration)) / searches;
  }
  // A model of the 60 highest single runs and 60 others overestimates by 0.14.
  assert.ok(Math.abs(bias) < 0.06, `estimate - truth ${bias}`);
});

test("runs in flight do not change which run sets the model rests on, however many there are", () => {
  const many = ["a", "b"].map((name) => ordered(name, [...Array(60).keys()]));
  const rng = rngFrom("many");
  const index = indexOf(Array.from({ length: 2000 }, () => [[rng.below(60), rng.below(59)], rng.uniform()] as const));
  const members = (): number[] => new SearchModel(many, index).members.map(({ runSet }) => runSet.number);
  const before = members();
  for (let i = 0; i < 7; i += 1) index.started([i, 59]);
  assert.deepEqual(members(), before);
});

test("a diverged run changes nothing in the model but the standing of its own configuration", () => {
  for (const value of [-1e24, -1e300, -50]) {
    const runs = noisy(120, "diverged");
    const { best } = new SearchModel(dials, indexOf(runs));
    const worst: Completion = [[0, 8], value];
    const after = new SearchModel(dials, indexOf([...runs, worst]));
    assert.deepEqual(after.best.runSet.configuration, best.runSet.configuration);
    assert.ok(Math.abs(after.best.hpmax - best.hpmax) < 0.05, `${best.hpmax} -> ${after.best.hpmax}`);
    assert.ok(after.best.stDev > 0 && after.best.stDev < 0.2);
  }
});

test("the model of the same search in other units has the same best, scaled", () => {
  for (const [factor, shift] of [
    [1e-100, 0],
    [1e100, 0],
    [1, 1e6],
    [-1e-3, 0],
  ] as const) {
    const runs = noisy(60, "units").map(([place, value]) => [place, Math.sign(factor) * value] as const);
    const model = new SearchModel(dials, indexOf(runs));
    const scaled = new SearchModel(
      dials,
      indexOf(runs.map(([place, value]) => [place, Math.abs(factor) * value + shift] as const)),
    );
    assert.deepEqual(scaled.best.runSet.configuration, model.best.runSet.configuration);
    const back = (scaled.best.hpmax - shift) / Math.abs(factor);
    assert.ok(Math.abs(back - model.best.hpmax) < 1e-4, `${back} instead of ${model.best.hpmax}`);
  }
});

test("the model of one run, equal runs or one configuration gives finite numbers", () => {
  const stories: Completion[][] = [
    [[[1, 1], 5]],
    Array.from({ length: 30 }, (_, i) => [[i % 9, i % 5], 7] as const),
    Array.from({ length: 30 }, (_, i) => [[2, 2], i % 3] as const),
    [
      [[1, 1], 1e300],
      [[2, 1], -1e300],
    ],
  ];
  for (const story of stories) {
    const { best } = new SearchModel(dials, indexOf(story));
    assert.ok(Number.isFinite(best.hpmax) && Number.isFinite(best.stDev), `${best.hpmax} +- ${best.stDev}`);
  }
});

test("the model takes runs of one configuration to be as uncertain as their spread says, in any unit", () => {
  for (const unit of [1, 0.001]) {
    for (const runs of [4, 20]) {
      const story = Array.from({ length: runs }, (_, i) => [[2, 2], unit * (i % 2 === 0 ? 0.9 : 1.1)] as const);
      const { stDev } = new SearchModel(dials, indexOf(story)).best;
      const expected = (0.1 * unit) / Math.sqrt(runs);
      assert.ok(
        stDev > 0.7 * expected && stDev < 1.5 * expected,
        `${stDev} after ${runs} runs, expected about ${expected}`,
      );
    }
  }
});

test("predicted ends of pruned runs raise what the model expects, never its best; failures lower it", () => {
  const index = indexOf(noisy(60, "evidence").filter(([[a = 0, b = 0]]) => a < 7 || b < 7));
  const before = new SearchModel(dials, index);
  for (const place of [
    [8, 8],
    [8, 7],
    [7, 8],
  ] as const) {
    index.started(place);
    index.endedOtherwise(place);
    index.predicted(place, { hpmax: 5, weight: 0.5 });
  }
  const predicted = new SearchModel(dials, index);
  assert.ok(predicted.expected([8, 8]).hpmax > before.expected([8, 8]).hpmax + 0.5);
  assert.notDeepEqual(predicted.best.runSet.configuration, [8, 8]);
  assert.ok(predicted.ranked.every(({ runSet }) => runSet.completed > 0));
  for (const place of [
    [5, 3],
    [5, 2],
    [4, 3],
    [6, 3],
    [5, 4],
  ] as const) {
    const failing = indexOf(noisy(60, "evidence").filter(([each]) => Math.abs((each[0] ?? 0) - 5) > 1));
    for (const fails of [
      [5, 3],
      [5, 2],
      [4, 3],
      [6, 3],
      [5, 4],
    ] as const) {
      failing.started(fails);
      failing.failed(fails, workerIdFrom("ada"));
    }
    assert.ok(new SearchModel(dials, failing).expected(place).hpmax < before.expected(place).hpmax);
  }
});

test("the model learns which hyperparameter matters", () => {
  const rng = rngFrom("dead");
  const runs = Array.from({ length: 150 }, () => {
    const place = [rng.below(9), rng.below(9)];
    return [place, -0.1 * ((place[0] ?? 0) - 4) ** 2 + 0.05 * rng.uniform()] as const;
  });
  const { lengths } = new SearchModel(dials, indexOf(runs)).beliefs;
  assert.ok((lengths[1] ?? 0) > 3 * (lengths[0] ?? 0), `lengths ${lengths}`);
});

test("a current model is made once between two results, and anew after a result or a verdict", () => {
  const index = new RunSetIndex();
  const model = new CurrentModel(() => ({ hyperparameters: dials, runSets: index }));
  const now = (): SearchModel | null => model.now;
  assert.equal(now(), null);
  index.started([1, 1]);
  index.completed([1, 1], 1, childRunName(1, 1));
  const first = now();
  assert.ok(first);
  assert.equal(now(), first);
  index.started([2, 1]);
  assert.equal(now(), first);
  index.completed([2, 1], 2, childRunName(1, 2));
  assert.notEqual(now(), first);
  assert.equal(now()?.best.runSet.bestHpmax, 2);
  index.recount([[[1, 1], 1, childRunName(1, 1)]]);
  assert.deepEqual(now()?.best.runSet.configuration, [1, 1]);
});
