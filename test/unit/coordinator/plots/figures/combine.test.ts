import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decimated } from "../../../../../coordinator/plots/drawing/decimate.ts";
import { aggregated, combine, edges, smoothed, valueAt } from "../../../../../coordinator/plots/figures/combine.ts";

const nan = Number.NaN;

test("curves that report at the same places are combined there, without those that measured nothing", () => {
  const combined = combine([
    { xs: [1, 2, 3, 4], ys: [1, 2, nan, nan] },
    { xs: [1, 2, 3, 4], ys: [3, 4, 5, nan] },
    { xs: [1, 2], ys: [5, Number.POSITIVE_INFINITY] },
  ]);
  assert.deepEqual(combined.xs, [1, 2, 3, 4]);
  assert.deepEqual(combined.count, [3, 2, 1, 0]);
  assert.deepEqual(combined.mean, [3, 3, 5, nan]);
  assert.deepEqual(combined.variance, [4, 2, nan, nan]);
  assert.deepEqual(combined.min, [1, 2, 5, nan]);
  assert.deepEqual(combined.max, [5, 4, 5, nan]);
  assert.deepEqual(edges(combined, combined.mean, "std").low, [1, 3 - Math.SQRT2, nan, nan]);
  assert.deepEqual(edges(combined, combined.mean, "sem").high[1], 4);
  assert.deepEqual(edges(combined, combined.mean, "min-max"), { low: combined.min, high: combined.max });
  assert.deepEqual(aggregated(combined, "std").slice(0, 2), [2, Math.SQRT2]);
});

test("curves that report at different places are interpolated, but not beyond their ends", () => {
  const combined = combine([
    { xs: [0, 10], ys: [0, 10] },
    { xs: [5, 20], ys: [100, 100] },
  ]);
  assert.equal(combined.xs.length, 200);
  assert.deepEqual([combined.xs[0], combined.xs.at(-1)], [0, 20]);
  assert.equal(combined.count[0], 1);
  assert.equal(combined.mean[0], 0);
  assert.equal(combined.mean.at(-1), 100);
  assert.equal(Math.max(...combined.count), 2);
  assert.ok(Number.isNaN(valueAt({ xs: [0, 10], ys: [0, 10] }, 10.1)));
  assert.equal(valueAt({ xs: [0, 10], ys: [0, 10] }, 2.5), 2.5);
});

test("a run that reports half as often as another counts between its reports too: no zigzag", () => {
  const [often, seldom] = [
    { xs: [100, 200, 300, 400, 500, 600], ys: [0, 0, 0, 0, 0, 0] },
    { xs: [200, 400, 600], ys: [8, 8, 8] },
  ];
  const { xs, count, mean } = combine([often, seldom]);
  assert.deepEqual(xs, often.xs);
  assert.deepEqual(count, [1, 2, 2, 2, 2, 2]);
  assert.deepEqual(mean, [0, 4, 4, 4, 4, 4]);
});

test("a completed run keeps its last value, so that the mean does not jump where faster runs end", () => {
  const fast = { xs: [0, 10], ys: [4, 8], isComplete: true };
  const slow = { xs: [0, 20], ys: [2, 2], isComplete: true };
  const over = combine([fast, slow]);
  assert.deepEqual([over.count.at(-1), over.mean.at(-1), over.min.at(-1)], [2, 5, 2]);
  const steps = over.mean.map((mean, i) => Math.abs(mean - (over.mean[i - 1] ?? mean)));
  assert.ok(Math.max(...steps) < 0.05, "no jump");
  const shared = combine([
    { xs: [1, 2], ys: [4, 8], isComplete: true },
    { xs: [1], ys: [6] },
    { xs: [1, 2, 3], ys: [2, 2, 2], isComplete: true },
  ]);
  assert.deepEqual(
    [shared.count, shared.mean],
    [
      [3, 2, 2],
      [4, 5, 5],
    ],
  );
});

test("the mean curve of any runs lies between their least and their greatest values", () => {
  const curve = fc.array(fc.double({ min: -1e6, max: 1e6 }), { minLength: 5, maxLength: 5 });
  fc.assert(
    fc.property(fc.array(curve, { minLength: 1, maxLength: 8 }), (runs) => {
      const { mean, min, max, variance, count } = combine(runs.map((ys) => ({ xs: [1, 2, 3, 4, 5], ys })));
      for (let i = 0; i < 5; i += 1) {
        const finite = runs.map((ys) => ys[i] ?? nan).filter(Number.isFinite);
        assert.equal(count[i], finite.length);
        if (finite.length === 0) assert.ok(Number.isNaN(mean[i]));
        else assert.ok((mean[i] ?? nan) >= (min[i] ?? nan) - 1e-6 && (mean[i] ?? nan) <= (max[i] ?? nan) + 1e-6);
        if (finite.length > 1) assert.ok((variance[i] ?? nan) >= 0);
      }
    }),
  );
});

test("smoothing keeps a curve's gaps, starts at its first value and leaves a flat curve flat", () => {
  assert.deepEqual(smoothed([1, nan, 3], 0), [1, nan, 3]);
  assert.deepEqual(
    smoothed([2, 2, nan, 2], 0.9).map((value) => Number(value.toFixed(9))),
    [2, 2, nan, 2],
  );
  const [first, second = nan] = smoothed([0, 1], 0.5);
  assert.equal(first, 0);
  assert.ok(Math.abs(second - 2 / 3) < 1e-12, "weights 1/2 and 1/4 of 3/4");
});

test("a decimated curve keeps its ends, its extremes and its gaps", () => {
  const xs = Array.from({ length: 10_000 }, (_, i) => i);
  const ys = xs.map((x) => (x === 5000 ? nan : x === 1234 ? 99 : x === 7777 ? -99 : Math.sin(x / 300)));
  const [keptXs = [], keptYs = []] = decimated(100, xs, ys);
  assert.ok(keptXs.length < 500, `${keptXs.length} points`);
  assert.deepEqual([keptXs[0], keptXs.at(-1)], [0, 9999]);
  assert.equal(keptYs[keptXs.indexOf(1234)], 99);
  assert.equal(keptYs[keptXs.indexOf(7777)], -99);
  assert.ok(Number.isNaN(keptYs[keptXs.indexOf(5000)]));
  assert.deepEqual(
    keptXs,
    [...keptXs].sort((a, b) => a - b),
  );
});
