import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeState, encodeState, StateError } from "../../../../worker/components/saved-state.ts";
import { decodeRun, encodeRun, type SavedRun } from "../../../../worker/runner/run-state.ts";

const run: SavedRun = {
  stage: 2,
  iters: 10,
  hours: 0.5,
  summary: { value: 1, count: 2 },
  metrics: { "s1-rew": 1 },
  state: new Uint8Array(1000).fill(3),
};

test("a run's state of another worker is held to limits, and its error tells nothing of it", () => {
  const files = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`f${i}`, new Uint8Array(1)]));
  const read = decodeRun(encodeRun(run, files));
  assert.equal(Object.keys(read.files).length, 5000);
  assert.deepEqual({ ...read.run, state: new Uint8Array(read.run.state) }, run);
  const many = { ...run, metrics: Object.fromEntries(Array.from({ length: 30_000 }, (_, i) => [`m${i}`, i])) };
  assert.throws(() => decodeRun(encodeRun(many, {})), /^BadMessage: more than/);
  const climbing = encodeRun(run, { "../secret": new Uint8Array(1) });
  assert.throws(
    () => decodeRun(climbing),
    (error) => error instanceof Error && /checkpoint.files: /.test(error.message) && !/secret/.test(error.message),
  );
});

test("a saved state with a header that cannot be is damaged, whatever the header says", () => {
  const whole = encodeState({ component: "x" }, { weights: Float64Array.of(1, 2, 3) });
  assert.deepEqual(decodeState(whole, "it").state["weights"], Float64Array.of(1, 2, 3));
  const long = Uint8Array.from(whole);
  new DataView(long.buffer).setUint32(4, 2 ** 31);
  assert.throws(() => decodeState(long, "it"), StateError);
  for (const [from, to] of [
    ["Float64Array", "constructor "],
    ['"length":3', '"length":-'],
    ['"length":3', '"length":9'],
  ] as const) {
    const text = Buffer.from(whole).toString("latin1").replace(from, to);
    assert.throws(() => decodeState(Buffer.from(text, "latin1"), "it"), /^STATE|StateError: it is damaged/);
  }
});
