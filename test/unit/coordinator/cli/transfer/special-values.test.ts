import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { changesOf } from "../../../../../coordinator/cli/control/edit.ts";
import { confirmationJson } from "../../../../../coordinator/cli/evaluate/confirmation-table.ts";
import { evaluateJob } from "../../../../../coordinator/cli/evaluate/evaluate-job.ts";
import { showSpec } from "../../../../../coordinator/cli/evaluate/spec-best.ts";
import { earlierRuns } from "../../../../../coordinator/cli/transfer/import-runs.ts";
import { optunaJournal } from "../../../../../coordinator/cli/transfer/optuna-journal.ts";
import { runJson } from "../../../../../coordinator/cli/view/view-run.ts";
import type { Output } from "../../../../../coordinator/operator/output.ts";
import { exportLines } from "../../../../../coordinator/runs/listing-file.ts";
import { oneRun } from "../../../../../coordinator/runs/one-run.ts";
import { listing } from "../../../../../coordinator/runs/run-listing.ts";
import { maximised } from "../../../../../shared/domain/goal.ts";
import type { RunName } from "../../../../../shared/domain/names.ts";
import { expandSpec, readSpec, reproSpec } from "../../../../../shared/domain/runspec/spec-read.ts";
import { UsageError } from "../../../../../shared/errors.ts";
import { JobStory, stateOf } from "../../../../support/stories/job-story.ts";
import { ordered } from "../../../../support/stories/search.ts";
import { specText, testDefaults } from "../../../../support/stories/spec-defaults.ts";

// Infinities and null are values of hyperparameters like any other, wherever a value goes. NaN is none: it equals nothing, itself included.

const { POSITIVE_INFINITY: infinity, NEGATIVE_INFINITY: minus } = Number;
const values = [1, null, minus, infinity, "null"];
const dials = [ordered("x", values)];

function story(): JobStory {
  const told = new JobStory({ number: 1, hyperparameters: dials });
  values.forEach((_, i) => {
    const run = `run1.${i + 1}`;
    told.completed(told.started(run, [i]), run, i, 10, {});
  });
  return told;
}

const listed = (words: object) => listing({ runs: ["job1"], child: true, ...words }, stateOf(story()), "ws1");
const found = (filter: string): unknown[] => listed({ filter: [filter] }).rows.map(({ trial }) => trial?.run);

describe("infinities and null as values", () => {
  test("infinities and null come back from each format of an export as they were", () => {
    for (const format of ["csv", "tsv", "jsonl"] as const) {
      const text = [...exportLines(listed({}), format)].join("");
      const read = earlierRuns(`runs.${format}`, text, dials).runs.map(([, , configuration]) => configuration);
      // A table of text cannot tell null from the word.
      const last = format === "jsonl" ? 1 : 4;
      assert.deepEqual(read, [[0], [last], [2], [3], [4]], format);
    }
  });

  test("infinities and null are read from other programs' tables in their words", () => {
    const rows = ["inf", "-inf", ".inf", "-Infinity", "", "1"].map((x) => `1,${x}\n`);
    const read = earlierRuns("runs.csv", `hpmax,x\n${rows.join("")}`, dials).runs;
    assert.deepEqual(
      read.map(([, , [position]]) => position),
      [3, 2, 3, 2, 1, 0],
    );
  });

  test("infinities and null are named in an import's error, where one of them is expected", () => {
    assert.throws(() => earlierRuns("runs.csv", "hpmax,x\n1,2\n", dials), {
      name: UsageError.name,
      message: /x is "2"; expected one of 1, null, -\.inf, \.inf, "null"/,
    });
    assert.throws(() => earlierRuns("runs.csv", "hpmax,x\n1,nan\n", dials), /x is "nan"; expected one of/);
  });

  test("infinities and null are found by a filter, in each of their words", () => {
    for (const word of [".inf", "inf", "Infinity", "+inf"]) assert.deepEqual(found(`x=${word}`), ["run1.4"], word);
    for (const word of ["-.inf", "-inf", "-Infinity"]) assert.deepEqual(found(`x=${word}`), ["run1.3"], word);
    assert.deepEqual(found("x<1"), ["run1.3"]);
    assert.deepEqual(found("x=$none"), ["run1.2"]);
  });

  test("infinities and null are in Optuna's journal as Python reads them", () => {
    const table = stateOf(story()).jobs.get(story().job);
    assert.ok(table);
    const trial = [...optunaJournal(table, "ws1")].find((line) => line.includes('"op_code":4')) ?? "";
    assert.ok(trial.includes('\\"choices\\":[1,null,-Infinity,Infinity,\\"null\\"]'), trial);
  });

  test("infinities are words in the JSON of eval, confirm, spec and view run", () => {
    const told = story();
    const best = told.started("run1.6", [3]);
    told.completed(best, "run1.6", 9, 10, {});
    const state = stateOf(told);
    const hparamsOf = (json: string): unknown =>
      (JSON.parse(json.trimEnd().split("\n").at(-1) ?? "") as { hparams: unknown }).hparams;
    const printed = (show: (output: Output) => void): unknown => {
      let text = "";
      const result = (part: string): void => {
        text += part;
      };
      show({ result, note: () => {} });
      return hparamsOf(text);
    };
    const seen = { state, workspace: "ws1", flags: "" };
    const asJson = { json: true };
    const expected = { x: "Infinity" };
    assert.deepEqual(
      printed((output) => evaluateJob({ ...seen, output }, "job1", asJson)),
      expected,
    );
    const text =
      "hyperparameters:\n  - name: &x\n      ordered_tuning_values: [1, null, -.inf, .inf, 'null']\n      tuned_value: 1\n";
    const written = new JobStory({ number: 3, hyperparameters: dials, carried: { text, sources: {} } });
    written.started("run3.1", [3]);
    const ofSpec = { ...seen, state: stateOf(written) };
    assert.deepEqual(
      printed((output) => showSpec({ ...ofSpec, output }, "job3", { ...asJson, run: "run3.1" })),
      expected,
    );
    const repeats = new JobStory({ number: 2, hyperparameters: dials, settings: { hpTuning: false } });
    repeats.completed(repeats.started("run2.1", [3]), "run2.1", 1);
    const alone = { ...seen, state: stateOf(repeats) };
    assert.deepEqual(
      printed((output) => evaluateJob({ ...alone, output }, "job2", asJson)),
      expected,
    );
    const search = { runs: 1, mean: 1, bestHpmax: 1, bestRun: "run1.4", estimate: 1, interval: null };
    const confirmation = {
      configuration: [3],
      jobs: [],
      search,
      again: null,
      planned: 1,
      ended: 0,
      failed: 0,
      feasible: 0,
      infeasible: 0,
    };
    assert.deepEqual(hparamsOf(confirmationJson("job1", dials, [confirmation], maximised)), expected);
    const curve = { run: "run1.4" as RunName, stages: [] };
    const evidence = { curve, console: null, said: [], titles: {}, files: null, environment: "", gpus: "" };
    const run = oneRun("run1.4", state, "ws1", "");
    assert.deepEqual(hparamsOf(runJson({ run, evidence, workspace: "ws1", why: undefined })), expected);
  });

  test("infinities and null can be added to a running search", () => {
    const added = (typed: string) => changesOf({ addValue: [`x=${typed}`] }, dials, 0).addValues?.["x"];
    assert.deepEqual([added(".inf"), added("-inf"), added("null")], [[infinity], [minus], [null]]);
    assert.deepEqual(added('"inf"'), ["inf"]);
  });

  test("infinities and null are repeated by a run's repro spec", () => {
    const lines = ["hyperparameters:", "  - name: &x", "      ordered_tuning_values: [1, .inf, -.inf, null]"];
    const text = specText([...lines, "      tuned_value: 1"], ["notes: *x"]);
    for (const x of [infinity, minus, null]) {
      const { spec } = read(text);
      const again = read(
        reproSpec(
          expandSpec(spec, { x }, () => 7),
          spec.hyperparameters,
          { x },
        ),
      );
      assert.deepEqual(
        again.spec.hyperparameters.map(({ tuned }) => tuned),
        [x],
      );
      const [before, after] = [expandSpec(spec, { x }, () => 7), expandSpec(again.spec, undefined, () => 7)];
      assert.deepEqual(stagesIn(after), stagesIn(before));
    }
  });
});

function read(text: string) {
  const reading = readSpec({ file: "a.yaml", text, defaults: testDefaults() });
  assert.ok(reading.ok, JSON.stringify(reading));
  return reading;
}

const stagesIn = (tree: unknown): unknown => (tree as { readonly processing_stages: unknown }).processing_stages;
