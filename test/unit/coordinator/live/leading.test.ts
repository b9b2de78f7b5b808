import assert from "node:assert/strict";
import { test } from "node:test";
import { Leading } from "../../../../coordinator/live/leading.ts";
import { SideWork } from "../../../../coordinator/live/side-work.ts";
import { leadOf } from "../../../../shared/domain/evaluation/lead.ts";
import { apply, emptyWorkspace } from "../../../../shared/domain/fold/workspace-state.ts";
import { JobStory, stateOf } from "../../../support/stories/job-story.ts";
import { ordered } from "../../../support/stories/search.ts";
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

test("the leader is found again when it becomes infeasible, and when the model has learned", () => {
  const leading = new Leading(new SideWork(), () => 0);
  const hyperparameters = [ordered("lr", [0.1, 0.2, 0.3])];
  const story = new JobStory({ number: 1, hyperparameters, settings: { require: ["memory_gb <= 8"] } });
  const state = emptyWorkspace();
  let told = 0;
  const tell = (): void => {
    for (const event of story.events.slice(told)) apply(state, event);
    told = story.events.length;
  };
  let runs = 0;
  const complete = (place: number, hpmax: number, memory: number): void => {
    runs += 1;
    const run = `run1.${runs}`;
    story.completed(story.started(run, [place]), run, hpmax, 100, { "s1-memory_gb": memory });
    tell();
  };
  for (const [place, hpmax] of [
    [0, 0.9],
    [1, 0.5],
    [2, 0.1],
  ] as const)
    complete(place, hpmax, 4);
  const table = state.jobs.get(story.job);
  assert.ok(table);
  const shown = (now: number): string | undefined => leading.leader(table, now)?.runSet.key;
  assert.equal(shown(1000), "0");
  complete(0, 0.9, 9);
  assert.equal(shown(2000), "1");
  const before = leading.leader(table, 3000);
  const beliefs = { ...(table.model.now?.beliefs ?? assert.fail()) };
  apply(state, { type: "learned", job: story.job, beliefs, results: 3, at: story.at });
  assert.notEqual(leading.leader(table, 4000), before);
});
