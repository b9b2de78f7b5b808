import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../../../shared/time/clock.ts";
import { Ending } from "../../../../shared/time/ending.ts";

test("an ending calls each of its listeners once and cuts a pause short", async () => {
  const ending = new Ending();
  let [told, untold] = [0, 0];
  const forgotten = (): void => {
    untold += 1;
  };
  ending.addEventListener("abort", () => {
    told += 1;
  });
  ending.addEventListener("abort", forgotten);
  ending.removeEventListener("abort", forgotten);
  const pause = systemClock.pause(60_000, ending);
  const { ended } = ending;
  assert.equal(ending.aborted, false);
  ending.abort();
  ending.abort();
  await pause;
  await ended;
  await ending.ended;
  await systemClock.pause(60_000, ending);
  assert.deepEqual([told, untold, ending.aborted], [1, 0, true]);
});
