import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fittingStatus, statusOf } from "../../../../coordinator/leader/status.ts";
import { answerClaim } from "../../../../coordinator/leader/workers/search-loop.ts";
import { WorkerNotes } from "../../../../coordinator/live/worker-notes.ts";
import { workerRows } from "../../../../coordinator/live/worker-rows.ts";
import type { JobName, WorkerId } from "../../../../shared/domain/names.ts";
import { BadMessage } from "../../../../shared/wire/check.ts";
import { decode, encode } from "../../../../shared/wire/codec.ts";
import { decodeStatus, encodeStatus } from "../../../../shared/wire/messages.ts";
import { claim, leaseMs, TestReign } from "../../../support/stories/reign.ts";

describe("the leader's status", () => {
  test("says who was heard when, and how long leases last", async () => {
    const swarm = new TestReign();
    const job = swarm.submit({ totalRuns: 10 });
    await answerClaim(swarm.reign, "lab-1" as WorkerId, claim("claim-1"));
    swarm.now += 1000;
    const status = decodeStatus(encodeStatus(statusOf(swarm.reign)));
    assert.deepEqual(
      status.workers.map(({ worker, silentMs }) => [worker, silentMs]),
      [["lab-1", 1000]],
    );
    assert.deepEqual(status.leases, [{ job, n: 1, attempt: 1, leftMs: leaseMs - 1000, iters: 0 }]);
    assert.equal(status.leaseMs, leaseMs);
    const rows = (heard: typeof status | null, statusAgeMs: number) =>
      workerRows(swarm.reign.state, new WorkerNotes(), { status: heard, statusAgeMs, wall: 0 });
    const [busy] = rows(status, 500);
    assert.deepEqual([busy?.state, busy?.held, busy?.silentMs], ["busy", 1, 1500]);
    const [lost] = rows(status, 2 * leaseMs);
    assert.equal(lost?.state, "lost");
    // Without a word of the leader nobody is called lost.
    assert.equal(rows(null, 0)[0]?.state, "busy");
  });

  /** A reign that has heard of so many workers. */
  function reignOver(workers: number, targets: readonly string[]): TestReign {
    const swarm = new TestReign();
    const said = { bootId: "b", retired: new Set<string>(), heardAt: 0, slots: 2, opportunistic: false, noCode: false };
    for (let i = 0; i < workers; i += 1) {
      swarm.reign.presence.set(`lab-${i}` as WorkerId, { ...said, targets, version: "0.1.0", skewMs: null });
    }
    return swarm;
  }

  test("tells of ten thousand workers and of all that they hold", () => {
    const { reign } = reignOver(10_000, []);
    for (let n = 1; n <= 20_000; n += 1) {
      const lease = {
        job: "job1" as JobName,
        n: 900_000 + n,
        attempt: 1,
        worker: `lab-${n >> 1}` as WorkerId,
        bootId: "b",
      };
      reign.leases.grant(lease, 0, true);
    }
    const bytes = fittingStatus(statusOf(reign));
    assert.ok(bytes);
    assert.deepEqual(decodeStatus(bytes), statusOf(reign));
  });

  test("leaves out what workers hold and serve where all of it is too much for a message", () => {
    const { reign } = reignOver(
      10_000,
      Array.from({ length: 20 }, (_, pool) => `pool-${pool}`),
    );
    const bytes = fittingStatus(statusOf(reign));
    assert.ok(bytes && bytes.length <= 750_000);
    const { workers } = decodeStatus(bytes);
    assert.deepEqual([workers.length, workers[0]?.targets], [10_000, []]);
  });

  test("from elsewhere is checked", () => {
    assert.throws(() => decodeStatus(new Uint8Array([0xff])), BadMessage);
    const { reign } = reignOver(2, []);
    const encoded = (change: object): Uint8Array => {
      const { workers, ...rest } = decode(encodeStatus(statusOf(reign))) as { workers: object };
      return encode({ ...rest, workers: { ...workers, ...change } });
    };
    assert.throws(
      () => decodeStatus(encoded({ slots: [1] })),
      /workers.slots: expected 2 values as in worker, found 1/,
    );
    assert.throws(() => decodeStatus(encoded({ slots: [1, "2"] })), /workers\[1\].slots: expected a whole number/);
    assert.throws(() => decodeStatus(encoded({ worker: undefined })), /workers.worker: expected a list/);
    assert.equal(decodeStatus(encoded({ version: undefined })).workers[1]?.version, null);
  });
});
