import assert from "node:assert/strict";
import { test } from "node:test";
import { writeSnapshotApart } from "../../../coordinator/process/snapshot-process.ts";
import { readRoleSecret } from "../../../shared/broker/access/credentials.ts";
import { foldJournal, followJournal } from "../../../shared/broker/store/journal-reader.ts";
import { readSnapshot, writeSnapshot } from "../../../shared/broker/store/snapshots.ts";
import type { WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import type { Bus } from "../../../shared/ports.ts";
import { BadMessage } from "../../../shared/wire/check.ts";
import { encode } from "../../../shared/wire/codec.ts";
import { decodeSnapshot } from "../../../shared/wire/snapshots.ts";
import { snapshotKey, streams } from "../../../shared/wire/subjects.ts";
import { linkPatiently } from "../../support/processes/patient-link.ts";
import { Swarm } from "../../support/processes/swarm.ts";
import { plain, silentLog } from "../../support/stories/reign.ts";

/** The state folded from the whole journal, without a snapshot. */
async function foldedWhole(bus: Bus): Promise<WorkspaceState> {
  const follower = await followJournal(bus, () => undefined);
  await follower.stop();
  return follower.state;
}

test("folding starts at the newest snapshot, or without one that is gone, damaged or unreadable", async () => {
  const swarm = new Swarm();
  await swarm.coordinator(["--lease", "2"]);
  swarm.worker("one", ["--slots", "4"]);
  const first = await swarm.submit(swarm.probeSpec("first", { total_runs: 60, hp_tuning: "dgd" }));
  await swarm.when("the first job is done", first, ({ isOver }) => isOver);
  const link = await linkPatiently(swarm.paths, "coordinator");
  const { bus } = link;
  try {
    assert.equal(await readSnapshot(bus), undefined);
    const credentials = readRoleSecret(swarm.paths, "coordinator");
    const order = { url: link.url, credentials, workspace: swarm.paths.dir };
    await writeSnapshotApart(order, silentLog, new AbortController().signal);
    const snapshot = await readSnapshot(bus);
    assert.ok(snapshot);
    assert.deepEqual(plain(snapshot), plain(await foldedWhole(bus)));

    const second = await swarm.submit(swarm.probeSpec("second", { total_runs: 20, hp_tuning: "random" }));
    await swarm.when("the second job is done", second, ({ isOver }) => isOver);
    const whole = await foldedWhole(bus);
    const onwards = await foldJournal(bus);
    assert.deepEqual(plain(onwards.state), plain(whole));
    assert.ok(onwards.records > 20 && onwards.records < 100, `${onwards.records} records came after the snapshot`);

    // A slow writer does not replace a newer snapshot with an older one.
    assert.ok((await writeSnapshot(bus, whole)) > 0);
    assert.equal(await writeSnapshot(bus, snapshot), 0);
    const blobs = await bus.subjects(streams.blob, "blob.>");
    assert.deepEqual(
      blobs.map((subject) => subject.replace(/-[0-9a-f]+\.\d+$/, "")),
      [`blob.snap-${whole.seq}`],
    );
    // With a broker before 2.11 workers can read the pieces, but not the key that opens them.
    for (const subject of blobs) {
      const piece = await bus.newest(streams.blob, subject);
      assert.ok(piece);
      assert.throws(() => decodeSnapshot(piece), BadMessage);
    }

    await bus.purge(streams.blob, "blob.>");
    const without = await foldJournal(bus);
    assert.match(without.unusable, /a piece of the snapshot at \d+ is missing/);
    assert.deepEqual(plain(without.state), plain(whole));

    const entry = await bus.entries.get(snapshotKey);
    assert.ok(entry);
    await bus.entries.update(snapshotKey, encode({ v: 99 }), entry.revision);
    assert.match((await foldJournal(bus)).unusable, /version 99/);
    assert.ok((await writeSnapshot(bus, whole)) > 0);
    assert.equal((await foldJournal(bus)).records, 0);
  } finally {
    await link.close();
  }
  await swarm.end();
});
