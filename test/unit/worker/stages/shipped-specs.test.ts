import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { componentDefaults, packageRoot } from "../../../../shared/components/component-defaults.ts";
import { expandSpec, readSpec, stagesOf } from "../../../../shared/domain/runspec/spec-read.ts";
import { executeRun } from "../../../../worker/runner/run.ts";

test("specs/train_then_test.yaml: the second stage measures the model that the first one saved", async () => {
  const file = path.join(packageRoot(), "specs/train_then_test.yaml");
  const text = await readFile(file, "utf8");
  const reading = readSpec({ file, text, defaults: componentDefaults() });
  if (!reading.ok) assert.fail(JSON.stringify(reading.problems));
  const expanded = expandSpec(reading.spec, {}, () => 7);
  const directory = await mkdtemp(path.join(tmpdir(), "learner-"));
  const lines: string[] = [];
  try {
    const result = await executeRun(stagesOf(expanded), {
      line: (text) => lines.push(text),
      report: () => {},
      directory,
      stateDirectory: directory,
      codeFolder: null,
      inputsFolder: null,
      signal: new AbortController().signal,
      checkpointDue: () => false,
      keep: () => Promise.resolve(),
      inSearch: false,
    });
    assert.deepEqual(Object.keys(result.metrics), ["s1-hrs", "s1-rew", "s1-win", "s2-hrs", "s2-rew", "s2-win"]);
    assert.ok(result.metrics["s2-rew"]! > 0.05, `${result.metrics["s2-rew"]}`);
    assert.ok(result.hpmax > 0.05 && result.iters === 20_000);
    assert.ok(lines.some((line) => line.endsWith(" SAVED")));
  } finally {
    await rm(directory, { recursive: true });
  }
});
