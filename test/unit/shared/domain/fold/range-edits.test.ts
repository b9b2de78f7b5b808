import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { JobChanges, JobSubmitted } from "../../../../../shared/domain/fold/events.ts";
import { changesText, editJob } from "../../../../../shared/domain/fold/job-changes.ts";
import { maximised } from "../../../../../shared/domain/goal.ts";
import { type Hyperparameter, type Range, settingsOf } from "../../../../../shared/domain/hyperparameter.ts";
import { contains } from "../../../../../shared/domain/ranges/range.ts";
import { neighbourhoodOf } from "../../../../../shared/domain/search/neighbourhood.ts";
import { TestReign } from "../../../../support/stories/reign.ts";
import { anyRange, ordered, ranged, unordered } from "../../../../support/stories/search.ts";

function edited(hyperparameter: Hyperparameter, changes: JobChanges): ReturnType<typeof editJob> {
  const test_ = new TestReign();
  const submitted = test_.reign.state.jobs.get(test_.submit({ totalRuns: 50 }))?.submitted;
  assert.ok(submitted);
  return editJob({ ...submitted, hyperparameters: [hyperparameter] } satisfies JobSubmitted, 7, changes);
}

function over(hyperparameter: Hyperparameter, range: Range): Hyperparameter {
  const result = edited(hyperparameter, { addRanges: { [hyperparameter.name]: range } });
  assert.ok(result.ok, result.ok ? "" : result.problems.join("\n"));
  const [after] = result.hyperparameters;
  assert.ok(after);
  return after;
}

const lr = ranged("lr", { from: 1e-4, to: 1e-2, scale: "log" });

describe("an edit of ranges", () => {
  test("an edit that widens a range adds the new end and marks up to it, and what is there stays", () => {
    const after = over(lr, { from: 1e-4, to: 1, scale: "log" });
    assert.deepEqual(after.values.slice(0, lr.values.length), lr.values);
    assert.deepEqual(after.values.slice(lr.values.length), [0.03, 0.1, 0.3, 1]);
    assert.deepEqual(after.range, { from: 1e-4, to: 1, scale: "log" });
    assert.deepEqual(after.grown, [{ from: lr.values.length, after: 7 }]);
  });

  test("an edit makes a list a rising range, whatever its order was, and steps follow the scale", () => {
    const after = over(unordered("clip", [8, 2, 4]), { from: 1, to: 16, scale: "log" });
    assert.equal(after.ordered, true);
    const rising = after.dial?.map((position) => Number(after.values[position])) ?? [];
    assert.deepEqual(
      rising,
      [...after.values].map(Number).sort((a, b) => a - b),
    );
    const around = neighbourhoodOf([after], [1]).map(({ configuration }) => settingsOf([after], configuration)[0]);
    const at = rising.indexOf(2);
    assert.deepEqual(around, [2, rising[at - 1], rising[at + 1]]);
  });

  test("an edit of a range includes 0 on a log scale if it says so", () => {
    const after = over(ordered("decay", [0, 0.01, 0.1]), { from: 0.001, to: 1, scale: "log", zero: true });
    assert.ok(after.values.every((value) => contains(after.range ?? { from: 1, to: 2, scale: "log" }, value)));
  });

  test("an edit adds a value inside of a range as a mark", () => {
    const result = edited(lr, { addValues: { lr: [2.7e-3] } });
    assert.ok(result.ok);
    const [after] = result.hyperparameters;
    const rising = after?.dial?.map((position) => Number(after.values[position])) ?? [];
    assert.deepEqual(
      rising,
      rising.toSorted((a, b) => a - b),
    );
    assert.ok(rising.includes(2.7e-3));
  });

  const none: Range = { from: 1e-4, to: 1e-2, scale: "log" };
  const refusals: readonly (readonly [what: string, Hyperparameter, JobChanges, RegExp])[] = [
    ["a name that is not there", lr, { addRanges: { lrr: none } }, /no hyperparameter "lrr"; did you mean lr\?/],
    ["the range that it has", lr, { addRanges: { lr: none } }, /lr has the range 0.0001..0.01:log already/],
    [
      "a range that leaves values out",
      lr,
      { addRanges: { lr: { ...none, from: 1e-3 } } },
      /does not include its values 0.0001, [\s\S]*which are from 0.0001 to 0.01; no value can be removed/,
    ],
    [
      "words as a range",
      ordered("size", ["small", "large"]),
      { addRanges: { size: { from: 1, to: 2, scale: "linear" } } },
      /does not include its values small, large\n {2}only a hyperparameter of numbers can become a range/,
    ],
    [
      "broken values as whole numbers",
      ordered("n", [1, 2.5]),
      { addRanges: { n: { from: 1, to: 9, scale: "integer" } } },
      /does not include its values 2.5/,
    ],
    [
      "an end above the other",
      lr,
      { addRanges: { lr: { from: 1, to: 1e-5, scale: "log" } } },
      /from 1 is above to 0.00001 in the range of lr/,
    ],
    [
      "0 on a log scale",
      lr,
      { addRanges: { lr: { ...none, from: 0 } } },
      /a log scale begins above 0[\s\S]*to include 0/,
    ],
    [
      "a value outside",
      lr,
      { addValues: { lr: [0.1] } },
      /0.1 does not belong to its range 0.0001..0.01:log\n {2}to widen it: --add-range lr=0.0001..0.1:log/,
    ],
    [
      "a word among numbers",
      ordered("batch", [16, 32, 64, 128]),
      { addValues: { batch: ["25b"] } },
      /batch: 25b is a text, and its values are numbers \(16, 32, 64 ..\)\n {2}expected a number/,
    ],
    ["a word in a range", lr, { addValues: { lr: ["high"] } }, /high does not belong to its range/],
  ];
  for (const [what, hyperparameter, changes, problem] of refusals) {
    test(`an edit of ranges refuses ${what}`, () => {
      const result = edited(hyperparameter, changes);
      assert.ok(!result.ok);
      assert.match(result.problems.join("\n"), problem);
    });
  }

  test("an edit of ranges never moves a value, and gives marks of the range alone", () => {
    fc.assert(
      fc.property(anyRange, anyRange, (before, wanted) => {
        const start = ranged("a", before);
        const result = edited(start, { addRanges: { a: wanted } });
        if (!result.ok) return;
        const [after] = result.hyperparameters;
        assert.ok(after);
        assert.deepEqual(after.values.slice(0, start.values.length), start.values);
        assert.equal(new Set(after.values).size, after.values.length);
        assert.ok(after.values.every((value) => contains(wanted, value)));
        assert.ok(after.values.includes(wanted.from) && after.values.includes(wanted.to));
      }),
    );
  });

  test("an edit of ranges is said in words", () => {
    const range = { from: 1e-6, to: 0.1, scale: "log", zero: true } as const;
    assert.deepEqual(changesText({ addRanges: { lr: range } }, maximised), ["lr over 0.000001..0.1:log,zero"]);
  });
});
