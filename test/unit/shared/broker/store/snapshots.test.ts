import assert from "node:assert/strict";
import { test } from "node:test";
import { readSnapshot, writeSnapshot } from "../../../../../shared/broker/store/snapshots.ts";
import { emptyWorkspace } from "../../../../../shared/domain/fold/workspace-state.ts";
import { snapshotChunk, streams } from "../../../../../shared/wire/subjects.ts";
import { runningTimeline } from "../../../../conformance/running-timeline.ts";
import { SimBroker } from "../../../../simulate/sim-broker.ts";
import { SimBus } from "../../../../simulate/sim-bus.ts";
import { fairWeather } from "../../../../simulate/sim-link.ts";
import { SimProcess } from "../../../../simulate/sim-process.ts";

test("a snapshot takes the place of older ones and of what ended writers left, and of nothing else", async () => {
  const { timeline, stop } = runningTimeline();
  const bus = new SimBus(new SimBroker(timeline, fairWeather, "snapshots"), new SimProcess(timeline, "a", "a"));
  const bundle = `blob.code.${"0".repeat(40)}`;
  const unfinished = snapshotChunk("snap-9-newer", 0);
  for (const subject of [snapshotChunk("snap-3-ended", 0), snapshotChunk("snap-5-ended", 7), unfinished, bundle])
    await bus.store(subject, new Uint8Array(3), { msgId: subject });
  assert.ok((await writeSnapshot(bus, { ...emptyWorkspace(), seq: 4 }, "first")) > 0);
  assert.ok((await writeSnapshot(bus, { ...emptyWorkspace(), seq: 5 }, "second")) > 0);
  const left = await bus.subjects(streams.blob, "blob.>");
  assert.deepEqual(left.toSorted(), [bundle, snapshotChunk("snap-5-second", 0), unfinished]);
  assert.equal((await readSnapshot(bus))?.seq, 5);
  await bus.close();
  await stop();
});
