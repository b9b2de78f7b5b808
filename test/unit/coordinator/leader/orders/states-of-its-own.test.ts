import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { alice, bob, Story } from "../../../../support/stories/control-story.ts";

/** A job that pauses itself: three runs have failed on alice; bob holds a fourth. */
async function pausedStory(settings: { readonly maxJobSeconds?: number } = {}): Promise<Story> {
  const failing = { hpTuning: "random", maxFailuresInARow: 3, maxFailuresAtStart: null } as const;
  const story = new Story({ totalRuns: 9, ...failing, ...settings });
  for (const worker of [alice, alice, alice, bob]) await story.claim(worker);
  for (const n of [1, 2, 3]) story.say(alice, n, "failed");
  assert.deepEqual([story.table.state, story.table.pauseCause], ["paused", "failures"]);
  return story;
}

/** Lets time pass while bob renews its run. */
async function renewing(story: Story, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    await story.renew(bob, 4);
    story.wait(1000);
  }
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

describe("a job whose time is over", () => {
  test("a job that paused itself ends at its deadline or max_job_time too, after its open runs", async () => {
    const story = await pausedStory({ maxJobSeconds: 10 });
    await renewing(story, 11);
    assert.match(story.table.reason, /^max_job_time is over: 10 s/);
    assert.equal(story.table.state, "stopping");
    await story.edit({ maxFailuresInARow: null });
    story.say(bob, 4, "failed");
    assert.equal(story.table.state, "completed");
    story.check();
  });

  test("a job that was ordered to finish its runs ends if its deadline has passed meanwhile", async () => {
    const story = new Story({ totalRuns: 9, deadline: 2000 });
    await story.claim();
    await story.do("drain");
    story.wait(2500);
    assert.equal(story.table.state, "draining");
    story.say(alice, 1, "result");
    story.wait(500);
    assert.deepEqual([story.table.state, story.table.reason.slice(0, 13)], ["completed", "the deadline "]);
    story.check();
  });

  test("a job that a person has paused stays so at its deadline, and no lost run of it is given out", async () => {
    const story = new Story({ totalRuns: 9, deadline: 2000 });
    await story.claim();
    story.say(alice, 1, "released");
    await story.do("pause");
    story.wait(2500);
    assert.deepEqual([story.table.state, story.table.reason], ["paused", "paused by andreas"]);
    assert.match(String(await story.claim(bob)), /^wait: job1 is paused/);
    story.check();
  });
});
