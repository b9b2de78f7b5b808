import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { CurvePoint } from "../../../../../shared/domain/curve.ts";
import { FinishedCurves, mostCurves } from "../../../../../shared/domain/pruning/finished-curves.ts";
import { OpenCurve } from "../../../../../shared/domain/pruning/open-curve.ts";
import { SummaryFinder, type SummaryKind, summaryOf } from "../../../../../shared/domain/pruning/summary-kind.ts";
import { rngFrom } from "../../../../../shared/domain/rng.ts";

const point = (iters: number, value: number, count = 1, stage = 1): CurvePoint => [stage, iters, 0, [value], [count]];

function curveOf(values: readonly number[], every = 10): OpenCurve {
  const curve = new OpenCurve();
  for (const [i, value] of values.entries()) curve.add(point((i + 1) * every, value));
  return curve;
}

describe("an open curve", () => {
  test("an open curve sums up as the runner does, whatever was thinned", () => {
    const rng = rngFrom("curve");
    const values = Array.from({ length: 5000 }, () => rng.uniform() - 0.5);
    const curve = curveOf(values);
    assert.equal(curve.iters, 50_000);
    assert.ok(Math.abs(curve.mean - values.reduce((sum, each) => sum + each, 0) / values.length) < 1e-12);
    assert.equal(curve.last, values.at(-1));
    assert.equal(curve.max, Math.max(...values));
    assert.equal(curve.min, Math.min(...values));
    assert.ok(curve.pieces.length <= 48 && curve.pieces.length > 20, `${curve.pieces.length} pieces`);
    assert.equal(curve.pieces.at(-1)?.end, 50_000);
    assert.equal(Math.max(...curve.pieces.map(({ max }) => max)), curve.max);
  });

  test("an open curve weighs each report by what it summarises", () => {
    const curve = new OpenCurve();
    curve.add(point(10, 1, 1));
    curve.add(point(20, 4, 3));
    assert.equal(curve.mean, 3.25);
  });

  test("an open curve begins anew with each stage, and takes no report twice", () => {
    const curve = curveOf([1, 2]);
    assert.equal(curve.add(point(20, 9)), false);
    assert.equal(curve.add(point(30, Number.NaN)), false);
    assert.equal(curve.add(point(30, 5, 0)), false);
    assert.equal(curve.last, 2);
    assert.equal(curve.add(point(10, 7, 1, 2)), true);
    assert.deepEqual([curve.stage, curve.iters, curve.mean, curve.max], [2, 10, 7, 7]);
    assert.equal(curve.add(point(40, 7, 1, 1)), false);
  });
});

describe("how the reports become hpmax", () => {
  const kinds: SummaryKind[] = (["mean", "last", "max", "min"] as const).flatMap((of) => [
    { of, sign: 1 },
    { of, sign: -1 },
  ]);
  for (const kind of kinds) {
    test(`hpmax is found to be ${kind.sign === 1 ? "" : "minus "}the ${kind.of}, though one run in four has a gap or lies`, () => {
      const rng = rngFrom(`${kind.of} ${kind.sign}`);
      const finder = new SummaryFinder();
      for (let n = 0; n < 20; n += 1) {
        const curve = curveOf(Array.from({ length: 12 }, () => rng.uniform()));
        if (n === 2) assert.equal(finder.found(), undefined);
        finder.learn(curve, n % 4 === 1 ? rng.uniform() : summaryOf(curve, kind));
      }
      assert.deepEqual(finder.found(), kind);
    });
  }

  test("hpmax stays unexplained where it is no summary of the reports, or where runs report once", () => {
    const finder = new SummaryFinder();
    for (let n = 0; n < 20; n += 1) finder.learn(curveOf([n, n + 1, n + 3]), n + 1.7);
    assert.equal(finder.found(), undefined);
    const once = new SummaryFinder();
    for (let n = 0; n < 20; n += 1) once.learn(curveOf([n]), n);
    assert.equal(once.found(), undefined);
  });
});

describe("finished curves", () => {
  test("a finished curve says what its run had come to after as many iterations", () => {
    const finished = new FinishedCurves();
    const place = finished.add(1, curveOf(Array.from({ length: 20 }, (_, i) => i)), 9.5);
    assert.equal(finished.soFar(place, 100, { of: "mean", sign: 1 }), 4.5);
    assert.equal(finished.soFar(place, 100, { of: "last", sign: -1 }), -9);
    assert.equal(finished.soFar(place, 100, { of: "max", sign: 1 }), 9);
    assert.equal(finished.soFar(place, 200, { of: "mean", sign: 1 }), 9.5);
    assert.equal(finished.recent(place, 100, 0.5, { of: "last", sign: 1 }), 7);
    assert.ok(Number.isNaN(finished.soFar(place, 201, { of: "mean", sign: 1 })));
  });

  test("finished curves are kept of the newest runs alone", () => {
    const finished = new FinishedCurves();
    for (let n = 1; n <= mostCurves + 10; n += 1) finished.add(n, curveOf([n, n]), n);
    assert.equal(finished.size, mostCurves);
    assert.deepEqual(
      [...finished.newest(3)].map((place) => finished.trials[place]),
      [mostCurves + 10, mostCurves + 9, mostCurves + 8],
    );
    assert.equal(Math.min(...finished.trials), 11);
  });
});
