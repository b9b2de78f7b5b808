import assert from "node:assert/strict";
import { describe } from "node:test";
import type { BusImplementation } from "./bus-rig.ts";
import { entry, fails, testsOn, told } from "./conform.ts";

/** Entries with revisions, on which leadership rests. Each is a message, to which a bus may add a field with its seal. */
export function entriesSuite(implementation: BusImplementation): void {
  const test = testsOn(implementation);

  describe(`entries on ${implementation.name}`, { concurrency: 4 }, () => {
    test("an entry does not exist until it is created, and is then seen by every connection", async (rig, {
      entries,
    }) => {
      const { entries: others } = await rig.connect();
      assert.equal(await entries.get("leader"), null);
      const revision = await entries.create("leader", entry("a"));
      assert.ok(revision !== null && revision >= 1);
      const found = await others.get("leader");
      assert.deepEqual([told(found?.value), found?.revision], ["a", revision]);
      assert.equal(await others.get("snap"), null);
    });

    test("creating an entry that exists changes nothing", async (_, { entries }) => {
      const revision = await entries.create("leader", entry("a"));
      assert.equal(await entries.create("leader", entry("b")), null);
      const found = await entries.get("leader");
      assert.deepEqual([told(found?.value), found?.revision], ["a", revision]);
    });

    test("an update needs the current revision; any other changes nothing", async (_, { entries }) => {
      const first = (await entries.create("leader", entry("a"))) ?? 0;
      const second = (await entries.update("leader", entry("b"), first)) ?? 0;
      assert.ok(second > first);
      for (const revision of [first, second + 1]) {
        assert.equal(await entries.update("leader", entry("c"), revision), null, `${revision}`);
      }
      const found = await entries.get("leader");
      assert.deepEqual([told(found?.value), found?.revision], ["b", second]);
    });

    test("an entry that does not exist cannot be updated", async (_, { entries }) => {
      await entries.create("snap", entry("s"));
      assert.equal(await entries.update("leader", entry("a"), 1), null);
      assert.equal(await entries.get("leader"), null);
    });

    test("revisions grow with every write to any entry", async (_, { entries }) => {
      const revisions: number[] = [];
      for (const key of ["leader", "snap", "users"]) revisions.push((await entries.create(key, entry("x"))) ?? 0);
      for (const [i, key] of ["leader", "snap"].entries())
        revisions.push((await entries.update(key, entry("y"), revisions[i] ?? 0)) ?? 0);
      assert.ok(
        revisions.every((revision, i) => revision > (revisions[i - 1] ?? 0)),
        revisions.join(" "),
      );
    });

    test("of several concurrent creates or updates exactly one succeeds", async (rig, { entries }) => {
      const stores = [entries, ...(await Promise.all([1, 2, 3].map(() => rig.connect()))).map((bus) => bus.entries)];
      const wins = (results: readonly (number | null)[]): number[] => results.flatMap((each) => each ?? []);
      const created = wins(await Promise.all(stores.map((each, i) => each.create("leader", entry(`${i}`)))));
      assert.equal(created.length, 1);
      const [revision = 0] = created;
      const updated = wins(await Promise.all(stores.map((each, i) => each.update("leader", entry(`${i}`), revision))));
      assert.equal(updated.length, 1);
      assert.equal((await entries.get("leader"))?.revision, updated[0]);
    });

    test("entries survive the broker's death", async (rig, bus) => {
      const revision = (await bus.entries.create("leader", entry("a"))) ?? 0;
      await rig.kill();
      await rig.restart();
      await rig.until("it is back", () => bus.isConnected());
      const found = await bus.entries.get("leader");
      assert.deepEqual([told(found?.value), found?.revision], ["a", revision]);
      assert.ok(((await bus.entries.update("leader", entry("b"), revision)) ?? 0) > revision);
    });

    test("a frozen broker gives no answer in time, and the right one after it thaws", async (rig, bus) => {
      await bus.entries.create("leader", entry("a"));
      await rig.freeze();
      await fails(bus.entries.get("leader"), "no answer in time");
      rig.thaw();
      const found = await rig.until("it answers", () => bus.entries.get("leader").catch(() => undefined));
      assert.equal(told(found?.value), "a");
    });
  });
}
