import assert from "node:assert/strict";
import { test } from "node:test";
import { answerRenewal } from "../../../../../coordinator/leader/workers/renewals.ts";
import { alice, bob, Story } from "../../../../support/stories/control-story.ts";

test("a stopped worker keeps its runs for its own grace and 5 s more", async () => {
  const story = new Story();
  await story.claim();
  const presence = story.test.reign.presence.get(alice);
  assert.ok(presence);
  presence.graceMs = 30_000;
  await story.doWorker("stop", alice);
  const after = async (seconds: number): Promise<string | undefined> => {
    for (let i = 0; i < seconds; i += 1) {
      await story.renew(alice, 1);
      story.wait(1000);
    }
    return story.table.trial(1)?.status;
  };
  assert.equal(await after(33), "running");
  assert.equal(await after(3), "waiting");
  story.check();
});

test("a stopped worker that only renews to a new leader keeps its runs for its own grace and 5 s more", async () => {
  const takes = { version: "test", slots: 4, targets: [], opportunistic: false, noCode: false, graceMs: 60_000 };
  for (const [said, graceSeconds] of [
    [{ takes }, 60],
    // An earlier worker, which may have the usual grace.
    [{}, 10],
  ] as const) {
    const story = new Story();
    await story.claim();
    const next = new Story({}, story.test.reign.state, story.job);
    const held = [{ job: story.job, n: 1, attempt: 1, iters: 1 }];
    const after = async (seconds: number): Promise<string | undefined> => {
      for (let i = 0; i < seconds; i += 1) {
        await answerRenewal(next.test.reign, alice, { kind: "renew", bootId: "boot", held, ...said });
        next.wait(1000);
      }
      return next.table.trial(1)?.status;
    };
    assert.equal(await after(1), "running");
    await next.doWorker("stop", alice);
    assert.equal(await after(graceSeconds + 3), "running");
    assert.equal(await after(3), "waiting");
  }
});

test("runs that are stopped together end once each, though the first of their ends stops the job", async () => {
  for (const verb of ["stop", "cancel"] as const) {
    const story = new Story({ totalRuns: 9, stopWhen: { name: "runs", op: ">=", value: 1 } });
    for (const n of [1, 2, 3]) assert.equal(await story.claim(n === 3 ? bob : alice), n);
    story.test.told.length = 0;
    assert.match(await story.doRuns(verb, 1, 2, 3), /^ok/);
    assert.equal(story.table.open, 0);
    const told = new Set(story.test.told.flatMap(({ worker, kind }) => (kind === "renew" && worker ? [worker] : [])));
    assert.deepEqual([...told].sort(), [alice, bob]);
    assert.equal(story.table.state, verb === "stop" ? "completed" : "searching");
    story.check();
  }
});
