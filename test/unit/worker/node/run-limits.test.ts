import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RunLimits } from "../../../../worker/node/run-limits.ts";
import { SimProcess } from "../../../simulate/sim-process.ts";
import { Timeline } from "../../../simulate/timeline.ts";

function start() {
  const timeline = new Timeline();
  const { clock } = new SimProcess(timeline, "worker", "seed");
  const startedAt = timeline.now;
  const exceeded: [seconds: number, limit: string, reason: string][] = [];
  const limits: RunLimits = new RunLimits(clock, (limit, reason) => {
    exceeded.push([(timeline.now - startedAt) / 1000, limit, reason]);
    limits.end();
  });
  const pass = async (seconds: number): Promise<void> => {
    const end = timeline.now + 1000 * seconds;
    timeline.plan(null, end, () => undefined);
    await timeline.run(() => timeline.now >= end);
  };
  return { limits, exceeded, pass };
}

describe("a run's max_run_time", () => {
  test("max_run_time ends a run when its time has passed", async () => {
    const { limits, exceeded, pass } = start();
    limits.begin(10, null, 0);
    await pass(9.5);
    assert.deepEqual(exceeded, []);
    await pass(20);
    assert.deepEqual(exceeded, [[10, "timeout", "not done after max_run_time, 10 s"]]);
  });

  test("max_run_time does not count time during which the run was frozen, even before it began", async () => {
    const { limits, exceeded, pass } = start();
    limits.freeze();
    await pass(100);
    limits.begin(10, null, 0);
    await pass(100);
    limits.thaw();
    await pass(5);
    limits.freeze();
    await pass(100);
    limits.thaw();
    await pass(4);
    assert.deepEqual(exceeded, []);
    await pass(2);
    assert.deepEqual(exceeded, [[310, "timeout", "not done after max_run_time, 10 s"]]);
  });

  test("max_run_time can be edited during the run, and time that has already passed counts", async () => {
    const { limits, exceeded, pass } = start();
    limits.begin(null, null, 0);
    await pass(60);
    limits.edit({ maxRunSeconds: 90 });
    limits.edit({ maxRunSeconds: null });
    await pass(60);
    assert.deepEqual(exceeded, []);
    limits.edit({ maxRunSeconds: 90 });
    await pass(2);
    assert.equal(exceeded.length, 1);
  });

  test("max_run_time that was edited before the run began replaces the spec's", async () => {
    const { limits, exceeded, pass } = start();
    limits.edit({ maxRunSeconds: null });
    limits.begin(10, null, 0);
    await pass(60);
    assert.deepEqual(exceeded, []);
  });
});

test("a run's grace is the spec's until an edit says another; with neither it is the worker's", () => {
  const { limits } = start();
  assert.equal(limits.graceMs, Number.POSITIVE_INFINITY);
  limits.give(30);
  assert.equal(limits.graceMs, 30_000);
  limits.edit({ maxRunSeconds: 5 });
  assert.equal(limits.graceMs, 30_000);
  limits.edit({ graceSeconds: 120 });
  assert.equal(limits.graceMs, 120_000);
  limits.edit({ graceSeconds: null });
  assert.equal(limits.graceMs, Number.POSITIVE_INFINITY);
});

test("a run that uses more than memory_per_run ends, and the reason names both amounts", async () => {
  const { limits, exceeded, pass } = start();
  limits.begin(null, 2e6, process.pid);
  await pass(2);
  const [[seconds, limit, reason] = []] = exceeded;
  assert.deepEqual([exceeded.length, seconds, limit], [1, 1, "memory"]);
  assert.match(reason ?? "", /^it used [\d.]+ MB of memory, more than memory_per_run, 2\.0 MB$/);
});
