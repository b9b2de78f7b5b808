import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Range } from "../../../../../shared/domain/hyperparameter.ts";
import { firstMarks } from "../../../../../shared/domain/ranges/first-marks.ts";
import { drawPosition, partsOf, placesOf } from "../../../../../shared/domain/ranges/places.ts";
import { contains, isWhole, numberAt, placeOf } from "../../../../../shared/domain/ranges/range.ts";
import { roundestBetween } from "../../../../../shared/domain/ranges/round-number.ts";
import { rngFrom } from "../../../../../shared/domain/rng.ts";
import { anyRange, ordered } from "../../../../support/stories/search.ts";

const marks = (from: number, to: number, scale: Range["scale"], more: Partial<Range> = {}): string =>
  firstMarks({ from, to, scale, ...more }).join(" ");

describe("the first marks of a range", () => {
  test("the first marks of a range are the numbers that a person would write", () => {
    assert.equal(marks(1e-5, 1e-2, "log"), "0.00001 0.00002 0.00005 0.0001 0.0002 0.0005 0.001 0.002 0.005 0.01");
    assert.equal(marks(0.1, 1, "log"), "0.1 0.12 0.15 0.2 0.25 0.3 0.4 0.5 0.6 0.8 1");
    assert.equal(marks(0, 1, "linear"), "0 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1");
    assert.equal(marks(0.8, 0.999, "linear"), "0.8 0.82 0.84 0.86 0.88 0.9 0.92 0.94 0.96 0.98 0.999");
    assert.equal(marks(1, 8, "integer"), "1 2 3 4 5 6 7 8");
    assert.equal(marks(1, 100, "integer"), "1 10 20 30 40 50 60 70 80 90 100");
    assert.equal(marks(16, 512, "log_integer"), "16 24 32 48 64 96 128 192 256 384 512");
    assert.equal(marks(1, 1000, "log_integer"), "1 2 5 10 20 50 100 200 500 1000");
    assert.equal(marks(1, 10, "log", { zero: true }), "0 1 1.2 1.5 2 2.5 3 4 5 6 8 10");
  });

  test("the first marks of a range include the tuned value", () => {
    assert.deepEqual(firstMarks({ from: 1, to: 3, scale: "integer" }, 2), [1, 2, 3]);
    assert.ok(firstMarks({ from: 1e-5, to: 1e-2, scale: "log" }, 4.2e-4).includes(4.2e-4));
  });

  test("the first marks of a range rise, belong to it, include both its ends, and are few", () => {
    fc.assert(
      fc.property(anyRange, (range) => {
        const all = firstMarks(range);
        assert.ok(
          all.every((mark, i) => contains(range, mark) && (i === 0 || mark > (all[i - 1] ?? Number.NaN))),
          all.join(" "),
        );
        assert.ok([range.from, range.to].every((end) => all.includes(end)));
        assert.equal(all.includes(0), contains(range, 0) && (range.zero === true || all.includes(0)));
        assert.ok(all.length >= 2 && all.length <= 16, `${all.length}: ${all.join(" ")}`);
        const size = isWhole(range) ? range.to - range.from + 1 : Number.POSITIVE_INFINITY;
        assert.ok(all.length >= Math.min(6, size), `${all.length}: ${all.join(" ")}`);
      }),
      { numRuns: 500 },
    );
  });

  test("the first marks of a range are evenly spaced on its scale: no gap is four times the usual one", () => {
    fc.assert(
      fc.property(anyRange, (range) => {
        const places = firstMarks(range).map((mark) => placeOf(range, mark));
        const gaps = places.slice(1).map((place, i) => place - (places[i] ?? 0));
        // Few whole numbers lie at the low end of a log scale.
        const isCoarse = isWhole(range) && range.from < 16;
        assert.ok(isCoarse || Math.max(...gaps) < 4 / gaps.length, `${firstMarks(range).join(" ")}`);
      }),
      { numRuns: 500 },
    );
  });
});

describe("the roundest number between two", () => {
  test("the roundest number between two has the fewest digits, then begins with 1, 2 or 5 or ends in 5", () => {
    assert.equal(roundestBetween(0.00012, 0.00017), 0.00015);
    assert.equal(roundestBetween(0.0031, 0.0064), 0.005);
    assert.equal(roundestBetween(61, 69), 65);
    assert.equal(roundestBetween(0.41, 0.49), 0.45);
    assert.equal(roundestBetween(-0.0064, -0.0031), -0.005);
    assert.equal(roundestBetween(-1, 3), 0);
    assert.equal(roundestBetween(9.5e4, 1.2e5), 1e5);
  });

  test("the roundest number between two lies between them", () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.double({ min: 1e-12, max: 1, noNaN: true }),
        (low, share) => {
          const high = low + Math.abs(low) * share;
          const found = roundestBetween(low, high);
          assert.ok(!Number.isFinite(high) || (found >= low && found <= high), `${low} ${found} ${high}`);
        },
      ),
    );
  });
});

describe("places on a scale", () => {
  test("places on a scale go from 0 to 1, and back to the number", () => {
    fc.assert(
      fc.property(anyRange, fc.double({ min: 0, max: 1, noNaN: true }), (range, share) => {
        assert.equal(placeOf(range, range.to), 1);
        assert.equal(placeOf(range, range.from), range.zero === true ? 0.1 : 0);
        const lowest = placeOf(range, range.from);
        const place = lowest + share * (1 - lowest);
        assert.ok(Math.abs(placeOf(range, numberAt(range, place)) - place) < 1e-6);
      }),
    );
  });

  test("places on a scale end at exactly 1, whatever is rounded on the way", () => {
    assert.equal(placeOf({ from: 1e-6, to: 0.1, scale: "log", zero: true }, 0.1), 1);
    const close = { from: 1e300, to: 1e300 * (1 + Number.EPSILON), scale: "log" } as const;
    assert.ok(Number.isNaN(placeOf(close, close.to)));
  });

  test("places of a list are even, in the order of the dial, and those of a range follow its scale", () => {
    assert.deepEqual([...placesOf(ordered("a", ["x", "y", "z"]))], [0, 0.5, 1]);
    assert.deepEqual([...placesOf({ ...ordered("a", [1, 3, 2]), dial: [0, 2, 1] })], [0, 1, 0.5]);
    assert.deepEqual([...placesOf(ordered("a", [7]))], [0]);
    const range = { from: 1, to: 100, scale: "log", zero: true } as const;
    const places = [...placesOf({ ...ordered("a", [0, 1, 100, 10]), dial: [0, 1, 3, 2], range })];
    assert.deepEqual(
      places.map((place) => place.toFixed(6)),
      ["0.000000", "0.100000", "1.000000", "0.550000"],
    );
  });

  test("a draw over a range is uniform over its scale, however dense the marks are somewhere", () => {
    const range = { from: 0, to: 1, scale: "linear" } as const;
    const dense = { ...ordered("a", [0, 0.5, 0.51, 0.52, 0.53, 0.54, 0.55, 1]), range };
    assert.ok(Math.abs([...partsOf(dense)].reduce((sum, part) => sum + part, 0) - 1) < 1e-12);
    const rng = rngFrom("draws");
    let low = 0;
    for (let i = 0; i < 4000; i += 1) if (drawPosition(dense, rng) === 0) low += 1;
    // Half of the way from 0 to 0.5, and as much beyond the end: 0.5 of 1.475.
    assert.ok(Math.abs(low / 4000 - 0.5 / 1.475) < 0.03, `${low} of 4000`);
    const even = { ...ordered("a", [0, 0.25, 0.5, 0.75, 1]), range };
    assert.deepEqual([...partsOf(even)], [0.2, 0.2, 0.2, 0.2, 0.2]);
  });
});
