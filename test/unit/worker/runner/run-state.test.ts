import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { BadMessage } from "../../../../shared/wire/check.ts";
import { encode } from "../../../../shared/wire/codec.ts";
import { decodeState, encodeState, StateError } from "../../../../worker/components/saved-state.ts";
import { filesToSave, takeOver, writeFiles } from "../../../../worker/runner/run-folder.ts";
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

describe("a run's saved state", () => {
  const saved = {
    stage: 2,
    iters: 300,
    hours: 0.25,
    summary: { value: 0.1, count: 3 },
    metrics: { "s1-rew": Number.NaN },
    state: Uint8Array.of(1, 2, 3),
  };

  test("a run's saved state comes back as it was, with the files of the run's folder", () => {
    const folder = mkdtempSync(join(tmpdir(), "nexus-state-"));
    try {
      mkdirSync(join(folder, "models"));
      writeFileSync(join(folder, "models", "best.model"), "weights");
      writeFileSync(join(folder, "console.txt"), "written anew");
      const { small: files } = filesToSave(folder, join(folder, "nowhere"));
      const { run, files: again } = decodeRun(encodeRun(saved, files));
      assert.deepEqual({ ...run, state: [...run.state] }, { ...saved, state: [1, 2, 3] });
      assert.deepEqual(Object.keys(again), ["models/best.model"]);
      writeFiles(join(folder, "elsewhere"), again);
      assert.equal(readFileSync(join(folder, "elsewhere", "models", "best.model"), "utf8"), "weights");
      const nothing = filesToSave(join(folder, "nowhere"), join(folder, "nowhere"));
      assert.deepEqual(nothing, { small: {}, large: [], leftOut: [] });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("files of a run's saved state come back apart from its folder, and are part of it at the end", () => {
    const root = mkdtempSync(join(tmpdir(), "nexus-state-"));
    const [own, state] = [join(root, "runs"), join(root, "states")];
    try {
      writeFiles(state, { "a/old": Uint8Array.of(1), both: Uint8Array.of(1), way: Uint8Array.of(1) });
      writeFiles(own, { both: Uint8Array.of(2), "way/new": Uint8Array.of(2) });
      const { small } = filesToSave(own, state);
      assert.deepEqual(Object.keys(small).sort(), ["a/old", "both", "way/new"]);
      assert.deepEqual([...(small["both"] ?? [])], [2], "this attempt's own comes first");
      takeOver(own, state);
      assert.deepEqual([...readFileSync(join(own, "a/old"))], [1]);
      assert.deepEqual([...readFileSync(join(own, "both"))], [2]);
      assert.deepEqual([...readFileSync(join(own, "way/new"))], [2]);
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  test("a saved state with a file outside the folder, of another version, or cut short is refused", () => {
    assert.throws(() => decodeRun(encodeRun(saved, { "../x": Uint8Array.of(1) })), BadMessage);
    assert.throws(() => decodeRun(encode({ v: 9, ...saved, files: {} })), /version 9/);
    const { state: _state, ...less } = saved;
    assert.throws(() => decodeRun(encode({ v: 1, ...less, files: {} })), /checkpoint\.state: expected bytes/);
  });
});
