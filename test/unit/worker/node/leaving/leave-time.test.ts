import assert from "node:assert/strict";
import { test } from "node:test";
import { LeaveTime, usualGraceMs } from "../../../../../worker/node/leaving/leave-time.ts";
import { SimProcess } from "../../../../simulate/sim-process.ts";
import { Timeline } from "../../../../simulate/timeline.ts";

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
