import assert from "node:assert/strict";
import { test } from "node:test";
import { Hearing, heardOnce } from "../../../../coordinator/leader/hearing.ts";
import { BusError, type Clock } from "../../../../shared/ports.ts";
import { eventually } from "../../../support/patience.ts";

/** The connection for questions on a clock of its own, and a leader's hearing with leases of 6 s. */
function deafLeader() {
  let now = 0;
  const ticks: (() => void)[] = [];
  const clock = {
    monotonic: () => now,
    every: (_ms: number, action: () => void) => {
      ticks.push(action);
      return { cancel: () => void ticks.splice(ticks.indexOf(action), 1) };
    },
    pause: () => new Promise(setImmediate),
  } as unknown as Clock; // nothing else of it is used
  let answer = (): void => undefined;
  const line = { isDead: false, isConnected: true, asked: 0 };
  const questions = {
    isConnected: () => line.isConnected,
    flush: () => {
      line.asked += 1;
      if (!line.isConnected) return Promise.reject(new BusError("not connected", "away"));
      return new Promise<void>((resolve) => {
        answer = resolve;
        if (!line.isDead) resolve();
      });
    },
  };
  const hearing = new Hearing(questions, clock, 6000);
  const heard = { again: 0, deaf: 0 };
  const stop = hearing.watch(
    () => {
      heard.again += 1;
    },
    () => {
      heard.deaf += 1;
    },
  );
  /** Each second the broker is asked once. */
  const pass = async (seconds: number, secondMs = 1000): Promise<void> => {
    for (let i = 0; i < seconds; i += 1) {
      now += secondMs;
      for (const tick of ticks) tick();
      await new Promise(setImmediate);
    }
  };
  return { hearing, heard, line, questions, clock, pass, stop, answer: () => answer() };
}

test("a leader knows within half a lease that no question can reach it, and when they arrive again", async () => {
  const { hearing, heard, line, pass, answer } = deafLeader();
  await pass(10);
  assert.ok(hearing.hears);
  line.isDead = true;
  await pass(4);
  assert.ok(!hearing.hears);
  line.isDead = false;
  answer();
  await pass(1);
  assert.ok(hearing.hears);
  assert.equal(heard.again, 1);
  line.isConnected = false;
  assert.ok(!hearing.hears, "at once where the connection is known to be lost");
});

test("a leader that hears no question for three leases is told once; time it stood still is left out", async () => {
  const { heard, line, pass, stop } = deafLeader();
  await pass(30);
  assert.equal(heard.deaf, 0);
  line.isDead = true;
  await pass(10, 3_600_000);
  await pass(7);
  assert.equal(heard.deaf, 0);
  await pass(10);
  assert.equal(heard.deaf, 1);
  stop();
  await pass(30);
  assert.equal(heard.deaf, 1);
});

test("a leader waits to lead until a question can reach it, or until it is stopped", async () => {
  const { line, questions, clock } = deafLeader();
  line.isConnected = false;
  let isHeard = false;
  const waits = heardOnce(questions, clock, new AbortController().signal).then(() => {
    isHeard = true;
  });
  await eventually("the broker is asked again", () => line.asked > 1);
  assert.ok(!isHeard);
  line.isConnected = true;
  await waits;
  const stop = new AbortController();
  line.isDead = true;
  const ended = heardOnce(questions, clock, stop.signal);
  stop.abort();
  await ended;
});
