import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { requeue } from "../../../../coordinator/leader/rules/requeue.ts";
import { Upkeep } from "../../../../coordinator/leader/upkeep.ts";
import { answerClaim } from "../../../../coordinator/leader/workers/search-loop.ts";
import type { WorkerId } from "../../../../shared/domain/names.ts";
import { claim, TestReign } from "../../../support/stories/reign.ts";

const names = (count: number): WorkerId[] => Array.from({ length: count }, (_, i) => `w${i + 1}` as WorkerId);

/** A job of one trial, or some, which the first workers hold; the others were told that there is nothing for them. */
async function oneHoldsOthersWait(
  workers: readonly WorkerId[],
  trials = 1,
): Promise<{ told: (WorkerId | null)[]; test_: TestReign }> {
  const test_ = new TestReign();
  const told: (WorkerId | null)[] = [];
  Object.assign(test_.reign.ports, { tell: (worker: WorkerId | null) => told.push(worker) });
  test_.submit({ totalRuns: trials });
  test_.reign.waiting.wake();
  for (const worker of workers) await answerClaim(test_.reign, worker, claim(`of-${worker}`));
  told.length = 0;
  return { told, test_ };
}

function lose(test_: TestReign, n = 1): void {
  const [table] = test_.reign.state.jobs.values();
  const trial = table?.trial(n);
  assert.ok(table && trial);
  requeue(test_.reign, table, trial, { cause: "owner", charged: false, reason: "test", ev: 0 });
}

describe("waking workers that wait", () => {
  test("nobody is woken if nobody waits, but a new leader, which does not know who waits, calls all", async () => {
    const { told, test_ } = await oneHoldsOthersWait(names(1));
    test_.reign.waiting.wake();
    assert.deepEqual(told, []);
    const next = new TestReign(test_.reign.state);
    const heard: (WorkerId | null)[] = [];
    Object.assign(next.reign.ports, { tell: (worker: WorkerId | null) => heard.push(worker) });
    next.reign.waiting.wake();
    assert.deepEqual(heard, [null]);
  });

  test("a lost trial wakes a few workers, not ten thousand; those that do not come are passed over", async () => {
    const workers = names(12);
    const { told, test_ } = await oneHoldsOthersWait(workers);
    lose(test_);
    assert.deepEqual(told, workers.slice(1, 5));
    const upkeep = new Upkeep(test_.reign);
    upkeep.tick();
    assert.deepEqual(told, workers.slice(1, 9));
    const ninth = workers[8] as WorkerId;
    assert.equal((await answerClaim(test_.reign, ninth, claim("again")))?.kind, "assigned");
    upkeep.tick();
    assert.equal(told.length, 8, "the trial is taken, nobody else is woken");
  });

  test("of trials lost at once, the first wakes workers at once, and the clock wakes them for the others", async () => {
    const workers = names(20);
    const { told, test_ } = await oneHoldsOthersWait(workers, 3);
    for (const n of [1, 2, 3]) lose(test_, n);
    assert.deepEqual(told, workers.slice(3, 7));
    new Upkeep(test_.reign).tick();
    assert.deepEqual(told, workers.slice(3, 19));
  });

  test("a lost trial wakes only workers that may take it", async () => {
    const workers = names(3);
    const { told, test_ } = await oneHoldsOthersWait(workers);
    const [table] = test_.reign.state.jobs.values();
    assert.ok(table);
    Object.assign(table.submitted.settings, { lowPriority: false });
    const presence = test_.reign.presence.get(workers[1] as WorkerId);
    assert.ok(presence);
    Object.assign(presence, { opportunistic: true });
    lose(test_);
    assert.deepEqual(told, [workers[2]]);
  });
});
