import assert from "node:assert/strict";
import { test } from "node:test";
import { BestsSoFar } from "../../../../../coordinator/leader/reign/bests-so-far.ts";
import { leadOf } from "../../../../../shared/domain/evaluation/lead.ts";
import type { JournalEvent } from "../../../../../shared/domain/fold/events.ts";
import { apply } from "../../../../../shared/domain/fold/workspace-state.ts";
import type { Configuration } from "../../../../../shared/domain/hyperparameter.ts";
import { stateOf } from "../../../../support/stories/job-story.ts";
import { storyOfRuns } from "../../../../support/stories/story-of-runs.ts";

/** A search of two runs, to which more are told one by one. */
function search() {
  const story = storyOfRuns([
    [0, 0, 0.5],
    [1, 0, 0.1],
  ]);
  const state = stateOf(story);
  const table = state.jobs.get(story.job);
  assert.ok(table);
  let runs = 2;
  const complete = (configuration: Configuration, hpmax: number): void => {
    runs += 1;
    const told = story.events.length;
    story.completed(story.started(`run1.${runs}`, configuration), `run1.${runs}`, hpmax);
    for (const event of story.events.slice(told) as JournalEvent[]) apply(state, event);
  };
  return { table, complete };
}

test("a stop rule counts how long the model's best has led, from the history and then by each result", () => {
  const { table, complete } = search();
  const bests = new BestsSoFar({ monotonic: () => 0 });
  assert.deepEqual([bests.of(table).mean, bests.of(table).bestFor], [0.5, 2]);
  complete([1, 0], 0.12);
  complete([0, 0], 0.52);
  assert.deepEqual([bests.of(table).mean, bests.of(table).bestFor], [0.51, 4]);
  // A leader that takes over counts the same from the history.
  assert.equal(new BestsSoFar({ monotonic: () => 0 }).of(table).bestFor, leadOf(table)?.runs);
  for (let i = 0; i < 8; i += 1) {
    complete([2, 1], 0.9 + i / 1000);
    bests.of(table);
  }
  assert.ok(bests.of(table).mean > 0.9 && bests.of(table).bestFor < 9);
});

test("a diverged run and a lucky one do not stop a search", () => {
  const { table, complete } = search();
  const bests = new BestsSoFar({ monotonic: () => 0 });
  for (let i = 0; i < 6; i += 1) complete([0, 0], 0.5 + i / 1000);
  complete([1, 1], -1e24);
  assert.ok(bests.of(table).mean > 0.49 && bests.of(table).mean < 0.51);
});

test("a stop rule asks the model for the best no more often than its time allows", () => {
  const { table, complete } = search();
  let now = 0;
  // Each look at the clock moves it by 2 ms, so that a model seems to take time.
  const bests = new BestsSoFar({
    monotonic: () => {
      now += 2;
      return now;
    },
  });
  assert.equal(bests.of(table).bestFor, 2);
  complete([0, 0], 0.5);
  assert.equal(bests.of(table).bestFor, 2);
  now += 1000;
  assert.equal(bests.of(table).bestFor, 3);
});

test("a stop rule knows no best before any run has completed", () => {
  const story = storyOfRuns([]);
  const table = stateOf(story).jobs.get(story.job);
  assert.ok(table);
  assert.deepEqual(new BestsSoFar({ monotonic: () => 0 }).of(table), { mean: Number.NaN, bestFor: 0 });
});
