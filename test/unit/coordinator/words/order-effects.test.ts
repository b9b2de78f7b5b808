import assert from "node:assert/strict";
import { test } from "node:test";
import { answerClaim } from "../../../../coordinator/leader/workers/search-loop.ts";
import { effectOf } from "../../../../coordinator/words/order-effects.ts";
import type { RunTable } from "../../../../shared/domain/fold/run-table.ts";
import type { WorkerId } from "../../../../shared/domain/names.ts";
import { claim, TestReign } from "../../../support/stories/reign.ts";

async function jobWith(claims: number): Promise<RunTable> {
  const story = new TestReign();
  const { reign } = story;
  const job = story.submit({ totalRuns: 9 });
  for (let i = 0; i < claims; i += 1) await answerClaim(reign, "alice" as WorkerId, claim(`c${i}`));
  const table = reign.state.jobs.get(job);
  assert.ok(table);
  return table;
}

test("an order for a job says what goes on, what ends and what is still to come", async () => {
  const table = await jobWith(3);
  const effects = (["pause", "resume", "drain", "stop", "cancel"] as const).map((verb) =>
    effectOf(verb, { kind: "job", table }),
  );
  assert.deepEqual(effects, [
    "pauses job1: 3 running runs go on, nothing new starts (6 to come)",
    "resumes job1: 6 runs to come",
    "drains job1: 3 runs begun are finished, then it is paused",
    "stops job1 for good: 3 runs begun are finished, 6 will never start",
    "cancels job1 for good: 3 running and 0 queued runs end now and do not count",
  ]);
});

test("an order for a job of which nothing runs says that it takes effect at once", async () => {
  const table = await jobWith(0);
  const effects = (["pause", "drain", "stop", "cancel"] as const).map((verb) => effectOf(verb, { kind: "job", table }));
  assert.deepEqual(effects, [
    "pauses job1: nothing new starts (9 to come)",
    "drains job1: nothing is under way, so it is paused at once",
    "stops job1 for good: nothing is under way, so it ends at once",
    "cancels job1 for good: nothing is under way, so it ends at once",
  ]);
});

test("an order for runs says what becomes of their places", () => {
  const runs = (verb: "pause" | "stop" | "cancel" | "resume", open: number) =>
    effectOf(verb, { kind: "runs", name: open === 1 ? "run1.1" : "2 runs", open });
  assert.equal(runs("pause", 1), "pauses run1.1: frozen until resumed, with its worker and in its place");
  assert.equal(runs("resume", 1), "resumes run1.1");
  assert.equal(runs("stop", 2), "stops 2 runs now: pruned, they count in total_runs, and in no mean");
  assert.equal(runs("cancel", 1), "cancels run1.1 now: without a result; its place in total_runs is free again");
  assert.equal(runs("cancel", 0), "2 runs: nothing is open any more, so nothing changes");
});

test("an order for a worker says what becomes of the runs in hand", () => {
  const worker = (verb: Parameters<typeof effectOf>[0], held: number) =>
    effectOf(verb, { kind: "worker", worker: "lab", held });
  assert.equal(worker("pause", 1), "pauses worker lab: it gets no more runs; 1 run in hand goes on");
  assert.equal(worker("drain", 0), "drains worker lab: it gets no more runs; it holds none now, and leaves");
  assert.match(worker("stop", 2), /^stops worker lab: .*; 2 runs in hand are handed back and go on elsewhere$/);
  assert.match(worker("cancel", 1), /; 1 run in hand is taken at once and goes on elsewhere$/);
  assert.match(
    worker("bench", 1),
    /^benches worker lab: .* until admitted; 1 run in hand goes on elsewhere, uncharged$/,
  );
  assert.equal(worker("admit", 0), "admits worker lab: it gets runs again");
});
