import assert from "node:assert/strict";
import { test } from "node:test";
import { alice, Story } from "../../../../support/stories/control-story.ts";

/** Completes runs for a model to learn from. */
async function searched(story: Story, runs: number): Promise<void> {
  for (let i = 0; i < runs; i += 1) {
    const n = Number(await story.claim());
    story.say(alice, n, "result", (story.table.trial(n)?.configuration[0] ?? 0) + 0.1 * (n % 3));
  }
}

test("the first choice of a new leader is the model's, as its predecessor's were", async () => {
  const story = new Story({ totalRuns: 50 });
  await searched(story, 15);
  const heir = new Story({}, story.test.reign.state, story.job);
  const n = Number(await heir.claim());
  assert.match(heir.table.trial(n)?.why ?? "", /the model expects/);
});

test("what was planned for a job, and its model, are forgotten when the job is over", async () => {
  const story = new Story({ totalRuns: 15 });
  await searched(story, 14);
  const { reign } = story.test;
  assert.equal(reign.choices.size, 1);
  await searched(story, 1);
  assert.equal(story.table.state, "completed");
  assert.equal(reign.choices.size, 0);
  const { model } = story.table;
  const last = model.now;
  assert.equal(model.now, last);
  story.say(alice, 15, "result", 1);
  assert.equal(story.test.events.at(-1)?.type, "late");
  assert.notEqual(model.now, last, "the leader keeps none");
  assert.deepEqual(model.now?.best.runSet.key, last?.best.runSet.key);
});
