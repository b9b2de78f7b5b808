import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LiveCurve, meanCurve, rangeCurves } from "../../../../coordinator/live/curve-store.ts";

describe("a run's curve", () => {
  test("a live curve stays small however many reports come, and keeps its ends", () => {
    const curve = new LiveCurve();
    for (let i = 1; i <= 100_000; i += 1) curve.add(1, i, i / 3600, i);
    assert.ok(curve.length <= 512);
    const points = curve.points("iters");
    assert.equal(points[0]?.x, 1);
    assert.ok((points.at(-1)?.x ?? 0) > 99_000);
    assert.deepEqual(curve.last, { iters: 100_000, value: 100_000 });
  });

  test("a live curve keeps every spike, every gap and the means when it thins", () => {
    const curve = new LiveCurve();
    for (let i = 1; i <= 10_000; i += 1) curve.add(1, i, 0, i === 4321 ? 1000 : i === 8765 ? -1000 : i % 2);
    const ys = curve.envelope("iters").map(({ y }) => y);
    assert.deepEqual([Math.max(...ys), Math.min(...ys)], [1000, -1000]);
    const means = curve.points("iters").slice(0, 100);
    assert.ok(means.every(({ y }) => y === 0.5));
    assert.ok(curve.length <= 512);
    const gap = new LiveCurve();
    for (let i = 1; i <= 2000; i += 1) gap.add(1, i, 0, i > 800 && i < 1200 ? Number.NaN : 1);
    assert.ok(gap.envelope("iters").some(({ y }) => Number.isNaN(y)));
  });

  test("a live curve takes each iteration once, and starts anew with each stage", () => {
    const curve = new LiveCurve();
    curve.add(1, 10, 0, 1);
    curve.add(1, 10, 0, 99);
    curve.add(1, 5, 0, 99);
    curve.add(2, 10, 0, 3);
    curve.add(1, 20, 0, 99);
    assert.deepEqual(curve.points("iters"), [{ x: 10, y: 3 }]);
  });

  test("a mean or range of several live curves counts, at each place, those that reach it", () => {
    const line = (to: number, slope: number) => Array.from({ length: to + 1 }, (_, x) => ({ x, y: slope * x }));
    const mean = meanCurve([line(10, 1), line(5, 3)], 11);
    assert.deepEqual(mean[0], { x: 0, y: 0, spread: 0 });
    assert.equal(mean[5]?.y, 10);
    assert.ok(Math.abs((mean[5]?.spread ?? 0) - Math.SQRT2 * 5) < 1e-9);
    assert.deepEqual(mean[10], { x: 10, y: 10, spread: 0 });
    const [low = [], high = []] = rangeCurves([line(10, 1), line(5, 3)], 11);
    assert.deepEqual(
      [low[4], high[4]],
      [
        { x: 4, y: 4 },
        { x: 4, y: 12 },
      ],
    );
    assert.deepEqual(
      [low[10], high[10]],
      [
        { x: 10, y: 10 },
        { x: 10, y: 10 },
      ],
    );
  });
});
