import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { Vitals } from "../../../../worker/processes/vitals.ts";
import { SimProcess } from "../../../simulate/sim-process.ts";
import { silentLog } from "../../../simulate/simulation.ts";
import { Timeline } from "../../../simulate/timeline.ts";
import { eventually } from "../../../support/patience.ts";

test("a machine says how much of it is in use, and is read at most twice a minute", async () => {
  const timeline = new Timeline();
  const { clock } = new SimProcess(timeline, "worker", "seed");
  let asked = 0;
  const gpuUse = async (): Promise<number> => {
    asked += 1;
    return 40 + asked;
  };
  const vitals = new Vitals(tmpdir(), { clock, log: silentLog, gpuUse });
  await eventually("it was read", () => vitals.said().machine?.gpu === 41);
  const { machine } = vitals.said();
  assert.ok((machine?.memory ?? -1) >= 0 && (machine?.memory ?? 101) <= 100);
  // For processors only the time since the last reading counts, and there was next to none.
  assert.ok(machine?.cpu === null || ((machine?.cpu ?? -1) >= 0 && (machine?.cpu ?? 101) <= 100));
  assert.equal(asked, 1);
  timeline.plan(null, timeline.now + 31_000, () => undefined);
  await timeline.run(() => false);
  vitals.said();
  await eventually("it was read again", () => vitals.said().machine?.gpu === 42);
  assert.equal(asked, 2);
  const without = new Vitals(tmpdir(), { clock, log: silentLog });
  await eventually("it was read", () => without.said().machine !== undefined);
  assert.equal(without.said().machine?.gpu, null);
});
