import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { deflateRawSync } from "node:zlib";
import type { WorkerUser } from "../../../../../shared/broker/access/accounts.ts";
import { inviteKey, newInviteCode } from "../../../../../shared/broker/access/invite-code.ts";
import {
  decodeWorkerList,
  encodeWorkerList,
  storeWorkerList,
} from "../../../../../shared/broker/access/worker-list.ts";
import { isWorkerId } from "../../../../../shared/domain/names.ts";

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const key = (): string => `U${[...randomBytes(55)].map((byte) => letters[byte % 32]).join("")}`;
const workers = (count: number): WorkerUser[] =>
  Array.from({ length: count }, (_, i) => {
    const id = `lab-${i}`;
    assert.ok(isWorkerId(id));
    return { id, publicKey: key() };
  });

describe("the list of workers that peers share", () => {
  test("the list of workers that peers share decodes to what was encoded", () => {
    const { id, publicKey } = inviteKey(newInviteCode(0));
    for (const list of [
      { workers: workers(3), invites: [{ id, publicKey }] },
      { workers: [], invites: [] },
    ])
      assert.deepEqual(decodeWorkerList(encodeWorkerList(list)), list);
  });

  test("the list of workers that peers share is read as earlier versions wrote it", () => {
    const [worker] = workers(1);
    assert.ok(worker);
    const old = deflateRawSync(JSON.stringify([[worker.id, worker.publicKey]]));
    assert.deepEqual(decodeWorkerList(old), { workers: [worker], invites: [] });
  });

  test("the list of workers that peers share fits in one message with 20,000 workers", () => {
    assert.ok(encodeWorkerList({ workers: workers(20_000), invites: [] }).length < 1_000_000);
  });

  test("the list of workers that peers share is not stored if another was stored at the same time", async () => {
    for (const found of [null, { value: new Uint8Array([1]), revision: 5 }]) {
      let revision: number | null = null;
      const write = async (): Promise<number | null> => revision;
      const bus = { entries: { get: async () => found, create: write, update: write } };
      assert.equal(await storeWorkerList(bus, { workers: workers(1), invites: [] }), false);
      revision = 6;
      assert.equal(await storeWorkerList(bus, { workers: workers(1), invites: [] }), true);
    }
  });

  test("the list of workers that peers share admits nobody when it is damaged", () => {
    assert.equal(decodeWorkerList(Buffer.from("nonsense")), undefined);
    // 100 kB that would unpack to 100 MB.
    assert.equal(decodeWorkerList(deflateRawSync(Buffer.alloc(100 * 1024 ** 2, 0x20))), undefined);
    const other = encodeWorkerList({ workers: workers(1), invites: [] }).subarray(0, -3);
    assert.equal(decodeWorkerList(other), undefined);
    for (const value of [
      null,
      7,
      {},
      { workers: [] },
      { workers: [["a"]], invites: [] },
      { workers: [], invites: [["A b", "U"]] },
    ])
      assert.equal(decodeWorkerList(deflateRawSync(JSON.stringify(value))), undefined, JSON.stringify(value));
  });
});
