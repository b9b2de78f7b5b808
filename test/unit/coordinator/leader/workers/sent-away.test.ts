import assert from "node:assert/strict";
import { test } from "node:test";
import { cutOff } from "../../../../../coordinator/leader/rules/quotas.ts";
import { InvariantCheck } from "../../../../../shared/domain/invariants/invariants.ts";
import type { WorkerId } from "../../../../../shared/domain/names.ts";
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
    // What comes after the end is late, as from anybody.
    story.say(mal, 1, "result", 1e308, 1);
    assert.deepEqual([story.table.trial(1)?.hpmax, story.table.trial(1)?.late], [3, 1]);
    story.check();
  });
}

test("a worker that was benched because its runs failed may still end what it had begun", async () => {
  const story = new Story({ totalRuns: 9 });
  assert.equal(await story.claim(bob), 1);
  story.say(bob, 1, "result");
  for (const n of [2, 3, 4, 5]) assert.equal(await story.claim(mal), n);
  for (const n of [2, 3, 4]) story.say(mal, n, "failed");
  assert.equal(story.test.reign.state.workers.get(mal)?.state, "benched");
  story.say(mal, 5, "result", 7);
  assert.equal(story.table.trial(5)?.hpmax, 7);
});

test("a worker that is admitted again ends what nobody has taken meanwhile", async () => {
  const story = await sentAway(ways[0]?.[1] ?? assert.fail());
  await story.order({ kind: "admit", worker: mal });
  story.say(mal, 1, "result", 7);
  assert.equal(story.table.trial(1)?.hpmax, 7);
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
