import assert from "node:assert/strict";
import { test } from "node:test";
import type { Hyperparameter, Range } from "../../../../../shared/domain/hyperparameter.ts";
import { markFor } from "../../../../../shared/domain/ranges/mark-for.ts";
import { contains, placeOf } from "../../../../../shared/domain/ranges/range.ts";
import { rngFrom } from "../../../../../shared/domain/rng.ts";

const dial = (range: Range, values: readonly number[]): Hyperparameter => ({
  name: "x",
  ordered: true,
  values,
  range,
  tuned: values[0] ?? null,
});
const log = dial({ from: 1e-5, to: 1e-2, scale: "log" }, [1e-5, 1e-4, 1e-3, 1e-2]);

test("a number of a range gets a round mark beside it, or the mark that is there", () => {
  assert.equal(markFor(log, 0.00012345678), 0.0001235);
  assert.equal(markFor(log, 0.0001), 0.0001);
  assert.equal(markFor(log, 0.0001000001), 0.0001);
  assert.equal(markFor(dial({ from: 8, to: 4096, scale: "log_integer" }, [8, 4096]), 77), 77);
  const withZero = dial({ from: 1e-4, to: 1, scale: "log", zero: true }, [1e-4, 1]);
  assert.equal(markFor(withZero, 0), 0);
  assert.equal(markFor(withZero, 1e-4), 1e-4);
});

test("a number outside of its range, or of a list, gets no mark", () => {
  assert.equal(markFor(log, 0.5), undefined);
  assert.equal(markFor(log, 0), undefined);
  assert.equal(markFor(log, Number.NaN), undefined);
  assert.equal(markFor(dial({ from: 1, to: 9, scale: "integer" }, [1, 9]), 2.5), undefined);
  assert.equal(markFor({ name: "x", ordered: true, values: [1, 2], tuned: 1 }, 1.5), undefined);
});

test("in a range of 200 marks, the nearest one stands for every number between them", () => {
  const many = Array.from({ length: 200 }, (_, i) => i / 199);
  assert.equal(markFor(dial({ from: 0, to: 1, scale: "linear" }, many), 0.50001), many[100]);
});

test("a number's mark belongs to its range and lies within a thousandth of the scale", () => {
  const rng = rngFrom("marks");
  const ranges: readonly Range[] = [
    { from: 1e-5, to: 1e-2, scale: "log" },
    { from: -3, to: 1e6, scale: "linear" },
    { from: 1, to: 1e9, scale: "log_integer" },
    { from: 1e-300, to: 1e300, scale: "log" },
    { from: -1e308, to: 1e308, scale: "linear" },
  ];
  for (const range of ranges) {
    for (let i = 0; i < 200; i += 1) {
      const value = range.scale.startsWith("log")
        ? Math.exp(Math.log(range.from) + rng.uniform() * (Math.log(range.to) - Math.log(range.from)))
        : range.from + rng.uniform() * (range.to / 2 - range.from / 2) * 2;
      const asked = range.scale === "log_integer" ? Math.round(value) : value;
      if (!contains(range, asked)) continue;
      const mark = markFor(dial(range, [range.from, range.to]), asked);
      assert.ok(mark !== undefined && contains(range, mark), `${asked} -> ${mark}`);
      assert.ok(Math.abs(placeOf(range, mark) - placeOf(range, asked)) <= 1.01e-3, `${asked} -> ${mark}`);
    }
  }
});
