import assert from "node:assert/strict";
import { test } from "node:test";
import { sparkline } from "../../../../coordinator/chart/sparkline.ts";

const path = [
  { x: 1, y: 0 },
  { x: 5, y: 2 },
  { x: 9, y: 4 },
  { x: 12, y: 4 },
];

test("a sparkline holds each value until the next, from the lowest to the highest, in all three forms", () => {
  assert.equal(sparkline(path, 12, "block"), "▁▁▁▁▅▅▅▅████");
  assert.equal(sparkline(path, 12, "ascii"), "____====####");
  assert.equal(sparkline(path, 6, "braille"), "⣀⣀⡖⠒⠋⠉");
  for (const form of ["braille", "block", "ascii"] as const) {
    assert.equal(sparkline(path, 20, form).length, 20);
    assert.equal(sparkline([], 20, form), "");
    assert.equal(sparkline(path.slice(0, 1), 3, form).length, 3);
  }
});
