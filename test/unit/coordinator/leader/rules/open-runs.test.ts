import assert from "node:assert/strict";
import { test } from "node:test";
import { answerClaim } from "../../../../../coordinator/leader/workers/search-loop.ts";
import type { WorkerId } from "../../../../../shared/domain/names.ts";
import { usualQuotas } from "../../../../../shared/domain/quotas.ts";
import { bob, Story } from "../../../../support/stories/control-story.ts";
import { claim } from "../../../../support/stories/reign.ts";

const mal = "mal" as WorkerId;
const { openRuns } = usualQuotas;

/** What a worker of many slots is answered until it gets nothing: how many runs it got, and the last answer. */
async function takesAll({ test }: Story, most = 2000): Promise<{ got: number; said: string }> {
  for (let got = 0; got < most; got += 1) {
    const answer = await answerClaim(test.reign, mal, claim(`m${test.events.length}`, "boot", { slots: 4096 }));
    if (answer?.kind !== "assigned") return { got, said: answer && "reason" in answer ? answer.reason : "" };
  }
  return { got: most, said: "" };
}

test("a worker that ends nothing does not hold all runs of a job, however many slots it says it has", async () => {
  const story = new Story({ totalRuns: 300, hpTuning: "random" });
  assert.equal(await story.claim(bob), 1);
  const { got, said } = await takesAll(story);
  // As many as are left for others, halved.
  assert.equal(got, 100);
  assert.match(said, /^mal holds 100 runs and has ended 0: more of job1 are kept for others; .*quota runs=64/);
  assert.equal(story.test.reign.presence.get(mal)?.refusal, said);
  for (let i = 0; i < 3; i += 1) assert.equal(typeof (await story.claim(bob)), "number");
  story.check();
});

test("each run that a worker ends earns it two more beyond the quota, and it is asked to claim again", async () => {
  const story = new Story({ totalRuns: openRuns + 20, hpTuning: "random" });
  assert.equal(await story.claim(bob), 1);
  assert.equal((await takesAll(story)).got, openRuns);
  const { told } = story.test;
  const asked = (): number => told.filter(({ worker, kind }) => worker === mal && kind === "work").length;
  assert.equal(asked(), 0);
  story.say(mal, 2, "result");
  assert.equal(asked(), 1);
  // One for the run that has ended, and two that it has earned.
  assert.equal((await takesAll(story)).got, 3);
  story.say(mal, 3, "failed");
  assert.equal((await takesAll(story)).got, 3);
});

test("a large machine gets a run for each slot where many runs are left, or where it is the only worker", async () => {
  const many = new Story({ totalRuns: 10_000, hpTuning: "random" });
  assert.equal(await many.claim(bob), 1);
  assert.equal((await takesAll(many, 512)).got, 512);
  const alone = new Story({ totalRuns: 300, hpTuning: "random" });
  assert.equal((await takesAll(alone)).got, 300);
});
