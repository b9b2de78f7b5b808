import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { alice, bob, Story } from "../../../../support/stories/control-story.ts";

/** A job that pauses itself: three runs have failed on alice; bob holds a fourth. */
async function pausedStory(): Promise<Story> {
  const failing = { hpTuning: "random", maxFailuresInARow: 3, maxFailuresAtStart: null } as const;
  const story = new Story({ totalRuns: 9, ...failing });
  for (const worker of [alice, alice, alice, bob]) await story.claim(worker);
  for (const n of [1, 2, 3]) story.say(alice, n, "failed");
  assert.deepEqual([story.table.state, story.table.pauseCause], ["paused", "failures"]);
  return story;
}

describe("a job that the coordinator paused or stopped", () => {
  test("a job that paused itself stays so, though the sick machine is benched, once a person pauses it", async () => {
    for (const isOrdered of [false, true]) {
      const story = await pausedStory();
      if (isOrdered) assert.match(await story.do("pause"), /^ok: paused, 1 running/);
      if (isOrdered) assert.equal(await story.do("pause"), "ok: job1 is paused already");
      story.say(bob, 4, "result");
      assert.equal(story.test.reign.state.workers.get(alice)?.state, "benched");
      assert.equal(story.table.state, isOrdered ? "paused" : "searching");
      story.check();
    }
  });

  test("a job that its rule has stopped stays so, though an edit lifts the rule, once a person stops it", async () => {
    const story = new Story({ totalRuns: 9, stopWhen: { name: "runs", op: ">=", value: 1 } });
    await story.claim();
    await story.claim();
    story.say(alice, 1, "result");
    assert.deepEqual([story.table.state, story.table.stateActor], ["stopping", "coordinator"]);
    assert.match(await story.do("stop"), /^ok: stopping, 1 running/);
    await story.edit({ stopWhen: null });
    assert.deepEqual([story.table.state, story.table.reason], ["stopping", "stopped by andreas"]);
    story.check();
  });
});
