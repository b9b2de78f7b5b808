import assert from "node:assert/strict";
import { test } from "node:test";
import { cutOff } from "../../../../../coordinator/leader/rules/quotas.ts";
import { takeSnapshot } from "../../../../../shared/domain/fold/snapshot.ts";
import { InvariantCheck } from "../../../../../shared/domain/invariants/invariants.ts";
import type { WorkerId } from "../../../../../shared/domain/names.ts";
import type { StoredMessage } from "../../../../../shared/ports.ts";
import { encodeEvidence } from "../../../../../shared/wire/messages.ts";
import { newKey, sha256Of } from "../../../../../shared/wire/sealed-chunks.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../../../shared/wire/snapshots.ts";
import { evidence } from "../../../../../shared/wire/subjects.ts";
import { alice, bob, Story } from "../../../../support/stories/control-story.ts";

const mal = "mal" as WorkerId;

/** A worker holds runs 1 and 2, and is sent away. */
const ways: readonly (readonly [how: string, send: (story: Story) => unknown])[] = [
  ["benched by a person", (story) => story.order({ kind: "bench", worker: mal, reason: "" })],
  ["revoked", (story) => story.order({ kind: "revoke", worker: mal, reason: "" })],
  ["cut off", (story) => cutOff(story.test.reign, mal, "it stored far more messages than its runs can")],
];

async function sentAway(send: (story: Story) => unknown): Promise<Story> {
  const story = new Story({ totalRuns: 9 });
  for (const n of [1, 2]) assert.equal(await story.claim(mal), n);
  await send(story);
  assert.deepEqual([...story.table.waiting], [1, 2]);
  return story;
}

/** The worker says that a state of its first attempt at this run is stored. */
function checkpoint({ job }: Story, worker: WorkerId, n: number): StoredMessage {
  const state = { stage: 1, iters: 5, blob: `s${n}`, key: newKey(), size: 9, sha256: sha256Of(new Uint8Array(1)) };
  const data = encodeEvidence({ attempt: 1, reports: [], state: { ...state, chunks: 1 } });
  return { seq: 900 + n, subject: evidence(worker, job, n, "checkpoint"), data, msgId: `c${n}` };
}

for (const [how, send] of ways) {
  test(`a worker that was ${how} has no result counted of a run that was taken from it`, async () => {
    const story = await sentAway(send);
    story.say(mal, 1, "result", 1e308);
    assert.equal(await story.claim(alice), 1);
    story.say(mal, 1, "result", 1e308, 1);
    assert.equal(story.table.trial(1)?.status, "running");
    assert.equal(story.table.outcomes.completed, 0);
    story.say(alice, 1, "result", 3);
    assert.deepEqual([story.table.trial(1)?.hpmax, story.table.trial(1)?.late], [3, 0]);
    // A result after the end is late, as from any worker.
    story.say(mal, 1, "result", 1e308, 1);
    assert.deepEqual([story.table.trial(1)?.hpmax, story.table.trial(1)?.late], [3, 1]);
    story.check();
  });
}

/** A worker that was benched because three runs failed on it, and had begun a fourth, run 5. */
async function sick(): Promise<Story> {
  const story = new Story({ totalRuns: 9 });
  assert.equal(await story.claim(bob), 1);
  story.say(bob, 1, "result");
  for (const n of [2, 3, 4, 5]) assert.equal(await story.claim(mal), n);
  for (const n of [2, 3, 4]) story.say(mal, n, "failed");
  assert.equal(story.test.reign.state.workers.get(mal)?.state, "benched");
  return story;
}

test("a worker that was benched because its runs failed may still end what it had begun", async () => {
  const story = await sick();
  story.say(mal, 5, "result", 7);
  assert.equal(story.table.trial(5)?.hpmax, 7);
});

test("a worker that is admitted again goes on with what nobody has taken, and only its new word counts", async () => {
  const story = await sentAway(ways[0]?.[1] ?? assert.fail());
  await story.order({ kind: "admit", worker: mal });
  story.say(mal, 1, "result", 1e308);
  assert.equal(story.table.trial(1)?.status, "waiting");
  assert.equal(await story.renew(mal, 1), "continue");
  story.say(mal, 1, "result", 1e308, 1);
  assert.equal(story.table.trial(1)?.status, "running");
  story.say(mal, 1, "result", 7, 2);
  assert.equal(story.table.trial(1)?.hpmax, 7);
  story.check();
});

const admitted = async (story: Story): Promise<void> =>
  assert.ok((await story.order({ kind: "admit", worker: mal })).ok);

/** What happens afterwards, so that the worker's record no longer says that it was sent away. */
const thens: readonly (readonly [string, (story: Story) => Promise<unknown>])[] = [
  ["a new leader", async () => undefined],
  ["its admission and a new leader", admitted],
  [
    "its removal and a new leader",
    async (story) => {
      await story.order({ kind: "revoke", worker: mal });
      story.wait(60_000);
      assert.ok((await story.order({ kind: "forget", worker: mal })).ok);
    },
  ],
];

/**
 * The next leader, from this state or a snapshot of it: it reads the evidence after the last message that a decision
 * cites.
 */
const nextLeader = (story: Story, state = story.test.reign.state): Story => new Story({}, state, story.job);

for (const [how, send] of ways) {
  for (const [then, happen] of thens) {
    if (how === "revoked" && happen === admitted) continue; // nobody can
    test(`what a worker that was ${how} said stays passed over after ${then}`, async () => {
      const story = await sentAway(send);
      const said = [
        story.test.message(mal, story.job, 1, "result", 1, 1e308),
        checkpoint(story, mal, 2),
        story.test.message(mal, story.job, 2, "failed", 1),
      ];
      for (const each of said) story.hear(each);
      await happen(story);
      story.check();
      const restored = decodeSnapshot(encodeSnapshot(takeSnapshot(story.test.reign.state)));
      for (const next of [nextLeader(story, restored), nextLeader(story)]) {
        assert.equal(next.test.reign.evidence.judged, 0);
        for (const each of said) next.hear(each);
        assert.deepEqual([...next.table.waiting], [1, 2]);
        assert.deepEqual(
          [...next.table.trials].map(({ checkpoint }) => checkpoint),
          [null, null],
        );
      }
    });
  }

  test(`a worker that was ${how} has no result counted of a run that it had lost before`, async () => {
    const story = new Story({ totalRuns: 9 });
    assert.equal(await story.claim(mal), 1);
    story.wait(60_000);
    assert.deepEqual([...story.table.waiting], [1]);
    await send(story);
    const forged = story.test.message(mal, story.job, 1, "result", 1, 1e308);
    story.hear(forged);
    await story.order({ kind: "admit", worker: mal });
    const next = nextLeader(story);
    next.hear(forged);
    assert.deepEqual([story.table.trial(1)?.status, next.table.trial(1)?.status], ["waiting", "waiting"]);
  });
}

test("a failure that was taken back from a worker that a person benched becomes no result", async () => {
  const story = new Story({ totalRuns: 9 });
  assert.equal(await story.claim(bob), 1);
  story.say(bob, 1, "result");
  assert.equal(await story.claim(mal), 2);
  story.say(mal, 2, "failed");
  await story.order({ kind: "bench", worker: mal });
  assert.deepEqual([...story.table.waiting], [2]);
  await story.order({ kind: "admit", worker: mal });
  story.say(mal, 2, "result", 1e308);
  assert.equal(story.table.trial(2)?.status, "waiting");
  story.check();
});

test("failures and checkpoints of a sick worker stay passed over after its admission and a new leader", async () => {
  const story = await sick();
  const said = [checkpoint(story, mal, 5), story.test.message(mal, story.job, 5, "failed", 1)];
  for (const each of said) story.hear(each);
  await story.order({ kind: "admit", worker: mal });
  const next = nextLeader(story);
  for (const each of said) next.hear(each);
  assert.deepEqual([next.table.trial(5)?.status, next.table.trial(5)?.checkpoint], ["waiting", null]);
  // The worker's results count all the same.
  next.say(mal, 5, "result", 7);
  assert.equal(next.table.trial(5)?.hpmax, 7);
});

test("results of a worker that was sent away are passed over without breaking a promise", async () => {
  const story = await sentAway(ways[0]?.[1] ?? assert.fail());
  const { test, job } = story;
  story.say(mal, 1, "result", 1e308);
  assert.equal(await story.claim(alice), 1);
  assert.equal(await story.claim(alice), 2);
  story.say(alice, 2, "result", 3);
  const violations = (isPerson: boolean): readonly string[] => {
    const check = new InvariantCheck();
    for (const event of test.events) if (isPerson || event.type !== "worker-state") check.event(event);
    const told = { job, kind: "result", reports: [] } as const;
    check.testimony({ ...told, seq: 1, worker: mal, n: 1, attempt: 1, hpmax: 1e308 });
    check.testimony({ ...told, seq: 2, worker: alice, n: 2, attempt: 2, hpmax: 3, reports: [[1, 10]] });
    return check.violations();
  };
  assert.deepEqual(violations(true), []);
  assert.match(violations(false).join(), /the result from mal \(evidence 1\) was ignored/);
});
