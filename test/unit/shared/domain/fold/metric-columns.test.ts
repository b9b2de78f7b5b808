import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MetricColumns, mostColumns } from "../../../../../shared/domain/fold/metric-columns.ts";

describe("metric columns", () => {
  test("metric columns are in order of first appearance, and a row ends at its last metric", () => {
    const columns = new MetricColumns();
    assert.deepEqual(columns.row({ "s1-hrs": 1, "s1-rew": 2 }), [1, 2]);
    assert.deepEqual(columns.row({ "s2-loss": 3 }), [Number.NaN, Number.NaN, 3]);
    assert.deepEqual(columns.row({ "s1-hrs": 4 }), [4]);
    assert.deepEqual(columns.names, ["s1-hrs", "s1-rew", "s2-loss"]);
  });

  test("metric columns are limited in number, and further metrics are dropped", () => {
    const known = Array.from({ length: mostColumns - 1 }, (_, i) => `m${i}`);
    const columns = new MetricColumns(known);
    assert.deepEqual(columns.fitting(["m0", "x", "y"]), ["m0", "x"]);
    assert.deepEqual(columns.row({ x: 1, y: 2, m0: 3 })[0], 3);
    assert.deepEqual(columns.names, [...known, "x"]);
    assert.deepEqual(columns.row({ y: 2 }), []);
  });
});
