import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { rngFrom } from "../../../../../shared/domain/rng.ts";
import { dialDensity } from "../../../../../shared/domain/search/dial-density.ts";
import { ordered, unordered } from "../../../../support/stories/search.ts";

const numbers = (length: number): number[] => [...Array(length).keys()];
const close = (a: number, b: number, what: string): void => assert.ok(Math.abs(a - b) < 1e-9, `${what}: ${a}, ${b}`);

/** The formula written out: each kernel over the whole dial. */
function written(isOrdered: boolean, length: number, centres: readonly number[], weights: readonly number[]): number[] {
  const width = 0.7 * Math.max(1, length / 6);
  const kernels = centres.map((centre) => {
    const raw = numbers(length).map((at) =>
      isOrdered ? Math.exp(-Math.abs(at - centre) / width) : at === centre ? 1 : 0.15,
    );
    const sum = raw.reduce((all, each) => all + each, 0);
    return raw.map((each) => (0.9 * each) / sum + 0.1 / length);
  });
  const total = weights.reduce((all, each) => all + each, 0);
  return numbers(length).map(
    (at) =>
      (1 / length + kernels.reduce((all, kernel, i) => all + (weights[i] ?? 0) * (kernel[at] ?? 0), 0)) / (1 + total),
  );
}

test("a dial's density is what its formula says, ordered or unordered, for up to 256 values", () => {
  const configurations = fc.array(fc.tuple(fc.nat(255), fc.double({ min: 0, max: 1, noNaN: true })), { maxLength: 12 });
  fc.assert(
    fc.property(fc.boolean(), fc.integer({ min: 1, max: 256 }), configurations, (isOrdered, length, given) => {
      const centres = given.map(([at]) => at % length);
      const weights = given.map(([, weight]) => weight);
      const hyperparameter = (isOrdered ? ordered : unordered)("h", numbers(length));
      const density = dialDensity(hyperparameter, centres, weights);
      const expected = written(isOrdered, length, centres, weights);
      for (const at of numbers(length)) close(density.at(at), expected[at] ?? 0, `${at} of ${length}`);
    }),
  );
});

test("the density over a dial of its own order follows the neighbours on the dial", () => {
  const plain = dialDensity(ordered("h", [1, 2, 3, 4]), [1], [1]);
  const grown = dialDensity({ ...ordered("h", [1, 3, 4, 2]), dial: [0, 3, 1, 2] }, [3], [1]);
  for (const [at, position] of [0, 3, 1, 2].entries()) close(grown.at(position), plain.at(at), `${at}`);
});

test("the density over a range does not depend on where the marks are dense", () => {
  const range = { from: 0, to: 1, scale: "linear" } as const;
  const even = { ...ordered("h", [0, 0.25, 0.5, 0.75, 1]), range };
  const values = [0, 0.25, 0.5, 0.75, 1, 0.73, 0.74, 0.76, 0.77];
  const dense = { ...ordered("h", values), range, dial: [0, 1, 2, 5, 6, 3, 7, 8, 4] };
  const [plain, finer] = [even, dense].map((each) => dialDensity(each, [1], [1]));
  assert.ok(plain && finer);
  const all = values.map((_, at) => finer.at(at));
  close(
    all.reduce((sum, each) => sum + each, 0),
    1,
    "all",
  );
  // The marks about 0.75 together have about as much as 0.75 alone had, and 0.25 keeps what it had.
  const about = [3, 5, 6, 7, 8].reduce((sum, at) => sum + (all[at] ?? 0), 0);
  assert.ok(Math.abs(about - plain.at(3)) < 0.06, `${about}, ${plain.at(3)}`);
  assert.ok(Math.abs((all[1] ?? 0) - plain.at(1)) < 0.06, `${all[1]}, ${plain.at(1)}`);
  const rng = rngFrom("finer");
  const drawn = new Float64Array(values.length);
  for (let i = 0; i < 4000; i++) {
    const at = finer.draw(rng);
    drawn[at] = (drawn[at] ?? 0) + 1 / 4000;
  }
  for (const [at, share] of all.entries())
    assert.ok(Math.abs((drawn[at] ?? 0) - share) < 0.03, `${at}: ${drawn[at]}, ${share}`);
});

for (const [isOrdered, length] of [
  [true, 10_000],
  [false, 10_000],
  [true, 1],
  [false, 1],
] as const) {
  test(`densities over ${length} ${isOrdered ? "ordered" : "unordered"} values are above 0 and add up to 1`, () => {
    const hyperparameter = (isOrdered ? ordered : unordered)("h", numbers(length));
    const density = dialDensity(hyperparameter, [0, 0, length >> 1, length - 1], [1, 0.7, 0.5, 0.3]);
    const all = numbers(length).map((at) => density.at(at));
    assert.ok(all.every((each) => each > 0));
    close(
      all.reduce((sum, each) => sum + each, 0),
      1,
      "sum",
    );
  });
}

for (const isOrdered of [true, false]) {
  for (const length of [7, 300]) {
    test(`draws over ${length} ${isOrdered ? "ordered" : "unordered"} values come as often as the density says`, () => {
      const density = dialDensity((isOrdered ? ordered : unordered)("h", numbers(length)), [2, 5, 5], [1, 0.8, 0.6]);
      const rng = rngFrom("draws");
      const draws = 40_000;
      const counts = new Array<number>(length).fill(0);
      for (let i = 0; i < draws; i += 1) {
        const at = density.draw(rng);
        counts[at] = (counts[at] ?? Number.NaN) + 1;
      }
      for (const [at, count] of counts.entries()) {
        const part = density.at(at);
        const deviation = Math.sqrt((part * (1 - part)) / draws);
        assert.ok(Math.abs(count / draws - part) < 6 * deviation, `${at}: ${count / draws} where ${part} is expected`);
      }
    });
  }
}
