import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { leaderOf, leadOf } from "../../../../../shared/domain/evaluation/lead.ts";
import type { RunTable } from "../../../../../shared/domain/fold/run-table.ts";
import { type JobStory, stateOf } from "../../../../support/stories/job-story.ts";
import { storyOfRuns } from "../../../../support/stories/story-of-runs.ts";

test("the leader and the length of its lead are those of nexus eval, for any runs", () => {
  const run = fc.tuple(fc.nat(2), fc.nat(1), fc.constantFrom(0, 0.25, 0.5, 0.75, 1));
  fc.assert(
    fc.property(fc.array(run, { maxLength: 30 }), (runs) => {
      const table = tableOf(storyOfRuns(runs));
      const leader = leaderOf(table);
      const lead = leadOf(table);
      assert.equal(lead?.key, leader?.runSet.key);
      if (runs.length > 0) assert.ok(lead && lead.runs >= 1 && lead.runs <= runs.length);
    }),
  );
});

function tableOf(story: JobStory): RunTable {
  const table = stateOf(story).jobs.get(story.job);
  assert.ok(table);
  return table;
}
