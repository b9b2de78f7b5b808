import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { withMarks } from "../../../../../shared/domain/fold/grown-dials.ts";
import type { Hyperparameter } from "../../../../../shared/domain/hyperparameter.ts";
import { finerMarks, type Marks, mostMarks } from "../../../../../shared/domain/ranges/finer-marks.ts";
import { dialOf } from "../../../../../shared/domain/ranges/places.ts";
import { contains } from "../../../../../shared/domain/ranges/range.ts";
import { anyRange, type Completion, indexOf, ordered, ranged } from "../../../../support/stories/search.ts";

const lr = ranged("lr", { from: 1e-5, to: 1e-2, scale: "log" });

/** `count` runs at each position, with almost equal hpmax. */
const runsAt = (values: readonly (readonly [position: number, hpmax: number, count: number])[]): Completion[] =>
  values.flatMap(([position, hpmax, count]) =>
    Array.from({ length: count }, (_, i): Completion => [[position], hpmax + i / 1e6]),
  );

/** Finer marks of one hyperparameter, with the highest mean as the best. */
const around = (hyperparameter: Hyperparameter, runs: readonly Completion[], length = 0): Marks => {
  const index = indexOf(runs);
  const best = index.best()?.configuration;
  return finerMarks([hyperparameter], index, "around the best", best ? { best, lengths: [length] } : null);
};

describe("finer marks", () => {
  test("finer marks are added on either side of the best mark, once they are measured", () => {
    const runs = runsAt([
      [4, 1, 5],
      [5, 2, 15],
      [6, 1, 5],
    ]);
    assert.deepEqual(around(lr, runs), { lr: [0.0003, 0.0007] });
  });

  test("finer marks are not added beside an untried mark, with too few runs, or in a list", () => {
    const oneSide = runsAt([
      [4, 1, 5],
      [5, 2, 16],
    ]);
    assert.deepEqual(around(lr, oneSide), { lr: [0.0003] });
    const few = runsAt([
      [4, 1, 2],
      [5, 2, 2],
    ]);
    assert.deepEqual(around(lr, few), {});
    assert.deepEqual(around(ordered("lr", lr.values), oneSide), {});
    assert.deepEqual(around(lr, []), {});
    assert.deepEqual(finerMarks([lr], indexOf(oneSide), "nowhere", null), {});
  });

  test("where no configuration runs twice, one run of the best mark suffices for finer marks beside it", () => {
    const runs = indexOf(lr.values.map((_, at): Completion => [[at], -Math.abs(at - 5)]));
    const known = { best: [5], lengths: [0] };
    for (const [isExhausted, count] of [
      [true, 2],
      [false, 0],
    ] as const) {
      const marks = finerMarks([lr], runs, "around the best", known, { runsOnce: true, isExhausted });
      assert.equal(marks["lr"]?.length ?? 0, count);
    }
    assert.deepEqual(finerMarks([lr], runs, "around the best", known), {});
  });

  test("finer marks are as fine as the number of runs allows, and no finer than the search can tell", () => {
    const runs = (count: number) =>
      runsAt([
        [4, 1, 3],
        [5, 2, count],
      ]);
    const finer = withMarks(lr, around(lr, runs(20))["lr"] ?? [], 0);
    assert.equal(finer.values.length, 11);
    assert.deepEqual(around(finer, runs(20)), {});
    assert.deepEqual(around(lr, runs(20), 10), {});
  });

  test("random search gets finer marks everywhere, up to about one mark for two runs", () => {
    const marks = finerMarks([lr], indexOf(runsAt([[0, 1, 30]])), "everywhere", null);
    assert.equal(marks["lr"]?.length, 5);
  });

  test("finer marks never come between 0 and the lowest number of a log range", () => {
    const clip = ranged("clip", { from: 1, to: 100, scale: "log", zero: true });
    const runs = runsAt([
      [0, 2, 20],
      [1, 1, 20],
    ]);
    assert.deepEqual(around(clip, runs), {});
  });

  test("finer marks are all different, inside of the range, on a rising dial and limited in number", () => {
    fc.assert(
      fc.property(
        anyRange,
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: -3, max: 3 }), fc.integer({ min: 1, max: 400 })), {
          minLength: 1,
          maxLength: 12,
        }),
        fc.constantFrom("around the best" as const, "everywhere" as const),
        (range, told, refining) => {
          let dial = ranged("a", range);
          const runs: Completion[] = [];
          for (const [at, hpmax, count] of told) {
            runs.push(...runsAt([[at % dial.values.length, hpmax, count]]));
            const marks =
              refining === "everywhere" ? finerMarks([dial], indexOf(runs), refining, null) : around(dial, runs);
            dial = withMarks(dial, marks["a"] ?? [], 0);
          }
          assert.equal(new Set(dial.values).size, dial.values.length);
          assert.ok(dial.values.every((value) => contains(range, value)));
          const rising = dialOf(dial).map((position) => Number(dial.values[position]));
          assert.deepEqual(
            rising,
            rising.toSorted((a, b) => a - b),
          );
          assert.ok(dial.values.length <= mostMarks);
        },
      ),
      { numRuns: 60 },
    );
  });
});
