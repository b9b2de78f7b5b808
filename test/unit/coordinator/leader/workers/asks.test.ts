import assert from "node:assert/strict";
import { test } from "node:test";
import { answerAsk } from "../../../../../coordinator/leader/workers/asks.ts";
import { restoreSnapshot, takeSnapshot } from "../../../../../shared/domain/fold/snapshot.ts";
import type { JobName, WorkerId } from "../../../../../shared/domain/names.ts";
import { decodeAnswer, encodeAnswer, type JobAnswer } from "../../../../../shared/wire/messages.ts";
import { alice, bob, Story } from "../../../../support/stories/control-story.ts";
import { claim } from "../../../../support/stories/reign.ts";

const asked = async ({ test }: Story, worker: WorkerId, job: JobName): Promise<JobAnswer> => {
  const answer = await answerAsk(test.reign, worker, { kind: "job", job });
  const read = answer && decodeAnswer(encodeAnswer(answer));
  assert.ok(read?.kind === "job");
  return read;
};

test("what a job runs is told to workers that were given a run of it, also after they lost it", async () => {
  const story = new Story({ totalRuns: 2 });
  const { job } = story;
  assert.equal((await asked(story, alice, job)).text, "");
  assert.equal(await story.claim(alice), 1);
  const { text } = story.table.submitted;
  assert.equal((await asked(story, alice, job)).text, text);
  story.say(alice, 1, "released");
  assert.equal((await asked(story, alice, job)).text, text);
  // The next leader knows it too, from a snapshot.
  const next = new Story({}, restoreSnapshot(structuredClone(takeSnapshot(story.test.reign.state))), job);
  assert.equal((await asked(next, alice, job)).text, text);
});

test("a worker that never had a run of a job hears only whether it is over", async () => {
  const story = new Story({ totalRuns: 1 });
  const { job } = story;
  assert.equal(await story.claim(alice), 1);
  const nothing = {
    file: "",
    text: "",
    sources: {},
    commandLine: {},
    code: null,
    largeCode: undefined,
    inputs: undefined,
  };
  const { term } = story.test.reign;
  assert.deepEqual(await asked(story, bob, job), { kind: "job", term, job, ...nothing, over: false });
  story.say(alice, 1, "result");
  assert.deepEqual(await asked(story, bob, job), { kind: "job", term, job, ...nothing, over: true });
});

test("a job that was deleted meanwhile is over for the workers that ask about it", async () => {
  const story = new Story({ totalRuns: 1 });
  const { job } = story;
  assert.equal(await story.claim(alice), 1);
  story.say(alice, 1, "result");
  const { reign } = story.test;
  await reign.record({ type: "job-deleted", job, before: 1, messages: null, by: "ann", op: "d" });
  assert.deepEqual([reign.state.jobs.size, (await asked(story, alice, job)).over], [0, true]);
  assert.equal(await answerAsk(reign, alice, { kind: "job", job: "job9" as JobName }), undefined);
});

test("a worker that goes on with another's run is told what the job runs", async () => {
  const story = new Story({ totalRuns: 1 });
  const { job } = story;
  assert.equal(await story.claim(alice), 1);
  story.say(alice, 1, "released");
  assert.equal(await story.claim(bob), 1);
  assert.equal((await asked(story, bob, job)).text, story.table.submitted.text);
});

test("a worker can read why it is refused, however long the reason is", async () => {
  const { test } = new Story();
  const targets = Array.from({ length: 50 }, (_, i) => `pool-${i}`.padEnd(64, "x"));
  const enrolled = { type: "worker-enrolled", worker: alice, publicKey: "", host: "lab", op: "e1" } as const;
  await test.reign.record({ ...enrolled, targets });
  const answer = await answerAsk(test.reign, alice, claim("c1", "boot", { targets: ["cpu"] }));
  const read = answer && decodeAnswer(encodeAnswer(answer));
  assert.ok(read?.kind === "refused");
  assert.match(read.reason, /^alice serves cpu, but was invited for pool-0x/);
});
