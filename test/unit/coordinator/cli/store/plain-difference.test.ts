import assert from "node:assert/strict";
import { test } from "node:test";
import { plainDifference } from "../../../../../coordinator/cli/store/plain-difference.ts";

test("plainDifference names the place of the first difference", () => {
  const value = {
    jobs: [{ ended: 3, best: Number.NaN, sets: new Map([["a", new Set([1])]]) }],
    columns: Float64Array.of(1, 2),
  };
  assert.equal(plainDifference(value, structuredClone(value)), "");
  const other = structuredClone(value);
  other.columns[1] = 5;
  assert.equal(plainDifference(value, other), ".columns[1]: 2, 5");
  assert.equal(plainDifference({ a: { b: [1] } }, { a: { b: [1, 2] } }), ".a.b: 1 entries, 2");
  assert.equal(plainDifference({ a: 1 }, { b: 1 }), ".a: only in the first");
  assert.equal(plainDifference({ a: -0 }, { a: 0 }), ".a: 0, 0");
});
