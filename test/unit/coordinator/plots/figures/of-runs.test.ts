import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseRuns } from "../../../../../coordinator/plots/data/chosen-runs.ts";
import { silentNote, unfinishedNote } from "../../../../../coordinator/plots/figures/of-runs.ts";
import { JobStory, stateOf } from "../../../../support/stories/job-story.ts";

const all = { runs: ["job1"], filter: [], status: undefined, maxRuns: undefined };

test("a plot says which of its runs did not complete", () => {
  const story = new JobStory({ number: 1 });
  const [done, failed] = [story.started("run1.1", []), story.started("run1.2", [])];
  story.completed(done, "run1.1", 1);
  story.endedWithout(failed, "run1.2", "failed", "it was told to");
  story.started("run1.3", []);
  const runs = chooseRuns(all, stateOf(story), "ws1");
  const reported = new Set(runs.rows.map(({ trial }) => trial.run));
  assert.deepEqual(unfinishedNote(runs, reported), [
    "among the runs: 1 running, 1 error; without them: --status=completed",
  ]);
  assert.deepEqual(unfinishedNote(runs, new Set(["run1.1"])), []);
});

test("a plot says how many of its runs reported nothing, without imported ones", () => {
  const imported = [["run9.1", 5, []] as const, ["run9.2", 3, []] as const];
  const story = new JobStory({ number: 1, parents: 1, imported });
  for (const run of ["run1.1", "run1.2", "run1.3"]) story.completed(story.started(run, []), run, 1);
  const { rows } = chooseRuns(all, stateOf(story), "ws1");
  assert.equal(rows.length, 5);
  assert.deepEqual(silentNote({ rows }, new Set(["run1.1", "run1.2", "run1.3"])), []);
  assert.deepEqual(silentNote({ rows }, new Set(["run1.2", "run1.3"])), ["1 of 3 runs has reported nothing"]);
});
