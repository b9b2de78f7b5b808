import assert from "node:assert/strict";
import { test } from "node:test";
import { configurationKey } from "../../../../../shared/domain/hyperparameter.ts";
import { rngFrom } from "../../../../../shared/domain/rng.ts";
import { promiseOf, prospectsOf } from "../../../../../shared/domain/search/prospects.ts";
import { type Completion, indexOf, ordered, viewOf } from "../../../../support/stories/search.ts";

const dials = [ordered("a", [...Array(9).keys()]), ordered("b", [...Array(9).keys()])];
const height = (a: number, b: number): number => -((a - 6) ** 2 + (b - 3) ** 2) / 20;

/** Measured everywhere but near the top. */
function around(least: number): Completion[] {
  const rng = rngFrom("around");
  return Array.from({ length: 60 }, (): Completion => {
    const [a, b] = [rng.below(9), rng.below(9)];
    return [[a, b], height(a, b) + 0.02 * rng.uniform()];
  }).filter(([[a = 0, b = 0]]) => (a - 6) ** 2 + (b - 3) ** 2 >= least);
}

test("prospects: chances add up to one, the likeliest first, and are the same whoever asks", () => {
  const view = viewOf(dials, indexOf(around(0)));
  const model = view.model.now;
  assert.ok(model);
  const prospects = prospectsOf(view, model);
  assert.ok(Math.abs(prospects.reduce((sum, { chance }) => sum + chance, 0) - 1) < 1e-9);
  for (const [i, { chance }] of prospects.slice(1).entries()) assert.ok(chance <= (prospects[i]?.chance ?? 0));
  assert.deepEqual(prospectsOf(view, model), prospects);
  const [first] = prospects;
  const [a = 0, b = 0] = first?.configuration ?? [];
  assert.ok(height(a, b) > -0.15, `${a}, ${b}`);
});

test("the most promising configuration is unmeasured and expected to beat the best, or there is none", () => {
  const view = viewOf(dials, indexOf(around(3)));
  const model = view.model.now;
  assert.ok(model);
  const promise = promiseOf(view, model);
  assert.ok(promise && promise.expected.hpmax > model.best.hpmax);
  assert.equal(view.runSets.of(promise.configuration), undefined);
  const [a = 0, b = 0] = promise.configuration;
  assert.ok(height(a, b) > -0.15, `${a}, ${b}`);
  const all = dials[0]?.values.flatMap(
    (_, i) => dials[1]?.values.map((__, j): Completion => [[i, j], height(i, j)]) ?? [],
  );
  const whole = viewOf(dials, indexOf(all ?? []));
  assert.ok(whole.model.now);
  assert.equal(configurationKey(whole.model.now.best.runSet.configuration), "6.3");
  assert.equal(promiseOf(whole, whole.model.now), null);
});
