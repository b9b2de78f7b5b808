import assert from "node:assert/strict";
import { test } from "node:test";
import type { CoordinatorBus } from "../../../../../shared/broker/client/bus.ts";
import { JournalFooting } from "../../../../../shared/broker/store/journal-footing.ts";
import { sealEntriesAnew } from "../../../../../shared/broker/store/seal-anew.ts";
import { SealedBus } from "../../../../../shared/broker/store/sealed-bus.ts";
import { workspacePaths } from "../../../../../shared/machine/workspace.ts";
import { sealKey } from "../../../../../shared/wire/seals/seals.ts";
import { temporaryFolder } from "../../../../support/cleanup.ts";

/** A broker's bucket, and which entries were written. */
function bucket(): {
  readonly plain: CoordinatorBus;
  readonly written: string[];
  readonly held: Map<string, Uint8Array>;
} {
  const held = new Map<string, Uint8Array>();
  const written: string[] = [];
  const write = async (name: string, value: Uint8Array): Promise<number> => {
    held.set(name, value);
    return written.push(name);
  };
  const get = async (name: string): Promise<object | null> => {
    const value = held.get(name);
    return value ? { value, revision: 1 } : null;
  };
  // Only the bucket is used.
  return { plain: { entries: { get, create: write, update: write } } as unknown as CoordinatorBus, written, held };
}

test("a reign begins by sealing with the newest key what a replaced one sealed, and nothing else", async () => {
  const { plain, written, held } = bucket();
  const [older, newer, other] = [1, 2, 3].map((byte) => sealKey(Buffer.alloc(32, byte), byte));
  assert.ok(older && newer && other);
  const before = { seq: 0, digest: "" };
  const users = Buffer.from("deflated");
  await new SealedBus(plain, { keys: [older], before }).entries.create("users", users);
  await new SealedBus(plain, { keys: [other], before }).entries.create("peers", Buffer.from('{"v":1}'));
  written.length = 0;
  const bus = new SealedBus(plain, { keys: [older, newer], before });
  assert.equal((await bus.entries.get("users"))?.isForeign, true);
  const footing = new JournalFooting(bus, workspacePaths("ws1", { HOME: temporaryFolder() }));
  await footing.begun(7);
  await footing.begun(8);
  assert.deepEqual(written, ["users"]);
  const found = await bus.entries.get("users");
  assert.deepEqual(found && [Buffer.from(found.value), found.isForeign], [users, undefined]);
  assert.equal(held.size, 2);
});

test("a leader that has just replaced the key seals with it what the one that it knew sealed", async () => {
  const { plain, written } = bucket();
  const [older, newer] = [1, 2].map((byte) => sealKey(Buffer.alloc(32, byte), byte));
  assert.ok(older && newer);
  const before = { seq: 0, digest: "" };
  let changed: [typeof older, typeof newer] | undefined;
  const bus = new SealedBus(plain, {
    keys: [older],
    before,
    changed: () => {
      const keys = changed;
      changed = undefined;
      return keys;
    },
  });
  await bus.entries.create("users", Buffer.from("deflated"));
  written.length = 0;
  changed = [older, newer];
  await sealEntriesAnew(bus);
  assert.deepEqual(written, ["users"]);
  const reader = new SealedBus(plain, { keys: [newer], before });
  assert.deepEqual(await reader.entries.get("users"), { revision: 1, value: Buffer.from("deflated") });
});
