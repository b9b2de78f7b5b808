import assert from "node:assert/strict";
import { test } from "node:test";
import { UnreachableError, UsageError } from "../../../../shared/errors.ts";
import { Patience } from "../../../../worker/joining/patience.ts";

/** A clock that jumps over each pause, and what was said. */
function patient(limitMs: number): { patience: Patience; said: string[]; now: () => number } {
  let now = 0;
  const said: string[] = [];
  const pause = async (ms: number): Promise<void> => {
    now += ms;
  };
  const ports = { clock: { monotonic: () => now, pause }, chance: { fraction: () => 0.5 } };
  return { patience: new Patience(ports, limitMs, (text) => said.push(text)), said, now: () => now };
}

test("a coordinator that is not there yet is waited for, which is said once", async () => {
  const { patience, said } = patient(Number.POSITIVE_INFINITY);
  let tries = 0;
  const found = await patience.keepTrying(async () => {
    tries += 1;
    if (tries < 500) throw new UnreachableError("nobody answers at lab1:4222");
    return "there";
  });
  assert.equal(found, "there");
  assert.deepEqual(said, ["nobody answers at lab1:4222\n  waiting; Ctrl-C ends that"]);
});

test("a coordinator is waited for no longer than the owner said, and a mistake ends it at once", async () => {
  const away = async (): Promise<never> => {
    throw new UnreachableError("nobody answers");
  };
  const minute = patient(60_000);
  await assert.rejects(minute.patience.keepTrying(away), UnreachableError);
  assert.equal(minute.now(), 60_000);
  assert.match(minute.said.join(), /waiting for 60 s at most/);
  const none = patient(0);
  await assert.rejects(none.patience.keepTrying(away), UnreachableError);
  assert.deepEqual([none.said, none.now()], [[], 0]);
  const wrong = patient(60_000);
  const mistaken = wrong.patience.keepTrying(async () => {
    throw new UsageError("no code");
  });
  await assert.rejects(mistaken, UsageError);
  assert.equal(wrong.now(), 0);
});

test("a broker's refusal is excused for a moment if it has just come, and never if it was there all along", async () => {
  const { patience } = patient(Number.POSITIVE_INFINITY);
  assert.equal(patience.excusesRefusal, false);
  await patience.wait(new UnreachableError("nobody answers"));
  assert.equal(patience.excusesRefusal, true);
  let tries = 0;
  while (patience.excusesRefusal && tries < 100) {
    tries += 1;
    await patience.wait(new UnreachableError("it refuses"));
  }
  assert.ok(tries > 1 && tries < 100);
});

test("a broker's refusal is excused for a moment too if it was there and was lost", async () => {
  const { patience, now } = patient(Number.POSITIVE_INFINITY);
  patience.lost();
  assert.equal(patience.excusesRefusal, true);
  while (patience.excusesRefusal) await patience.wait(new UnreachableError("it refuses"));
  assert.ok(now() >= 10_000 && now() < 15_000);
  patience.lost();
  assert.equal(patience.excusesRefusal, true, "once more");
  const { patience: none } = patient(0);
  none.lost();
  assert.equal(none.excusesRefusal, false, "its owner waits for nothing");
});
