import assert from "node:assert/strict";
import { test } from "node:test";
import { LeaveTime, usualGraceMs } from "../../../../../worker/node/leaving/leave-time.ts";
import { SimProcess } from "../../../../simulate/sim-process.ts";
import { Timeline } from "../../../../simulate/timeline.ts";

test("what goes ahead of a run's end has half of what is left of a hand-back, whichever begins first", async () => {
  const timeline = new Timeline();
  const { clock } = new SimProcess(timeline, "worker", "seed");
  const pass = async (ms: number): Promise<void> => {
    const end = timeline.now + ms;
    timeline.plan(null, end, () => undefined);
    await timeline.run(() => timeline.now >= end);
  };
  const time = new LeaveTime(clock);
  const nothing = (): void => undefined;
  const first = time.ahead();
  await pass(3_600_000);
  assert.ok(!first.aborted, "nobody ordered a hand-back");
  assert.ok(time.begin(60_000, nothing, nothing));
  await pass(20_000);
  assert.ok(time.begin(10_000, nothing, nothing));
  await pass(4900);
  assert.ok(!first.aborted);
  await pass(200);
  assert.ok(first.aborted);
  const second = time.ahead();
  await pass(2400);
  assert.ok(!second.aborted);
  await pass(100);
  assert.ok(second.aborted);
});

test("a run's hand-back has what is left of the grace to be told, and the usual grace if nobody ordered it", () => {
  const { clock } = new SimProcess(new Timeline(), "worker", "seed");
  const time = new LeaveTime(clock);
  assert.equal(time.tellingMs, usualGraceMs);
  const nothing = (): void => undefined;
  assert.ok(time.begin(60_000, nothing, nothing));
  assert.equal(time.tellingMs, 60_000);
  assert.ok(!time.begin(90_000, nothing, nothing), "longer");
  assert.ok(time.begin(10, nothing, nothing));
  assert.equal(time.tellingMs, 1000, "the least");
});
