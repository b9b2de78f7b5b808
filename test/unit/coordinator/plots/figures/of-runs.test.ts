import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseRuns } from "../../../../../coordinator/plots/data/chosen-runs.ts";
import { ofRuns, silentNote, unfinishedNote } from "../../../../../coordinator/plots/figures/of-runs.ts";
import { runs as kind } from "../../../../../coordinator/plots/kinds/runs.ts";
import type { TypedOptions } from "../../../../../coordinator/plots/option.ts";
import { JobStory, stateOf } from "../../../../support/stories/job-story.ts";
import { ordered } from "../../../../support/stories/search.ts";

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

test("a plot of one value of each run refuses what it would ignore", async () => {
  const story = new JobStory({ number: 1, hyperparameters: [ordered("lr", [1, 2])] });
  story.completed(story.started("run1.1", [0]), "run1.1", 1);
  const runs = { ...chooseRuns(all, stateOf(story), "ws1"), curves: () => Promise.resolve([]) };
  const plot = (typed: TypedOptions) => ofRuns(runs, kind.asked({ runs: ["job1"], names: ["hpmax"] }, typed));
  const refused: readonly [TypedOptions, RegExp][] = [
    [{ colors: "blue" }, /^UsageError: one value of each run takes no --colors$/],
    [{ groupBy: "job" }, /takes no --group-by/],
    [{ legendTitles: "a" }, /takes no --legend-titles/],
    [{ x: "lr", xScale: "log" }, /^UsageError: the axis of the hyperparameter lr takes no --x-scale$/],
    [{ x: "lr", xLimits: "1," }, /takes no --x-limits/],
    [{ x: "hours", errorBars: "std" }, /is the spread of several runs/],
    [{ plotType: "histogram", xScale: "log" }, /^UsageError: a histogram takes no --x-scale$/],
    [{ plotType: "histogram", yScale: "log" }, /takes no --y-scale/],
    [{ plotType: "histogram", colors: "blue" }, /takes no --colors/],
    [{ plotType: "histogram", breakOn: "run" }, /takes no --break-on/],
  ];
  for (const [typed, message] of refused) await assert.rejects(async () => plot(typed), message, JSON.stringify(typed));
  for (const typed of [{}, { x: "lr", errorBars: "std", yScale: "log" }, { xScale: "log", xLimits: "1," }])
    assert.ok((await plot(typed)).panels.length === 1);
  assert.equal((await plot({ plotType: "histogram", groupBy: "job", layout: "1x1", bins: 3 })).kind, "histogram");
});
