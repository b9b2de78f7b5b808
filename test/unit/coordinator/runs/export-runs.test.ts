import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { exportLines } from "../../../../coordinator/runs/listing-file.ts";
import { listing } from "../../../../coordinator/runs/run-listing.ts";
import { writeWhole } from "../../../../coordinator/runs/whole-file.ts";
import { UsageError } from "../../../../shared/errors.ts";
import { JobStory, stateOf } from "../../../support/stories/job-story.ts";
import { printed } from "../../../support/stories/listed-runs.ts";
import { ordered, unordered } from "../../../support/stories/search.ts";

test("a table of runs is exported with every digit, as commas, tabs or JSON", () => {
  const folder = mkdtempSync(join(tmpdir(), "nexus-test-"));
  try {
    const story = new JobStory({ number: 1, hyperparameters: [ordered("core", ['a "b", c', 1 / 3])] });
    story.completed(story.started("run1.1", [0]), "run1.1", 0.1 + 0.2, 10, { "s1-rew": Number.POSITIVE_INFINITY });
    story.started("run1.2", [1]);
    const state = stateOf(story);
    const written = (name: string): string => {
      const file = join(folder, "made", name);
      const { results, notes } = printed(state, ["run1.*"], { export: file, columns: "run,s1-rew,hpmax,core" });
      assert.equal(results, "");
      assert.equal(notes, `2 runs written to ${file}\n`);
      return readFileSync(file, "utf8");
    };
    assert.equal(
      written("a.csv"),
      'run,s1-rew,hpmax,core\nrun1.1,Infinity,0.30000000000000004,"a ""b"", c"\nrun1.2,,,0.3333333333333333\n',
    );
    assert.equal(written("a.tsv").split("\n")[1], 'run1.1\tInfinity\t0.30000000000000004\ta "b", c');
    assert.deepEqual(
      written("a.jsonl")
        .trimEnd()
        .split("\n")
        .map((line): unknown => JSON.parse(line)),
      [
        {
          type: "run",
          v: 1,
          run: "run1.1",
          metrics: { "s1-rew": "Infinity", hpmax: 0.1 + 0.2 },
          hparams: { core: 'a "b", c' },
        },
        { type: "run", v: 1, run: "run1.2", metrics: { "s1-rew": null, hpmax: null }, hparams: { core: 1 / 3 } },
      ],
    );
    assert.equal(
      printed(state, ["run1.*"], { json: true, columns: "run,s1-rew,hpmax,core" }).results,
      written("a.jsonl"),
    );
    assert.throws(() => printed(state, [], { export: join(folder, "made") }), {
      name: UsageError.name,
      message: /--export=/,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("an export that fails keeps the old file and leaves no part of the new one", () => {
  const folder = mkdtempSync(join(tmpdir(), "nexus-test-"));
  try {
    const file = join(folder, "runs.csv");
    writeFileSync(file, "kept");
    const breaks = function* () {
      yield "half";
      throw new RangeError("a bug in the middle");
    };
    assert.throws(() => writeWhole(file, breaks(), "--export=runs.csv"), RangeError);
    assert.equal(readFileSync(file, "utf8"), "kept");
    writeWhole(file, ["a", new Uint8Array([98]), "c"], "--export=runs.csv");
    assert.equal(readFileSync(file, "utf8"), "abc");
    assert.deepEqual(readdirSync(folder), ["runs.csv"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("parts of exports left by a killed writer are removed after an hour; younger ones are kept", () => {
  const folder = mkdtempSync(join(tmpdir(), "nexus-test-"));
  try {
    const [old, young, own] = [".runs.csv.0123456789ab.part", ".runs.csv.ba9876543210.part", ".notes.part"];
    for (const name of [old, young, own]) writeFileSync(join(folder, name), "half");
    const before = new Date(Date.now() - 2 * 3_600_000);
    for (const name of [old, own]) utimesSync(join(folder, name), before, before);
    writeWhole(join(folder, "runs.csv"), ["a"], "--export=runs.csv");
    assert.deepEqual(readdirSync(folder).sort(), [own, young, "runs.csv"].sort());
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("an exported table has no control characters of a text", () => {
  const values = ["\x1b]0;x\x07a", "a\x9b31m", "a\rb", "\u202ea", "two\nlines", "\r=1"];
  const story = new JobStory({ number: 1, hyperparameters: [unordered("t", values)] });
  values.forEach((_, i) => void story.started(`run1.${i + 1}`, [i]));
  const found = listing({ runs: ["run1.*"], columns: "hparams.t" }, stateOf(story), "ws1");
  const csv = [...exportLines(found, "csv")].join("");
  assert.equal(csv, `t\n ]0;x a\na 31m\na b\n a\n"two\nlines"\n' =1\n`);
});

test("an export disarms text that a spreadsheet would run as a formula, and leaves numbers alone", () => {
  const values = ["=1+1", "+a", "-x", "@sum", "safe", -0.5];
  const story = new JobStory({ number: 1, hyperparameters: [unordered("=cmd", values)] });
  values.forEach((_, i) => void story.started(`run1.${i + 1}`, [i]));
  const found = listing({ runs: ["run1.*"], columns: "hparams.=cmd" }, stateOf(story), "ws1");
  const csv = [...exportLines(found, "csv")].join("");
  assert.equal(csv, "'=cmd\n'=1+1\n'+a\n'-x\n'@sum\nsafe\n-0.5\n");
  assert.match([...exportLines(found, "jsonl")].join(""), /"=cmd":"=1\+1"/);
});
