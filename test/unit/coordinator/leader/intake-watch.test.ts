import assert from "node:assert/strict";
import { test } from "node:test";
import { type Intake, watchIntake } from "../../../../coordinator/leader/intake-watch.ts";
import type { WorkerId } from "../../../../shared/domain/names.ts";
import { alice, bob, Story } from "../../../support/stories/control-story.ts";

/** A leader that looks at EV when the test says so, and the EV that it sees. */
function watched(story: Story, owner: (seq: number) => WorkerId) {
  const { reign } = story.test;
  const stream = { lastSeq: 0, bytes: 0 };
  let look: () => void = () => undefined;
  const intake: Intake = {
    drop: async () => undefined,
    reopen: async () => undefined,
    reach: async () => ({ ...stream }),
    subjectsOf: async (seqs) => seqs.map((seq) => `ev.${owner(seq)}.job1.1.report`),
  };
  const { clock } = reign.ports;
  const every = (_: number, action: () => void) => {
    look = action;
    return { cancel: () => undefined, unref: () => undefined };
  };
  Object.assign(clock, { every });
  watchIntake(reign, intake);
  return {
    stream,
    looks: async (): Promise<void> => {
      look();
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

test("a worker whose messages the broker no longer hands on is cut off, and others are not", async () => {
  const story = new Story({ totalRuns: 9 });
  await story.claim(bob);
  const { stream, looks } = watched(story, (seq) => (seq % 8 === 0 ? bob : alice));
  await looks();
  stream.lastSeq = 800;
  await looks();
  assert.equal(story.test.reign.state.workers.get(alice)?.state, undefined, "one look proves nothing");
  stream.lastSeq = 1600;
  await looks();
  assert.equal(story.test.reign.state.workers.get(alice)?.isCutOff, true);
  assert.equal(story.test.reign.state.workers.get(bob)?.state, "admitted");
  story.check();
});

test("long messages that the broker does not hand on count by their bytes", async () => {
  const story = new Story({ totalRuns: 9 });
  const { stream, looks } = watched(story, () => alice);
  await looks();
  for (let i = 1; i <= 2; i += 1) {
    Object.assign(stream, { lastSeq: 60 * i, bytes: 12e6 * i });
    await looks();
  }
  assert.equal(story.test.reign.state.workers.get(alice)?.isCutOff, true);
});

test("a leader that catches up cuts nobody off, nor does one with many runs per worker", async () => {
  const story = new Story({ totalRuns: 900 });
  const { stream, looks } = watched(story, () => alice);
  stream.lastSeq = 1_000_000;
  for (let i = 1; i <= 5; i += 1) {
    await looks();
    story.test.reign.evidence.judgedUpTo(50_000 * i);
  }
  for (let i = 0; i < 4; i += 1) await story.claim(alice);
  story.test.reign.evidence.judgedUpTo(1_000_000);
  stream.lastSeq = 1_000_380;
  for (let i = 0; i < 3; i += 1) await looks();
  assert.equal(story.test.reign.state.workers.get(alice)?.state, "admitted");
});
