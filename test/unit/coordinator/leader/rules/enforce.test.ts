import assert from "node:assert/strict";
import { test } from "node:test";
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
