import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decay } from "../../../../../shared/domain/model/decay.ts";

test("the fall of a covariance with distance is the exponential function's to eleven digits", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 39.99, noNaN: true }), (x) => {
      const exact = Math.exp(-x);
      assert.ok(Math.abs(decay(x) - exact) <= 1e-11 * exact, `at ${x} ${decay(x)} instead of ${exact}`);
    }),
  );
});

test("a covariance is whole at no distance, and nothing is left of it far away", () => {
  assert.equal(decay(0), 1);
  for (const x of [40, 1e6, Number.MAX_VALUE, Number.POSITIVE_INFINITY]) assert.equal(decay(x), 0, `at ${x}`);
});
