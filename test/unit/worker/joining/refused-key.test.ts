import assert from "node:assert/strict";
import { test } from "node:test";
import { RefusedKey } from "../../../../worker/joining/refused-key.ts";

test("a worker's refused key is said once, and explains the silence that comes with it", () => {
  let now = 0;
  const said: boolean[] = [];
  const key = new RefusedKey({ monotonic: () => now }, (isRefused) => void said.push(isRefused));
  assert.equal(key.explains("silent"), false, "the coordinator ended, and the key is good");
  assert.equal(key.explains("answered"), false);
  key.refused();
  assert.equal(key.explains("silent"), true);
  now = 6000;
  key.refused();
  key.refused();
  assert.deepEqual(said, [true]);
  key.accepted();
  assert.deepEqual(said, [true, false]);
  assert.equal(key.explains("answered"), true, "nobody was told that it was silent");
  assert.equal(key.explains("silent"), false);
  assert.equal(key.explains("answered"), false);
});
