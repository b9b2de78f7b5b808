import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { deflateRawSync } from "node:zlib";
import type { WorkerUser } from "../../../../../shared/broker/access/accounts.ts";
import { decodeWorkerList, encodeWorkerList } from "../../../../../shared/broker/access/worker-list.ts";
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
  test("decodes to what was encoded", () => {
    const list = workers(3);
    assert.deepEqual(decodeWorkerList(encodeWorkerList(list)), list);
    assert.deepEqual(decodeWorkerList(encodeWorkerList([])), []);
  });

  test("fits in one message with 20,000 workers", () => {
    assert.ok(encodeWorkerList(workers(20_000)).length < 1_000_000);
  });

  test("admits nobody when it is damaged", () => {
    assert.equal(decodeWorkerList(Buffer.from("nonsense")), undefined);
    // 100 kB that would unpack to 100 MB.
    assert.equal(decodeWorkerList(deflateRawSync(Buffer.alloc(100 * 1024 ** 2, 0x20))), undefined);
    const other = encodeWorkerList(workers(1)).subarray(0, -3);
    assert.equal(decodeWorkerList(other), undefined);
  });
});
