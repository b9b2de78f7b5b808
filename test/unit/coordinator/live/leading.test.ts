import assert from "node:assert/strict";
import { test } from "node:test";
import { Leading } from "../../../../coordinator/live/leading.ts";
import { SideWork } from "../../../../coordinator/live/side-work.ts";
import { leadOf } from "../../../../shared/domain/evaluation/lead.ts";
import { apply } from "../../../../shared/domain/fold/workspace-state.ts";
import { stateOf } from "../../../support/stories/job-story.ts";
import { storyOfRuns } from "../../../support/stories/story-of-runs.ts";

test("a screen's count of the lead continues from run to run, and restarts when the leader changes", () => {
  const leading = new Leading(new SideWork(), () => 0);
  const runs: [number, number, number][] = [
    [0, 0, 0.5],
    [1, 0, 0.1],
  ];
  const story = storyOfRuns(runs);
  const state = stateOf(story);
  const table = state.jobs.get(story.job);
  assert.ok(table);
  const told = story.events.length;
  let now = 0;
  const shown = (): unknown => {
    now += 1000;
    return leading.lead(table, now);
  };
  assert.deepEqual(shown(), { key: "0.0", runs: 2 });
  const complete = (run: string, configuration: [number, number], hpmax: number): void => {
    story.completed(story.started(run, configuration), run, hpmax);
    for (const event of story.events.slice(-2)) apply(state, event);
  };
  complete("run1.3", [1, 0], 0.1);
  assert.deepEqual(shown(), { key: "0.0", runs: 3 });
  for (let i = 4; i <= 12; i += 1) complete(`run1.${i}`, [2, 1], 0.9);
  assert.deepEqual(shown(), leadOf(table));
  assert.notEqual(leadOf(table)?.key, "0.0");
  assert.equal(story.events.length - told, 20);
});
