import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { JournalEvent } from "../../../../shared/domain/fold/events.ts";
import type { JobName, RunName, WorkerId } from "../../../../shared/domain/names.ts";
import { BadMessage } from "../../../../shared/wire/check.ts";
import { encode } from "../../../../shared/wire/codec.ts";
import { decodeEvents, encodeEvents } from "../../../../shared/wire/records.ts";

const who = { job: "job1" as JobName, n: 7, attempt: 2, worker: "node-1" as WorkerId, at: 1_795_000_000_000 };
const assigned: JournalEvent = {
  type: "assigned",
  ...who,
  claimId: "claim",
  bootId: "boot",
  run: "run3.4" as RunName,
  configuration: [0, 2, 1],
  seed: 999_999_999,
  why: "the best set's neighbour",
};
const completed: JournalEvent = {
  type: "completed",
  ...who,
  hpmax: 0.25,
  iters: 100,
  metrics: { "s1-rew": 0.1, "s1-los": Number.NaN },
  ev: 12,
};
const lost: JournalEvent = {
  type: "lost",
  ...who,
  outcome: "lost",
  cause: "silent",
  charged: true,
  reason: "silence",
  ev: 0,
};

describe("a journal message", () => {
  test("a journal message holds its records as they were, in their order", () => {
    const events = [assigned, lost, completed];
    assert.deepEqual(decodeEvents(encodeEvents(events)), events);
    for (const event of events) assert.deepEqual(decodeEvents(encodeEvents([event])), [event]);
  });

  test("a journal message of version 1 is read: one record as a mapping, or a batch of them", () => {
    assert.deepEqual(decodeEvents(encode({ v: 1, ...assigned })), [assigned]);
    assert.deepEqual(decodeEvents(encode({ v: 1, type: "batch", events: [assigned, completed] })), [
      assigned,
      completed,
    ]);
  });

  test("a journal message from the future, cut short or of another kind is refused, with what was found", () => {
    const refused = (value: unknown, why: RegExp): void =>
      assert.throws(
        () => decodeEvents(encode(value)),
        (error: unknown) => error instanceof BadMessage && why.test(error.message),
      );
    refused([3, lost], /message version 3 in the journal; this program reads versions 1 and 2/);
    refused({ v: 9, type: "led" }, /message version 9 in the journal/);
    refused([2, ["a", "job1", 7]], /record 1: a list of 3 that is no record of ours/);
    refused([2, lost, ["x"]], /record 2: a list of 1 that is no record of ours/);
    refused([2, 5], /record 1: expected a record with a type/);
    refused(null, /a message without a version in the journal/);
    assert.throws(() => decodeEvents(new Uint8Array([0xc1])), BadMessage);
  });
});
