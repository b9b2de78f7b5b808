import assert from "node:assert/strict";
import { test } from "node:test";
import { viewSpec } from "../../../../../coordinator/cli/view/view-spec.ts";
import { componentDefaults } from "../../../../../shared/components/component-defaults.ts";
import { changesSince, withChanges } from "../../../../../shared/domain/evaluation/current-spec.ts";
import { UnwritableSpec } from "../../../../../shared/domain/evaluation/tuned-spec.ts";
import type { JobChanges } from "../../../../../shared/domain/fold/events.ts";
import { editJob } from "../../../../../shared/domain/fold/job-changes.ts";
import { maximised } from "../../../../../shared/domain/goal.ts";
import { readSpec, usedComponents } from "../../../../../shared/domain/runspec/spec-read.ts";
import { UsageError } from "../../../../../shared/errors.ts";
import { JobStory, stateOf } from "../../../../support/stories/job-story.ts";

// A job's current spec: the submitted text, with what nexus edit has changed written into it.

const text = `component: root/Root_Component
job_launcher: # the swarm
  component: job_launchers/XT
  enabled: 1
  hp_tuning: dgd
  total_runs: 60   # for now
hyperparameters:
  - name: &lr
      ordered_tuning_values: [1.0e-3, 1.0e-1]  # two
      tuned_value: 1.0e-3
  - name: &decay
      range: {from: 1.0e-4, to: 1, scale: log} # wide
      tuned_value: 1
  - name: &units
      ordered_tuning_values:
        - 8
        - 64
      tuned_value: 8
processing_stages:
  - processing_stage:
      component: processors/Command_Proc
      command: [python3, train.py]
      arguments: {lr: *lr, decay: *decay, units: *units}
`;

const read = (from: string) => {
  const reading = readSpec({ file: "spec.yaml", text: from, defaults: componentDefaults() });
  assert.ok(reading.ok, JSON.stringify(reading));
  return reading.spec;
};

/** The job as it was submitted, and after the changes. */
function job(changes: JobChanges) {
  const spec = read(text);
  const story = new JobStory({ number: 1, hyperparameters: spec.hyperparameters, settings: spec.settings });
  const state = stateOf(story);
  const table = state.jobs.get(story.job);
  assert.ok(table);
  const before = { ...table.submitted, text, sources: usedComponents(spec), settings: spec.settings };
  const edited = editJob(before, 0, changes);
  assert.ok(edited.ok, JSON.stringify(edited));
  table.submitted = { ...before, settings: edited.settings, hyperparameters: edited.hyperparameters };
  return { spec, state, submitted: table.submitted };
}

const changes: JobChanges = {
  totalRuns: 300,
  priority: 2.5,
  deadline: Date.UTC(2026, 11, 1, 18),
  maxFailuresInARow: null,
  maxFailuresAtStart: 40,
  stopWhen: { name: "best_for", op: ">", value: 200 },
  addValues: { lr: [0.01, Number.POSITIVE_INFINITY], units: [32] },
  addRanges: { decay: { from: 1e-5, to: 1, scale: "log" } },
};

test("all that was changed in a job's spec is told and written in its place; the rest stays as it was", () => {
  const { spec, submitted } = job(changes);
  assert.deepEqual(changesSince(spec, submitted), changes);
  const now = withChanges(text, changes, submitted.hyperparameters, maximised);
  const launcher = [
    "  component: job_launchers/XT",
    "  priority: 2.5",
    '  deadline: "2026-12-01T18:00:00Z"',
    '  stop_when: "best_for > 200"',
    "  max_failures_in_a_row: never",
    "  max_failures_at_start: 40",
  ];
  const lines = (of: string): string[] => of.split("\n").filter((line) => !launcher.slice(1).includes(line));
  for (const line of launcher) assert.ok(now.split("\n").includes(line), `${line}\n${now}`);
  assert.equal(
    lines(now).join("\n"),
    text
      .replace("total_runs: 60 ", "total_runs: 300 ")
      .replace("[1.0e-3, 1.0e-1]", "[1.0e-3, 0.01, 1.0e-1, .inf]")
      .replace("from: 1.0e-4", "from: 0.00001")
      .replace("        - 8\n", "        - 8\n        - 32\n"),
  );
});

test("a job's spec as it is now is read as the job as it is now", () => {
  const { submitted } = job(changes);
  const again = read(withChanges(text, changes, submitted.hyperparameters, maximised));
  assert.deepEqual(again.settings, submitted.settings);
  assert.deepEqual(changesSince(again, submitted), {});
});

test("a list that became a range is written as one, with nothing else on its line", () => {
  const range = { from: 1e-4, to: 1, scale: "log" } as const;
  const { submitted } = job({ addRanges: { lr: range } });
  const now = withChanges(text, { addRanges: { lr: range } }, submitted.hyperparameters, maximised);
  assert.equal(
    now,
    text.replace("ordered_tuning_values: [1.0e-3, 1.0e-1] ", "range: {from: 0.0001, to: 1, scale: log} "),
  );
});

test("nexus view spec says what was changed, and prints both", () => {
  const { state } = job({ totalRuns: 300, addValues: { lr: [0.01] } });
  const printed = (options: { now?: boolean; json?: boolean }): string[] => {
    const texts: string[] = [];
    const output = { result: (said: string) => void texts.push(said), note: (said: string) => void texts.push(said) };
    viewSpec({ state, workspace: "ws1", flags: " --workspace ws2", output }, "job1", options);
    return texts;
  };
  const hint = "  the spec as it is now: nexus view spec job1 --now --workspace ws2\n";
  assert.deepEqual(printed({}), [text, `edited since: total_runs 300; lr also 0.01\n${hint}`]);
  const [now = "", ...more] = printed({ now: true });
  assert.match(now, /total_runs: 300 {3}# for now\n/);
  assert.deepEqual(more, []);
  const object = JSON.parse(printed({ json: true }).join("")) as { edits: unknown; text: unknown };
  assert.deepEqual([object.edits, object.text], [["total_runs 300", "lr also 0.01"], text]);
  assert.throws(
    () =>
      viewSpec(
        { state, workspace: "ws1", flags: "", output: { result: () => undefined, note: () => undefined } },
        "run1.1",
        { now: true },
      ),
    {
      name: UsageError.name,
      message: /--now is for a job/,
    },
  );
});

test("a spec whose layout takes no change is said not to", () => {
  assert.throws(
    () =>
      withChanges(
        text.replace("&lr", "&rate"),
        { addValues: { lr: [1] } },
        job({}).submitted.hyperparameters,
        maximised,
      ),
    {
      name: UnwritableSpec.name,
      message: 'the spec has no hyperparameter "lr"',
    },
  );
});
