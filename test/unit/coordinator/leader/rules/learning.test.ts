import assert from "node:assert/strict";
import { test } from "node:test";
import { apply, emptyWorkspace } from "../../../../../shared/domain/fold/workspace-state.ts";
import { alice, Story } from "../../../../support/stories/control-story.ts";

test("a leader learns from jobs of an earlier version one by one, so that lists of jobs are quick", async () => {
  const before = new Story({ totalRuns: 12 });
  const jobs = [before.job, before.test.submit({ totalRuns: 5 }), before.test.submit({ totalRuns: 12 })];
  for (let i = 0; i < 29; i += 1) {
    await before.claim();
    for (const table of before.test.reign.state.jobs.values()) {
      for (const { n } of table.trials.open())
        before.hear(before.test.message(alice, table.job, n, "result", 1, i % 7));
    }
  }
  const state = emptyWorkspace();
  for (const event of before.test.events) if (event.type !== "learned") apply(state, event);
  const story = new Story({}, state, before.job);
  const learned = (): unknown[] => jobs.map((job) => state.jobs.get(job)?.model.learned?.results);
  assert.deepEqual(learned(), [undefined, undefined, undefined]);
  story.wait(750);
  assert.deepEqual(learned(), [12, undefined, undefined]);
  story.wait(7500);
  assert.deepEqual(learned(), [12, undefined, 12], "five results teach nothing");
  const { length } = story.test.events;
  story.wait(7500);
  assert.equal(story.test.events.length, length);
});
