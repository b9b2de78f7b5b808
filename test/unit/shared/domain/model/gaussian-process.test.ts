import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  dot,
  factorise,
  logDeterminant,
  solve,
  solveTransposed,
  solveTransposedAll,
  subtractProduct,
  subtractSquare,
} from "../../../../../shared/domain/model/cholesky.ts";
import { GaussianProcess } from "../../../../../shared/domain/model/gaussian-process.ts";
import { type Beliefs, Places } from "../../../../../shared/domain/model/kernel.ts";
import { rngFrom } from "../../../../../shared/domain/rng.ts";
import { ordered, unordered } from "../../../../support/stories/search.ts";

const near = (actual: number, expected: number, tolerance = 1e-6): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} instead of ${expected}`);

test("solving with a matrix's Cholesky factor and its transpose inverts the matrix", () => {
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

test("a Cholesky factor gives the logarithm of its matrix's determinant", () => {
  const matrix = Float64Array.of(4, 2, 0, 10);
  factorise(matrix, 2);
  near(logDeterminant(matrix, 2), Math.log(4 * 10 - 2 * 2));
});

const dial = [ordered("lr", [0, 1, 2, 3, 4])];
const beliefs: Beliefs = { signal: 1, own: 0.1, noise: 0.5, lengths: [0.5] };

test("a Gaussian process of one observation has its mean everywhere, and the kernel's variance", () => {
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

test("a Gaussian process's means and variances of several places agree with their joint distribution", () => {
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

test("places of values without an order are all equally far apart, and marks of a dial lie in its order", () => {
  const places = new Places([unordered("core", ["a", "b", "c"]), { ...ordered("lr", [1, 3, 2]), dial: [0, 2, 1] }]);
  const distance = (a: readonly number[], b: readonly number[]): number => {
    const out = new Float64Array(1);
    places.distances(places.of(a), places.columns([places.of(b)]), 0, Float64Array.of(1, 1), out, 0);
    return out[0] ?? Number.NaN;
  };
  assert.equal(distance([0, 0], [1, 0]), distance([0, 0], [2, 0]));
  assert.equal(distance([0, 0], [0, 1]), 1);
  assert.equal(distance([0, 0], [0, 2]), 0.25);
});

test("rows that the Cholesky factor takes four at a time give bit for bit what one at a time gives", () => {
  const rng = rngFrom("rows");
  const drawn = (length: number): Float64Array => Float64Array.from({ length }, () => rng.uniform() - 0.5);
  for (const [n, c] of [
    [1, 1],
    [3, 5],
    [9, 8],
    [14, 6],
  ] as const) {
    const b = drawn(n * c);
    const square = drawn(c * c);
    const product = square.slice();
    const [squareAlone, productAlone] = [square.slice(), square.slice()];
    const upper = drawn(c * c).map((each, at) => (at % c < Math.floor(at / c) ? 0 : each));
    for (let k = 0; k < n; k++) {
      for (let i = 0; i < c; i++) {
        for (let j = i; j < c; j++)
          squareAlone[i * c + j] = at(squareAlone, i * c + j) - at(b, k * c + i) * at(b, k * c + j);
      }
    }
    subtractSquare(square, c, b, n);
    const z = drawn(c * c);
    for (let k = 0; k < c; k++) {
      for (let cell = 0; cell < c * c; cell++) {
        const [i, j] = [Math.floor(cell / c), cell % c];
        if (j >= k) productAlone[cell] = at(productAlone, cell) - at(z, k * c + i) * at(upper, k * c + j);
      }
    }
    subtractProduct(product, c, z, upper, c);
    for (let i = 0; i < c; i++) {
      for (let j = 0; j < c; j++) {
        if (j >= i) assert.equal(at(square, i * c + j), at(squareAlone, i * c + j));
        assert.equal(at(product, i * c + j), at(productAlone, i * c + j));
      }
    }
    const matrix = drawn(n * n).map((each, at) => (at % (n + 1) === 0 ? n : each));
    factorise(matrix, n);
    const columns = Array.from({ length: c }, (_, j) => Float64Array.from({ length: n }, (_, i) => at(b, i * c + j)));
    solveTransposedAll(matrix, n, b, c);
    for (const [j, column] of columns.entries()) {
      solveTransposed(matrix, n, column);
      for (const [i, value] of column.entries()) assert.equal(at(b, i * c + j), value);
    }
  }
});

const at = (array: Float64Array, i: number): number => array[i] ?? Number.NaN;

test("distances from many places at once are those that each pair has", () => {
  const values = [0, 1, 2, 3, 4];
  const dials = Array.from({ length: 11 }, (_, i) => (i === 5 ? unordered("u", values) : ordered(`o${i}`, values)));
  const rng = rngFrom("distances");
  const places = new Places(dials);
  const some = Array.from({ length: 9 }, () => places.of(dials.map(() => rng.below(values.length))));
  const precisions = Float64Array.from(dials, () => 3 * rng.uniform());
  const out = new Float64Array(12).fill(-1);
  places.distances(some[0] ?? new Float64Array(0), places.columns(some), 2, precisions, out, 3);
  assert.deepEqual([...out.subarray(0, 5)], [-1, -1, -1, -1, -1]);
  for (let j = 2; j < some.length; j++) {
    const expected = dials.reduce((sum, { ordered: isOrdered }, i) => {
      const difference = (some[0]?.[i] ?? 0) - (some[j]?.[i] ?? 0);
      const squared = isOrdered ? difference * difference : difference === 0 ? 0 : 0.7 * 0.7;
      return sum + squared * (precisions[i] ?? 0);
    }, 0);
    assert.equal(out[3 + j], expected);
  }
});
