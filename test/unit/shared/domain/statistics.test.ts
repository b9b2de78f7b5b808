import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { NumberedTexts } from "../../../../shared/domain/columns.ts";
import { Moments, meanOf, quantile } from "../../../../shared/domain/statistics.ts";

function momentsOf(values: readonly number[]): Moments {
  const moments = new Moments();
  for (const value of values) moments.add(value);
  return moments;
}

test("moments equal the mean and sample variance by definition", () => {
  const value = fc.integer({ min: -1000, max: 1000 });
  fc.assert(
    fc.property(fc.array(value, { minLength: 2, maxLength: 50 }), (values) => {
      const { count, mean, sampleVariance } = momentsOf(values);
      const expected = values.reduce((sum, each) => sum + (each - meanOf(values)) ** 2, 0) / (values.length - 1);
      assert.equal(count, values.length);
      assert.ok(Math.abs(mean - meanOf(values)) < 1e-9);
      assert.ok(Math.abs(sampleVariance - expected) < 1e-6);
    }),
  );
});

test("moments of equal values have a variance of exactly 0, as have fewer than two values", () => {
  assert.equal(momentsOf([0.1, 0.1, 0.1]).sampleVariance, 0);
  assert.deepEqual([momentsOf([]).sampleVariance, momentsOf([7]).sampleVariance], [0, 0]);
});

test("a quantile lies linearly between two values", () => {
  assert.deepEqual(
    [0, 0.25, 0.5, 1].map((part) => quantile([1, 2, 4], part)),
    [1, 1.5, 2, 4],
  );
  assert.equal(quantile([], 0.5), Number.NaN);
});

test("texts are numbered in the order in which they are first seen", () => {
  const texts = new NumberedTexts<string>(["x"]);
  assert.deepEqual(
    [texts.add("y"), texts.add("x"), texts.add("z"), texts.find("y"), texts.find("w")],
    [1, 0, 2, 1, undefined],
  );
  assert.deepEqual(texts.all, ["x", "y", "z"]);
});
