import assert from "node:assert/strict";
import { test } from "node:test";
import { alice, Story } from "../../../../support/stories/control-story.ts";

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
