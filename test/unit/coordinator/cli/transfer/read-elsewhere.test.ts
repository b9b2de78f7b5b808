import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { optunaJournal } from "../../../../../coordinator/cli/transfer/optuna-journal.ts";
import { eventFile } from "../../../../../coordinator/cli/transfer/run-files.ts";
import { jobLine, runLine } from "../../../../../coordinator/cli/transfer/tool-lines.ts";
import type { RunEvidence } from "../../../../../coordinator/reading/evidence-reader.ts";
import { packageRoot } from "../../../../../shared/components/component-defaults.ts";
import { withMarks } from "../../../../../shared/domain/fold/grown-dials.ts";
import type { Hyperparameter } from "../../../../../shared/domain/hyperparameter.ts";
import { temporaryFolder } from "../../../../support/cleanup.ts";
import { JobStory, stateOf } from "../../../../support/stories/job-story.ts";
import { ordered, ranged, unordered } from "../../../../support/stories/search.ts";

/** What we write for other programs, read by libraries that are not ours; .ci/run installs them. */
const folder = temporaryFolder();
const python = process.env["NEXUS_TEST_PYTHON"] ?? "/usr/bin/python3";
const without = (...modules: string[]): string | false => {
  const found = spawnSync(python, ["-c", `import ${modules.join(", ")}`]);
  return found.status === 0 ? false : `${python} has no ${modules.join(", ")}`;
};

function read<Said>(reader: string, ...words: string[]): Said[] {
  const script = join(packageRoot(), "test/fixtures/readers", reader);
  const { status, stdout, stderr } = spawnSync(python, [script, ...words], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Said);
}

const evidenceOf = (curve: RunEvidence["curve"]): RunEvidence => ({
  curve,
  console: null,
  said: [],
  titles: {},
  gpus: "",
  environment: "",
  files: null,
});

/** A file of what is told to _export.py about a story. */
function linesOf(story: JobStory, name: string): string {
  const table = stateOf(story).jobs.get(story.job);
  assert.ok(table);
  const runs = [...table.trials].map((trial) =>
    runLine({ table, trial }, evidenceOf({ run: trial.run, stages: [] }), "ws1"),
  );
  const file = join(folder, name);
  writeFileSync(file, [jobLine(table, "ws1"), ...runs].join(""));
  return file;
}

const dials = [ordered("lr", [0.1, 0.01, 1e-5]), unordered("core", ["GRU", "=MLP", true, null])];

function told(): JobStory {
  const story = new JobStory({ number: 7, hyperparameters: dials });
  story.completed(story.started("run1.1", [0, 0]), "run1.1", 0.1 + 0.2, 10, { "s1-hrs": 0.5, "s1-rew": 3 });
  story.endedWithout(story.started("run1.2", [1, 1]), "run1.2", "timed out", "too slow");
  story.completed(story.started("run1.3", [2, 3]), "run1.3", -1, 10, { "s1-hrs": 0.25, "s1-rew": 1 });
  story.started("run1.4", [1, 2]);
  return story;
}

test("optuna loads an exported study with every value unchanged, and continues it", {
  skip: without("optuna"),
}, () => {
  const story = told();
  const table = stateOf(story).jobs.get(story.job);
  assert.ok(table);
  const file = join(folder, "job7.optuna.log");
  writeFileSync(file, [...optunaJournal(table, "ws1")].join(""));
  const [study] = read<Record<string, unknown>>("optuna_study.py", "job7", file);
  assert.equal(study?.["direction"], "MAXIMIZE");
  assert.deepEqual(study["trials"], [
    { state: "COMPLETE", value: 0.1 + 0.2, params: { lr: 0.1, core: "GRU" }, run: "run1.1" },
    { state: "FAIL", value: null, params: { lr: 0.01, core: "=MLP" }, run: "run1.2" },
    { state: "COMPLETE", value: -1, params: { lr: 1e-5, core: null }, run: "run1.3" },
    { state: "RUNNING", value: null, params: { lr: 0.01, core: true }, run: "run1.4" },
  ]);
  assert.deepEqual(study["best"], { run: "run1.1", value: 0.1 + 0.2, params: { lr: 0.1, core: "GRU" } });
  const { lr, core } = study["asked"] as { lr: number; core: unknown };
  assert.ok(dials[0]?.values.includes(lr) && dials[1]?.values.includes(core as string));
  assert.ok(readFileSync(file, "utf8").split("\n").length > 10, "optuna's own trial stands in the same file");
});

test("a study in optuna takes runs at new marks of a range; for new values of a list another is needed", {
  skip: without("optuna"),
}, () => {
  const clip = ranged("clip", { from: 1, to: 100, scale: "log", zero: true });
  const finer = withMarks(clip, [2.5], 0);
  const lines = (hyperparameters: readonly Hyperparameter[], ...runs: (readonly number[])[]): string => {
    const story = new JobStory({ number: 7, hyperparameters });
    for (const [i, run] of runs.entries())
      story.completed(story.started(`run1.${i + 1}`, run), `run1.${i + 1}`, i, 1, {});
    return linesOf(story, `lines-${runs.length}`);
  };
  const place = `sqlite:///${join(folder, "grown.db")}`;
  const done = read(
    "optuna_export.py",
    place,
    lines([clip, ordered("lr", [0.1, 0.2])], [0, 0]),
    lines([finer, ordered("lr", [0.1, 0.2])], [0, 0], [clip.values.length, 1]),
    lines([finer, ordered("lr", [0.1, 0.2, 0.4])], [0, 0], [clip.values.length, 1], [1, 2]),
  );
  assert.deepEqual(done, [
    { written: 1, there: 0, notes: [], best: "run1.1" },
    { written: 1, there: 1, notes: [], best: "run1.2" },
    {
      error: `the study job7 in ${place} has other values, or another kind of range, of lr, and Optuna changes neither; name another place: --output`,
    },
  ]);
});

test("optuna's best trial of an exported study meets what the job requires, from journal and storage", {
  skip: without("optuna"),
}, () => {
  const story = new JobStory({ number: 7, hyperparameters: dials, settings: { require: ["gb <= 8"] } });
  story.completed(story.started("run1.1", [0, 0]), "run1.1", 0.9, 10, { "s1-gb": 9 });
  story.completed(story.started("run1.2", [1, 1]), "run1.2", 0.5, 10, { "s1-gb": 4 });
  const table = stateOf(story).jobs.get(story.job);
  assert.ok(table);
  const file = join(folder, "constrained.optuna.log");
  writeFileSync(file, [...optunaJournal(table, "ws1")].join(""));
  const [study] = read<{ readonly best: { readonly run: string } }>("optuna_study.py", "job7", file);
  assert.equal(study?.best.run, "run1.2");
  const place = `sqlite:///${join(folder, "constrained.db")}`;
  assert.deepEqual(read("optuna_export.py", place, linesOf(story, "constrained")), [
    { written: 2, there: 0, notes: [], best: "run1.2" },
  ]);
});

test("an export to W&B knows what lies in WANDB_DIR, writes no run twice, and names that folder", {
  skip: without("json"),
}, () => {
  const story = new JobStory({ number: 7, hyperparameters: dials });
  story.completed(story.started("run1.1", [0, 0]), "run1.1", 0.9);
  const first = linesOf(story, "wandb-first");
  story.completed(story.started("run1.2", [1, 1]), "run1.2", 0.5);
  const place = join(folder, "scratch of me");
  const where = `the folder ${place}/wandb (offline), project ws1-job7`;
  const one = "run1.1 completed, exit code 0";
  const notes = [`to send them: wandb sync '${place}/wandb'/offline-run-*`];
  assert.deepEqual(read("tool_export.py", "wandb", place, first, first, linesOf(story, "wandb-second")), [
    { where, written: 1, there: 0, notes, kept: [one] },
    { where, written: 0, there: 1, notes: [], kept: [one] },
    { where, written: 1, there: 1, notes, kept: [one, "run1.2 completed, exit code 0"] },
  ]);
});

describe("an export to a tool that has the runs", () => {
  /** One job as an export first sees it, and once a failure was taken back and a result rejected. */
  function changed(): readonly [before: string, after: string] {
    const [before, after] = ["before", "after"].map((name) => {
      const story = new JobStory({ number: 7, hyperparameters: dials });
      const first = story.started("run1.1", [0, 0]);
      if (name === "before") story.endedWithout(first, "run1.1", "failed", "its disk is full");
      else story.completed(first, "run1.1", 0.9);
      const second = story.started("run1.2", [1, 1]);
      story.completed(second, "run1.2", 0.5);
      story.completed(story.started("run1.3", [2, 2]), "run1.3", 0.1);
      if (name === "after") story.judged("rejected", [second]);
      return linesOf(story, name);
    });
    return [before ?? "", after ?? ""];
  }
  const readAgain = (tool: string): (readonly unknown[])[] =>
    read<{ written: number; there: number; kept: string[] }>(
      "tool_export.py",
      tool,
      join(folder, tool),
      ...changed(),
    ).map(({ written, there, kept }) => [written, there, kept]);

  test("an export to MLflow writes runs anew whose status has changed", { skip: without("json") }, () => {
    assert.deepEqual(readAgain("mlflow"), [
      [3, 0, ["run1.1 FAILED", "run1.2 FINISHED", "run1.3 FINISHED"]],
      [2, 1, ["run1.1 FINISHED", "run1.2 FAILED", "run1.3 FINISHED"]],
    ]);
  });

  test("an export to W&B's offline folder writes runs anew whose status has changed", {
    skip: without("json"),
  }, () => {
    const whole = "run1.3 completed, exit code 0";
    assert.deepEqual(readAgain("wandb"), [
      [3, 0, ["run1.1 failed, exit code 1", "run1.2 completed, exit code 0", whole]],
      [2, 1, ["run1.1 completed, exit code 0", "run1.2 rejected, exit code 1", whole]],
    ]);
  });

  test("an export to Optuna, which changes no trial, says how many runs have changed", {
    skip: without("optuna"),
  }, () => {
    const note =
      "2 runs have changed since, and Optuna changes no trial that has ended; to have all as they are now, name another place: --output";
    assert.deepEqual(read("optuna_export.py", `sqlite:///${join(folder, "changed.db")}`, ...changed()), [
      { written: 3, there: 0, notes: [], best: "run1.2" },
      { written: 0, there: 3, notes: [note], best: "run1.2" },
    ]);
  });
});

test("Google's own libraries read an event file: every sum, every report, hpmax and the session", {
  skip: without("crc32c", "google.protobuf"),
}, () => {
  const story = told();
  const table = stateOf(story).jobs.get(story.job);
  const trial = table?.trial(1);
  assert.ok(table && trial);
  const metrics = [{ name: "s1-rew", values: [0.5, Number.NaN, -3], counts: [1, 0, 1] }];
  const stages = [{ stage: 1, iters: [10, 20, 30], hours: [0.1, 0.2, 0.3], metrics }];
  const evidence = evidenceOf({ run: trial.run, stages });
  const file = join(folder, "events.out.tfevents.1.pc");
  const bytes = eventFile({ table, trial }, evidence);
  writeFileSync(file, bytes);
  interface Said {
    readonly version: string;
    readonly time: number;
    readonly step: number;
    readonly values: readonly { readonly tag: string; readonly value: number; readonly plugin: string }[];
  }
  const events = read<Said>("event_file.py", file);
  assert.equal(events[0]?.version, "brain.Event:2");
  const reported = events.flatMap(({ step, values }) => values.map(({ tag, value }) => ({ step, tag, value })));
  assert.deepEqual(
    reported.filter(({ tag }) => tag === "s1-rew").map(({ step, value }) => [step, value]),
    [
      [10, 0.5],
      [30, -3],
    ],
  );
  assert.ok(reported.some(({ tag, value }) => tag === "hpmax" && Math.abs(value - 0.3) < 1e-7));
  const plugins = events.flatMap(({ values }) => values.filter(({ plugin }) => plugin === "hparams"));
  assert.deepEqual(
    plugins.map(({ tag }) => tag),
    ["_hparams_/experiment", "_hparams_/session_start_info", "_hparams_/session_end_info"],
  );
  const damaged = Buffer.from(bytes);
  damaged[40] = (damaged[40] ?? 0) ^ 1;
  writeFileSync(file, damaged);
  assert.throws(() => read("event_file.py", file), /is damaged/);
});
