import assert from "node:assert/strict";
import { test } from "node:test";
import type { Configuration } from "../../../../../shared/domain/hyperparameter.ts";
import { childRunName, type WorkerId } from "../../../../../shared/domain/names.ts";
import { rngFrom } from "../../../../../shared/domain/rng.ts";
import { RunSetIndex } from "../../../../../shared/domain/run-sets/run-set.ts";
import { ChoiceQueue } from "../../../../../shared/domain/search/choice-queue.ts";
import { likelyBest, mostImproving, normals } from "../../../../../shared/domain/search/draws.ts";
import { isTried } from "../../../../../shared/domain/search/no-repeats.ts";
import type { Choice } from "../../../../../shared/domain/search/search.ts";
import { createSearch, type SearchOptions } from "../../../../../shared/domain/search/searches.ts";
import { choiceRng, planRng } from "../../../../../shared/domain/seeds.ts";
import { ordered, tutorialHyperparameters, viewOf } from "../../../../support/stories/search.ts";

const dials = ["lr", "units", "disc"].map((name) => ordered(name, [...Array(8).keys()]));
const height = (place: Configuration): number => -place.reduce((sum, each) => sum + 0.03 * (each - 5) ** 2, 0);

/** One worker's search of a smooth surface with noise; its choices in order. */
function searched(runs: number, seed: number, options?: SearchOptions): { choices: Choice[]; index: RunSetIndex } {
  const index = new RunSetIndex();
  const view = { ...viewOf(dials, index), seed };
  const queue = new ChoiceQueue(createSearch("dgd", options));
  const normal = normals(rngFrom(`noise ${seed}`));
  const choices: Choice[] = [];
  for (let n = 1; n <= runs; n++) {
    const choice = queue.next(view, n, choiceRng(seed, n));
    assert.ok(choice);
    choices.push(choice);
    index.started(choice.configuration);
    index.completed(choice.configuration, height(choice.configuration) + 0.1 * normal(), childRunName(1, n));
    if (queue.isDue(view)) queue.plan(view, planRng(seed, n));
  }
  return { choices, index };
}

test("dgd begins with a design that is spread evenly over every hyperparameter", () => {
  const tens = ["lr", "units"].map((name) => ordered(name, [...Array(10).keys()]));
  const view = viewOf(tens, new RunSetIndex());
  const search = createSearch("dgd");
  const choices = Array.from({ length: 10 }, (_, i) => search.choose(view, i + 1, choiceRng(3, i + 1)));
  for (const [h, { name }] of tens.entries()) {
    const marks = new Set(choices.map((choice) => choice?.configuration[h]));
    assert.equal(marks.size, 10, `${name}: ${[...marks]}`);
  }
  assert.match(choices[0]?.why ?? "", /^nothing has completed yet: number 1 of 10 spread evenly/);
});

test("dgd finds more than the published rule with as many runs", () => {
  const regret = (options?: SearchOptions): number => {
    const found = Array.from({ length: 12 }, (_, seed) => {
      const { index } = searched(60, seed + 1, options);
      const view = viewOf(dials, index);
      return height(view.model.now?.best.runSet.configuration ?? []);
    });
    return -found.reduce((sum, each) => sum + each, 0) / found.length;
  };
  const [model, paper] = [regret(), regret({ dgd: { rule: "paper", countInFlight: false } })];
  assert.ok(model < 0.6 * paper, `${model} by the model, ${paper} as published`);
});

test("where nothing runs twice, dgd looks for improvement on the best that it has measured", () => {
  const many = ["a", "b", "c", "d", "e", "f"].map((name) => ordered(name, [...Array(8).keys()]));
  let sum = 0;
  for (let seed = 1; seed <= 10; seed++) {
    const index = new RunSetIndex();
    const view = { ...viewOf(many, index), seed, isExcluded: (each: Configuration) => isTried(index.of(each)) };
    const queue = new ChoiceQueue(createSearch("dgd"));
    let best = Number.NEGATIVE_INFINITY;
    for (let n = 1; n <= 25; n++) {
      const choice = queue.next(view, n, choiceRng(seed, n));
      assert.ok(choice);
      index.started(choice.configuration);
      index.completed(choice.configuration, height(choice.configuration), childRunName(1, n));
      best = Math.max(best, height(choice.configuration));
      queue.plan(view, planRng(seed, n));
    }
    sum -= best;
  }
  // 0.108 when improvement was on nothing, so that each plan's first choice was whatever candidate came first.
  assert.ok(sum / 10 < 0.085, `${sum / 10} short of the best at the mean`);
});

test("where nothing runs twice, dgd plans although runs failed or were stopped where results are good", () => {
  const worker = "w1" as WorkerId;
  for (let seed = 1; seed <= 20; seed++) {
    const index = new RunSetIndex();
    const view = { ...viewOf(dials, index), seed, isExcluded: (each: Configuration) => isTried(index.of(each)) };
    const queue = new ChoiceQueue(createSearch("dgd"));
    for (let n = 1; n <= 40; n++) {
      const { configuration } = queue.next(view, n, choiceRng(seed, n)) ?? assert.fail();
      index.started(configuration);
      const isGood = n > 10 && height(configuration) > -0.6;
      if (isGood && n % 2 === 0) index.failed(configuration, worker);
      else if (isGood && n % 3 === 0) {
        index.endedOtherwise(configuration);
        index.predicted(configuration, { hpmax: 1, weight: 0.5 });
      } else index.completed(configuration, height(configuration), childRunName(1, n));
      queue.plan(view, planRng(seed, n));
    }
    assert.equal(index.totals.ended, 40);
  }
});

test("a plan of dgd goes on with what is likely to be the best once nothing promises improvement", () => {
  const small = ["a", "b"].map((name) => ordered(name, [0, 1, 2]));
  const index = new RunSetIndex();
  for (let n = 1; n <= 12; n++) {
    const place = [n % 2, Math.floor(n / 2) % 3];
    index.started(place);
    index.completed(place, (place[0] ?? 0) + 0.01 * n, childRunName(1, n));
  }
  const whys =
    createSearch("dgd")
      .plan?.(viewOf(small, index), planRng(1, 12), 40)
      ?.map(({ why }) => why) ?? [];
  const improving = whys.filter((why) => why.startsWith("it promises the most improvement: "));
  assert.equal(whys.length, 40);
  assert.ok(improving.length >= 1 && improving.length <= 3, `${improving.length} of three untried configurations`);
  assert.ok(whys.slice(improving.length).every((why) => why.startsWith("likely to be the best: ")));
});

test("dgd says what the model expects, and how a choice differs from the best", () => {
  const { choices } = searched(60, 1);
  const planned = choices.slice(30).map(({ why }) => why);
  for (const why of planned) {
    assert.match(why, /the model expects -?\d.* ± \d.* (before any run there|after \d+ runs? there); /);
    assert.match(why, /best set so far/);
  }
  assert.ok(
    planned.some((why) => / (lr|units|disc) \d -> \d/.test(why)),
    planned.join("\n"),
  );
});

test("dgd's queue plans after each result of one worker, and after ten of a hundred", () => {
  const index = new RunSetIndex();
  const view = viewOf(tutorialHyperparameters, index);
  const queue = new ChoiceQueue(createSearch("dgd"));
  const finish = (n: number): void => index.completed([0, 0, 0, 0, 0, 0, 0, 0], n, childRunName(1, n));
  for (let n = 1; n <= 101; n++) index.started([0, 0, 0, 0, 0, 0, 0, 0]);
  queue.plan(view, planRng(1, 0));
  for (let n = 1; n <= 9; n++) {
    finish(n);
    assert.equal(queue.isDue(view), false);
  }
  finish(10);
  assert.equal(queue.isDue(view), true);
  assert.equal(new ChoiceQueue(createSearch("random")).isDue(view), false);
});

test("a choice that dgd planned and that has been excluded since is not taken", () => {
  const { index } = searched(40, 5);
  const excluded = new Set<string>();
  const view = { ...viewOf(dials, index), isExcluded: (each: Configuration) => excluded.has(each.join()) };
  const queue = new ChoiceQueue(createSearch("dgd"));
  const other = new ChoiceQueue(createSearch("dgd"));
  for (const each of [queue, other]) each.plan(view, planRng(1, 40));
  const first = queue.next(view, 41, choiceRng(1, 41));
  excluded.add(first?.configuration.join() ?? "");
  const next = other.next(view, 41, choiceRng(1, 41));
  assert.ok(next);
  assert.notDeepEqual(next.configuration, first?.configuration);
});

test("dgd draws each candidate as often as it is the best, and seeks improvement where most is unknown", () => {
  // Two known candidates of equal means, the second uncertain; a third that is far worse.
  const joint = { means: Float64Array.of(0, 0, -5), factor: Float64Array.of(0.01, 0, 0, 0, 1, 0, 0, 0, 0.1) };
  const picks = likelyBest(joint, 2000, normals(rngFrom("draws")));
  const share = picks.filter((pick) => pick === 1).length / picks.length;
  assert.ok(Math.abs(share - 0.5) < 0.05, `${share}`);
  assert.ok(!picks.includes(2));
  assert.deepEqual(new Set(likelyBest(joint, 50, normals(rngFrom("draws")), 1)), new Set([0]));
  assert.deepEqual(mostImproving(joint, [true, false, false], 1, normals(rngFrom("draws"))), [1]);
  assert.deepEqual(mostImproving(joint, [true, false, false], 5, normals(rngFrom("draws"))), [1], "no other is left");
  // If everything unknown is far worse, nothing promises improvement, and the best is not picked instead.
  assert.deepEqual(mostImproving(joint, [true, true, false], 5, normals(rngFrom("draws"))), []);
});
