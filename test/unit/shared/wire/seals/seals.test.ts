import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { decodeWorkerList, encodeWorkerList } from "../../../../../shared/broker/access/worker-list.ts";
import type { WorkerId } from "../../../../../shared/domain/names.ts";
import { decode, encode } from "../../../../../shared/wire/codec.ts";
import { sealedEntries, splitEntry, withEntrySeal } from "../../../../../shared/wire/entry-seals.ts";
import { decodeLeader, encodeLeader } from "../../../../../shared/wire/messages.ts";
import { entrySeal, journalSeal, sealKey } from "../../../../../shared/wire/seals/seals.ts";
import { withField, withoutField } from "../../../../../shared/wire/seals/trailing-field.ts";

const key = sealKey(new Uint8Array(32).fill(7), 1);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("the seal of a journal message", () => {
  test("the seal of a journal message fits that message at that place, and nothing else", () => {
    const seal = journalSeal(key, "jrn.ws.op", 12, bytes("paused"));
    assert.match(seal, /^[\w-]{43}$/);
    assert.equal(journalSeal(key, "jrn.ws.op", 12, bytes("paused")), seal);
    const others = [
      journalSeal(key, "jrn.ws.o", 12, bytes("paused")),
      journalSeal(key, "jrn.job1.job", 12, bytes("paused")),
      journalSeal(key, "jrn.ws.op", 13, bytes("paused")),
      journalSeal(key, "jrn.ws.op", 1, bytes("2\0paused")),
      journalSeal(key, "jrn.ws.op", 12, bytes("paused ")),
      journalSeal(key, "jrn.ws.op", 12, bytes("")),
      journalSeal(sealKey(new Uint8Array(32).fill(8), 1), "jrn.ws.op", 12, bytes("paused")),
      Buffer.from(entrySeal(key, "jrn.ws.op\x0012", bytes("paused"))).toString("base64url"),
    ];
    for (const other of others) assert.notEqual(other, seal);
  });
});

describe("a field at the end of a message", () => {
  const value = new Uint8Array(32).fill(3);

  test("a field at the end of a message comes off again, and who does not know it reads the rest", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1 }), fc.oneof(fc.integer(), fc.string())), (fields) => {
        const before = encode({ v: 1, ...fields });
        const more = withField(before, "seal", value);
        const { seal, ...rest } = decode(more) as { seal: Uint8Array };
        if (!("seal" in fields)) assert.deepEqual([{ ...rest }, [...seal]], [decode(before), [...value]]);
        const parts = withoutField(more, "seal", 32);
        assert.deepEqual([...(parts?.rest ?? [])], [...before]);
        assert.deepEqual([...(parts?.value ?? [])], [...value]);
      }),
    );
  });

  test("a field at the end of a message is not found where it is not, and is not added to what is no map", () => {
    assert.equal(withoutField(encode({ v: 1 }), "seal", 32), undefined);
    assert.equal(withoutField(withField(encode({ v: 1 }), "seal", value), "reign", 32), undefined);
    assert.equal(withoutField(new Uint8Array(0), "seal", 32), undefined);
    assert.equal(withoutField(value, "seal", 32), undefined);
    assert.throws(() => withField(encode([1]), "seal", value), RangeError);
    // A short map, as other programs write it.
    const short = withField(Uint8Array.from([0x80]), "seal", value);
    assert.deepEqual([...(withoutField(short, "seal", 32)?.rest ?? [])], [0x80]);
  });
});

describe("the seal of an entry", () => {
  const leader = encodeLeader({ leader: "a", term: 3, host: "h", pid: 1, started: "s", released: false });
  const users = encodeWorkerList({ workers: [{ id: "w1" as WorkerId, publicKey: "U" }], invites: [] });
  const values: Readonly<Record<string, Uint8Array>> = {
    leader,
    snap: encode({ v: 1, seq: 4 }),
    users,
    peers: bytes('{"generation":1,"peers":[]}'),
  };

  test("the seal of an entry fits its name and its value alone", () => {
    for (const name of sealedEntries) {
      const value = values[name] ?? new Uint8Array(0);
      const seal = entrySeal(key, name, value);
      const split = splitEntry(name, withEntrySeal(name, value, seal));
      assert.deepEqual([[...(split?.value ?? [])], [...(split?.seal ?? [])]], [[...value], [...seal]], name);
      assert.equal(splitEntry(name, value), undefined, name);
      for (const other of sealedEntries) if (other !== name) assert.notDeepEqual(entrySeal(key, other, value), seal);
    }
    assert.deepEqual(withEntrySeal("other", users, new Uint8Array(32)), users);
  });

  test("the seal of an entry leaves it as a program reads it that knows no seals", () => {
    const sealed = (name: string): Uint8Array => {
      const value = values[name] ?? new Uint8Array(0);
      return withEntrySeal(name, value, entrySeal(key, name, value));
    };
    assert.deepEqual(decodeLeader(sealed("leader")), decodeLeader(leader));
    assert.deepEqual(decodeWorkerList(sealed("users")), decodeWorkerList(users));
    const { generation } = JSON.parse(new TextDecoder().decode(sealed("peers"))) as { generation: number };
    assert.equal(generation, 1);
  });
});
