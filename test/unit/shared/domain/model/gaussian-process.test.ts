import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { dot, factorise, logDeterminant, solve, solveTransposed } from "../../../../../shared/domain/model/cholesky.ts";
import { GaussianProcess } from "../../../../../shared/domain/model/gaussian-process.ts";
import { type Beliefs, Places } from "../../../../../shared/domain/model/kernel.ts";
import { ordered, unordered } from "../../../../support/stories/search.ts";

const near = (actual: number, expected: number, tolerance = 1e-6): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} instead of ${expected}`);

test("a factor times its transpose is the matrix, and both solutions invert it", () => {
  const size = 7;
  const entries = fc.array(fc.double({ min: -2, max: 2, noNaN: true }), {
    minLength: size * size,
    maxLength: size * size,
  });
  fc.assert(
    fc.property(entries, (b) => {
      const row = (i: number): Float64Array => Float64Array.from(b.slice(i * size, (i + 1) * size));
      const entry = (i: number, j: number): number => dot(row(i), row(j)) + (i === j ? 1 : 0);
      const matrix = Float64Array.from({ length: size * size }, (_, k) => entry(Math.floor(k / size), k % size));
      factorise(matrix, size);
      const x = Float64Array.from({ length: size }, (_, i) => i - 3);
      const image = x.map((_, i) => x.reduce((sum, each, j) => sum + each * entry(i, j), 0));
      solveTransposed(matrix, size, image);
      solve(matrix, size, image);
      for (const [i, value] of image.entries()) near(value, x[i] ?? Number.NaN);
    }),
  );
});

test("the logarithm of a determinant", () => {
  const matrix = Float64Array.of(4, 2, 0, 10);
  factorise(matrix, 2);
  near(logDeterminant(matrix, 2), Math.log(4 * 10 - 2 * 2));
});

const dial = [ordered("lr", [0, 1, 2, 3, 4])];
const beliefs: Beliefs = { signal: 1, own: 0.1, noise: 0.5, lengths: [0.5] };

test("one observation: the mean is everywhere what was seen, and the variance what the kernel says", () => {
  const places = new Places(dial);
  const process = new GaussianProcess(places, beliefs, [{ place: places.of([0]), value: 3, runs: 2 }]);
  const { means, variances } = process.at([places.of([0]), places.of([4])]);
  near(means[0] ?? 0, 3);
  near(means[1] ?? 0, 3);
  // With mu unknown: var = k(x,x) - k'K^-1k + (1 - 1'K^-1k)^2 / 1'K^-1 1, and all of K is one number.
  const k = 1 + 0.1 + 0.25;
  const there = (c: number): number => 1.1 - (c * c) / k + (1 - c / k) ** 2 * k;
  near(variances[0] ?? 0, there(1.1), 1e-5);
  near(variances[1] ?? 0, there(Math.exp(-0.5 * (1 / 0.5) ** 2)), 1e-5);
});

test("means and variances of several places agree with their joint distribution", () => {
  const places = new Places([...dial, unordered("core", ["GRU", "LSTM", "WMG"])]);
  const two = { ...beliefs, lengths: [0.5, 1] };
  const observed = [
    { place: places.of([0, 0]), value: 1, runs: 1 },
    { place: places.of([2, 1]), value: -1, runs: 3 },
    { place: places.of([4, 1]), value: 0.5, runs: 1 },
  ];
  const process = new GaussianProcess(places, two, observed);
  const asked = [places.of([0, 0]), places.of([1, 2]), places.of([3, 1])];
  const { means, variances } = process.at(asked);
  const joint = process.jointly(asked);
  for (const [i, place] of asked.entries()) {
    near(joint.means[i] ?? 0, means[i] ?? 1);
    near(process.meansThere()[0] ?? 0, means[0] ?? 1, 1e-5);
    near(process.meanAt(place), means[i] ?? 1);
    const column = joint.factor.filter((_, at) => at % 3 === i && at / 3 < i + 1);
    near(dot(column, column), variances[i] ?? 0, 1e-5);
  }
});

test("values without an order are all equally far apart, and marks of a dial lie in its order", () => {
  const places = new Places([unordered("core", ["a", "b", "c"]), { ...ordered("lr", [1, 3, 2]), dial: [0, 2, 1] }]);
  const one = Float64Array.of(1, 1);
  const distance = (a: readonly number[], b: readonly number[]): number =>
    places.distance(places.of(a), places.of(b), one);
  assert.equal(distance([0, 0], [1, 0]), distance([0, 0], [2, 0]));
  assert.equal(distance([0, 0], [0, 1]), 1);
  assert.equal(distance([0, 0], [0, 2]), 0.25);
});
