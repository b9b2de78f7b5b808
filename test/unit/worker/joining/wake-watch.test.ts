import assert from "node:assert/strict";
import { test } from "node:test";
import type { Timer } from "../../../../shared/ports.ts";
import { watchForWaking } from "../../../../worker/joining/wake-watch.ts";

test("sleep shows on the wall clock, a standstill on both; a clock set back or busy machine is neither", () => {
  let wall = 1e12;
  let monotonic = 0;
  let look = (): void => undefined;
  const timer: Timer = { cancel: () => undefined, unref: () => timer };
  const woken: number[] = [];
  watchForWaking(
    {
      wall: () => wall,
      monotonic: () => monotonic,
      every: (_, action) => {
        look = action;
        return timer;
      },
    },
    (missedMs) => woken.push(missedMs),
  );
  const pass = (wallMs: number, monotonicMs: number): number[] => {
    wall += wallMs;
    monotonic += monotonicMs;
    look();
    return woken.splice(0);
  };
  assert.deepEqual(pass(2000, 2000), []);
  assert.deepEqual(pass(7000, 7000), [], "the machine was busy");
  assert.deepEqual(pass(8 * 3_600_000, 2000), [28_800_000], "a laptop was closed");
  assert.deepEqual(pass(2000, 2000), [], "it is said once");
  assert.deepEqual(pass(60_000, 60_000), [60_000], "the process was stopped");
  assert.deepEqual(pass(-3_600_000, 2000), [], "the clock was set back");
  assert.deepEqual(pass(2000, 2000), []);
});
