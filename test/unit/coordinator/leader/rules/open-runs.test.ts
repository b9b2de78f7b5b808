import assert from "node:assert/strict";
import { test } from "node:test";
import { answerClaim } from "../../../../../coordinator/leader/workers/search-loop.ts";
import { restoreSnapshot, takeSnapshot } from "../../../../../shared/domain/fold/snapshot.ts";
import type { WorkerId } from "../../../../../shared/domain/names.ts";
import { usualQuotas } from "../../../../../shared/domain/quotas.ts";
import { decodeAnswer, encodeAnswer, encodeEvidence } from "../../../../../shared/wire/messages.ts";
import { alice, bob, Story } from "../../../../support/stories/control-story.ts";
import { claim } from "../../../../support/stories/reign.ts";

const mal = "mal" as WorkerId;
const { openRuns } = usualQuotas;

/** A worker of many slots claims until it gets nothing: how many runs it got, and the last answer as it reads it. */
async function takesAll({ test }: Story, most = 2000, worker = mal): Promise<{ got: number; said: string }> {
  for (let got = 0; got < most; got += 1) {
    const id = `${worker}-${test.reign.term}-${test.events.length}`;
    const answer = await answerClaim(test.reign, worker, claim(id, "boot", { slots: 4096 }));
    assert.ok(answer);
    const read = decodeAnswer(encodeAnswer(answer));
    if (read.kind !== "assigned") return { got, said: "reason" in read ? read.reason : "" };
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

test("each run that a worker ends, in whatever way, earns it two more, and it is asked to claim again", async () => {
  const story = new Story({ totalRuns: openRuns + 40, hpTuning: "random" });
  assert.equal(await story.claim(bob), 1);
  assert.equal((await takesAll(story)).got, openRuns);
  const { told } = story.test;
  const asked = (): number => told.filter(({ worker, kind }) => worker === mal && kind === "work").length;
  assert.equal(asked(), 0);
  story.say(mal, 2, "result");
  assert.equal(asked(), 1);
  // One in place of the run that has ended, and two that the worker has earned.
  assert.equal((await takesAll(story)).got, 3);
  story.say(mal, 3, "failed");
  assert.equal((await takesAll(story)).got, 3);
  const late = { attempt: 1, reports: [], outcome: "timed out", reason: "after 1 h", console: "" } as const;
  story.hear({ ...story.test.message(mal, story.job, 4, "failed", 1), data: encodeEvidence(late) });
  assert.equal((await takesAll(story)).got, 3);
  await story.doRuns("stop", 5);
  assert.equal((await takesAll(story)).got, 3);
  await story.doRuns("cancel", 6);
  assert.equal((await takesAll(story)).got, 3);
  assert.equal(asked(), 5);
  story.check();
  // A snapshot of an earlier version does not say how many runs have ended.
  const now = takeSnapshot(story.test.reign.state);
  const older = { ...now, workers: now.workers.map(({ ended: _, ...worker }) => worker) };
  for (const snapshot of [now, older])
    assert.equal(restoreSnapshot(structuredClone(snapshot)).workers.get(mal)?.ended, 5);
});

test("a large machine gets a run for each slot where many runs are left, or where it is the only worker", async () => {
  const many = new Story({ totalRuns: 10_000, hpTuning: "random" });
  assert.equal(await many.claim(bob), 1);
  assert.equal((await takesAll(many, 512)).got, 512);
  const alone = new Story({ totalRuns: 300, hpTuning: "random" });
  assert.equal((await takesAll(alone)).got, 300);
});

test("runs are kept only for workers that are there, lend, and may take the job", async () => {
  const others: [string, (story: Story) => unknown, number][] = [
    ["waits", () => undefined, openRuns],
    ["is silent", (story) => (story.test.now += 10 * 60_000), 128],
    ["is paused", (story) => story.doWorker("pause", bob), 128],
    ["is drained", (story) => story.doWorker("drain", bob), 128],
    ["has left", (story) => Object.assign(there(story), { left: true }), 128],
    ["lends no slot", (story) => Object.assign(there(story), { slots: 0 }), 128],
    ["serves another target", (story) => Object.assign(there(story), { targets: ["elsewhere"] }), 128],
  ];
  const there = (story: Story) => story.test.reign.presence.get(bob) ?? assert.fail("it is not there");
  for (const [what, happens, got] of others) {
    const story = new Story({ totalRuns: 128, hpTuning: "random", computeTarget: "here" });
    const enrolled = { type: "worker-enrolled", worker: bob, publicKey: "", host: "lab", op: "e1" } as const;
    await story.test.reign.record(enrolled);
    await story.do("pause");
    assert.match(String(await story.claim(bob)), /^wait/);
    await story.do("resume");
    await happens(story);
    assert.equal((await takesAll(story)).got, got, what);
  }
});

test("runs are kept for a worker that has its part of the job: it takes the next when one has ended", async () => {
  const story = new Story({ totalRuns: 300, hpTuning: "random", runsPerNode: 80 });
  assert.equal((await takesAll(story, 2000, bob)).got, 80);
  assert.equal((await takesAll(story)).got, 74, "half of what is left then, though it may have 80");
});

test("a new leader keeps runs for those that hold some, though it has not heard them yet", async () => {
  const before = new Story({ totalRuns: 128, hpTuning: "random" });
  assert.equal(await before.claim(bob), 1);
  const story = new Story({}, before.test.reign.state, before.job);
  assert.equal((await takesAll(story)).got, openRuns);
});

test("runs that wait for a new worker count as left to give out, and go to whoever is there", async () => {
  const story = new Story({ totalRuns: 300, hpTuning: "random" });
  assert.equal((await takesAll(story, 2000, bob)).got, 300);
  assert.match(String(await story.claim(alice)), /^wait/);
  for (let n = 1; n <= 300; n += 1) story.say(bob, n, "released");
  assert.equal(story.table.waiting.size, 300);
  assert.equal((await takesAll(story)).got, 100, "half of them are left for others");
  // The others are heard no more.
  story.test.now += 10 * 60_000;
  assert.equal((await takesAll(story)).got, 200);
  story.check();
});

test("a worker is not told that runs are kept for others where there are none to give out", async () => {
  const story = new Story({ totalRuns: openRuns + 1, hpTuning: "random" });
  assert.equal(await story.claim(bob), 1);
  const { got, said } = await takesAll(story);
  assert.equal(got, openRuns);
  assert.match(said, /^job1 has started all its 65 runs/);
});

test("a worker can read why it gets nothing of many jobs, and the quota is told once", async () => {
  for (const [jobs, named] of [
    [3, "(?:job[123](?:, )?){3}"],
    [20, "20 jobs"],
  ] as const) {
    const story = new Story({ totalRuns: 50, hpTuning: "random" });
    for (let i = 1; i < jobs; i += 1) story.test.submit({ totalRuns: 50, hpTuning: "random" });
    await story.claim(bob);
    const { got, said } = await takesAll(story);
    assert.equal(got, openRuns);
    const held = `mal holds 64 runs and has ended 0: more of ${named} are kept for others`;
    assert.match(said, new RegExp(`^${held}; each run that it ends earns it 2 \\(quota runs=64\\)$`));
  }
});
