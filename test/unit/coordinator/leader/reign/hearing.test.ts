import assert from "node:assert/strict";
import { test } from "node:test";
import { Hearing } from "../../../../../coordinator/leader/hearing.ts";
import type { Clock } from "../../../../../shared/ports.ts";

test("a leader knows within half a lease that no question can reach it, and when they arrive again", async () => {
  let now = 0;
  let tick = (): void => undefined;
  const clock = {
    monotonic: () => now,
    every: (_ms: number, action: () => void) => {
      tick = action;
      return { cancel: () => undefined };
    },
  } as unknown as Clock; // nothing else of it is used
  let answer = (): void => undefined;
  let isDead = false;
  let isConnected = true;
  const questions = {
    isConnected: () => isConnected,
    flush: () =>
      new Promise<void>((resolve) => {
        answer = resolve;
        if (!isDead) resolve();
      }),
  };
  let again = 0;
  const hearing = new Hearing(questions, clock, 6000);
  hearing.watch(() => {
    again += 1;
  });
  const pass = async (seconds: number): Promise<void> => {
    for (let i = 0; i < seconds; i += 1) {
      now += 1000;
      tick();
      await new Promise(setImmediate);
    }
  };
  await pass(10);
  assert.ok(hearing.hears);
  isDead = true;
  await pass(4);
  assert.ok(!hearing.hears);
  isDead = false;
  answer();
  await pass(1);
  assert.ok(hearing.hears);
  assert.equal(again, 1);
  isConnected = false;
  assert.ok(!hearing.hears, "at once where the connection is known to be lost");
});
