import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { EndedWithout, JournalEvent } from "../../../../../shared/domain/fold/events.ts";
import { InvariantCheck } from "../../../../../shared/domain/invariants/invariants.ts";
import { JobStory, stateOf } from "../../../../support/stories/job-story.ts";

/** A job of three runs, the first of them pruned with a prediction. */
function story(more: Partial<EndedWithout>): {
  readonly story: JobStory;
  readonly violations: () => readonly string[];
} {
  const told = new JobStory({ number: 1, hyperparameters: [{ name: "a", ordered: true, values: [1, 2], tuned: 1 }] });
  const runs = [told.started("run1.1", [0]), told.started("run1.2", [1]), told.started("run1.3", [1])];
  told.endedWithout(runs[0] ?? 0, "run1.1", "pruned", "hopeless");
  const [last] = told.events.splice(-1);
  told.events.push({ ...last, predicted: { hpmax: 0.5, weight: 0.25 }, ...more } as JournalEvent);
  told.completed(runs[1] ?? 0, "run1.2", 0.7);
  const violations = (): readonly string[] => {
    const checking = new InvariantCheck({ evidenceFrom: 1e9 });
    for (const event of told.events) checking.event(event);
    checking.compare(stateOf(told));
    return checking.violations();
  };
  return { story: told, violations };
}

describe("predictions of pruned runs", () => {
  test("predictions of pruned runs count as parts of a run, and in no result", () => {
    const { story: told, violations } = story({});
    assert.deepEqual(violations(), []);
    const table = [...stateOf(told).jobs.values()][0];
    assert.deepEqual(table?.predictions, [1]);
    assert.equal(table?.runSets.totals.completed, 1);
    assert.deepEqual(
      [...(table?.runSets ?? [])].map(({ predictedWeight, predictedMean }) => [predictedWeight, predictedMean]),
      [
        [0.25, 0.5],
        [0, Number.NaN],
      ],
    );
  });

  for (const [what, more, expected] of [
    ["of a run that failed", { outcome: "failed" }, /job1 trial 1: a prediction, but the run was failed, not pruned/],
    ["that are no number", { predicted: { hpmax: Number.NaN, weight: 0.5 } }, /predicted hpmax NaN with weight 0.5/],
    ["worth more than a run", { predicted: { hpmax: 1, weight: 1.5 } }, /predicted hpmax 1 with weight 1.5/],
  ] as const) {
    test(`the invariants find predictions ${what}`, () => assert.match(story(more).violations().join("\n"), expected));
  }
});
