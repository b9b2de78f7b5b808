import assert from "node:assert/strict";
import { test } from "node:test";
import { countsLine } from "../../../../../coordinator/cli/submit/wait-for-jobs.ts";
import { JobStory, stateOf } from "../../../../support/stories/job-story.ts";

test("the wait for jobs says that a job is paused, what continues it, and why", () => {
  const story = new JobStory({ number: 6 });
  const shown = (): string => countsLine(stateOf(story), [story.job], false, " --workspace ws2");
  assert.equal(shown(), "job6 0/100, waiting for a worker");
  story.endedWithout(story.started("run1.1", []), "run1.1", "failed", "it broke");
  story.over("paused", "5 runs have failed\u001b[2J");
  assert.equal(shown(), "job6 1/100, paused (to go on: nexus resume job6 --workspace ws2): 5 runs have failed [2J");
  story.over("searching");
  assert.equal(shown(), "job6 1/100, waiting for a worker");
  story.over("stopping", "the best is settled");
  assert.equal(shown(), "job6 1/100, stopping: the best is settled");
  story.over("completed", "all runs have ended");
  assert.equal(shown(), "job6 1/100, completed");
});
