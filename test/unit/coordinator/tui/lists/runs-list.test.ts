import assert from "node:assert/strict";
import { test } from "node:test";
import { FilterError } from "../../../../../coordinator/runs/filter.ts";
import { misspeltStatus } from "../../../../../coordinator/tui/lists/row-filter.ts";
import { JobStory } from "../../../../support/stories/job-story.ts";
import { modelOf } from "../../../../support/stories/shown-story.ts";

test("the runs' filter takes the words for a status that nexus list runs takes", () => {
  const story = new JobStory({ number: 1 });
  for (let i = 1; i <= 5; i += 1) story.started(`run1.${i}`, []);
  story.completed(1, "run1.1", 0.5);
  story.endedWithout(2, "run1.2", "failed", "out of memory");
  story.endedWithout(3, "run1.3", "timed out", "the time is over");
  story.lost(4, "run1.4", "no sign of life");
  const { runs } = modelOf(story).lists;
  const passing = (text: string): string[] => {
    runs.setFilter(text, 1);
    return runs.rows.map(({ trial }) => trial.run.slice("run1.".length)).toSorted();
  };
  for (const [text, expected] of [
    ["status=failed", "2"],
    ["status!=failed", "1 3 4 5"],
    ["status=error", "2"],
    ["status=done", "1"],
    ["status=timeout", "3"],
    ['status="timed out"', "3"],
    ["status=waiting", "4"],
    ["status=$none", ""],
    ["done", "1"],
    ["timed-out", "3"],
    ["!failed", "1 3 4 5"],
    ["!waiting", "1 2 3 5"],
    ["memory", "2"],
    ["memory !timed-out", "2"],
  ] as const) {
    assert.equal(passing(text).join(" "), expected, text);
    assert.equal(misspeltStatus(text), undefined, text);
  }
  assert.throws(
    () => runs.setFilter("run status=runing", 1),
    (error) => {
      assert.ok(error instanceof FilterError);
      assert.match(error.problem, /^no run is ever "runing"; did you mean running\?/);
      assert.deepEqual([error.at, error.length], [11, 6]);
      return true;
    },
  );
});
