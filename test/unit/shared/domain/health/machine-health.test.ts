import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type EndedRun, endedRuns } from "../../../../../shared/domain/health/ended-runs.ts";
import { machineHealth } from "../../../../../shared/domain/health/machine-health.ts";
import { speedsInSteps } from "../../../../../shared/domain/health/speed.ts";
import type { JobName, WorkerId } from "../../../../../shared/domain/names.ts";
import { atOnce } from "../../../../../shared/domain/steps.ts";
import { stateOf } from "../../../../support/stories/job-story.ts";
import { mixed } from "../../../../support/stories/listed-runs.ts";

const run = (worker: string, set: number, pace: number, job = "job1"): EndedRun => ({
  worker: worker as WorkerId,
  job: job as JobName,
  set,
  hpmax: 0,
  pace,
});
/** Times of machines on configurations, each machine's with its own factor. */
const timed = (factors: Readonly<Record<string, number>>, sets: number, costOf: (set: number) => number): EndedRun[] =>
  Object.entries(factors).flatMap(([worker, factor]) =>
    Array.from({ length: sets }, (_, set) => run(worker, set, costOf(set) / factor)),
  );
const speeds = (runs: readonly EndedRun[]) => atOnce(speedsInSteps(runs));
const factor = (runs: readonly EndedRun[], worker: string): number =>
  speeds(runs).get(worker as WorkerId)?.factor ?? Number.NaN;
const near = (found: number, expected: number): void =>
  assert.ok(Math.abs(found / expected - 1) < 0.02, `${found}, expected ${expected}`);

describe("a machine's speed", () => {
  test("a machine's speed is beside the machine in the middle, on the same configurations", () => {
    const runs = timed({ slow: 0.5, usual: 1, other: 1, fast: 2 }, 10, (set) => 2 ** set);
    near(factor(runs, "slow"), 0.5);
    near(factor(runs, "usual"), 1);
    near(factor(runs, "fast"), 2);
  });

  test("a machine's speed does not depend on which configurations it got, if some are shared", () => {
    const cheap = Array.from({ length: 20 }, (_, i) => run("a", 100 + i, 0.001));
    near(factor([...timed({ a: 1, b: 1, c: 1 }, 8, () => 10), ...cheap], "a"), 1);
  });

  test("a machine's speed is taken from all runs of a job where configurations are never repeated", () => {
    const runs = Array.from({ length: 300 }, (_, i) => run(`m${i % 3}`, i, (1 + (i % 7)) / (i % 3 === 0 ? 0.5 : 1)));
    near(factor(runs, "m0"), 0.5);
  });

  test("a machine's speed does not follow single runs that waited for hours", () => {
    const runs = timed({ a: 1, b: 1, c: 1 }, 15, () => 1).map((each, i) => (i < 3 ? { ...each, pace: 5000 } : each));
    near(factor(runs, "a"), 1);
  });

  test("a machine's speed is not told if it has few runs, or is alone", () => {
    assert.ok(Number.isNaN(factor([...timed({ a: 1, b: 1 }, 10, () => 1), run("c", 0, 9)], "c")));
    assert.equal(speeds(timed({ a: 1 }, 50, () => 1)).size, 0);
    assert.equal(speeds(timed({ a: 1, b: 1 }, 10, () => Number.NaN)).size, 0);
  });
});

describe("the health of a workspace", () => {
  test("a worker's health counts stays that were lost or failed by its fault", () => {
    const health = machineHealth(mixed());
    const node = health.get("node-1" as WorkerId);
    assert.ok(node);
    assert.deepEqual([node.ended, Math.round(100 * node.failed), node.lost], [3, 33, 0]);
    assert.deepEqual([node.speed, node.differs], [null, null]);
    assert.equal(machineHealth(stateOf()).size, 0);
  });

  test("the health of a workspace looks at the newest trials only", () => {
    const { runs } = endedRuns(mixed());
    const { runs: newest } = endedRuns(mixed(), 2);
    assert.ok(newest.length <= 2 && newest.length < runs.length);
    assert.deepEqual(
      newest.map(({ hpmax }) => hpmax),
      runs.slice(runs.length - newest.length).map(({ hpmax }) => hpmax),
    );
  });
});
