import assert from "node:assert/strict";
import { test } from "node:test";
import { runCommandLine } from "../../../../../coordinator/cli/command-line.ts";
import { printConfirmation } from "../../../../../coordinator/cli/evaluate/confirm-job.ts";
import { evaluateJob } from "../../../../../coordinator/cli/evaluate/evaluate-job.ts";
import { showSpec } from "../../../../../coordinator/cli/evaluate/spec-best.ts";
import { componentDefaults } from "../../../../../shared/components/component-defaults.ts";
import {
  confirmationSpec,
  confirmationsOf,
  pickTargets,
} from "../../../../../shared/domain/evaluation/confirmation.ts";
import { evaluate } from "../../../../../shared/domain/evaluation/evaluated.ts";
import { measuredAgain, studentQuantile } from "../../../../../shared/domain/evaluation/measured-again.ts";
import type { JobSubmitted, JournalEvent } from "../../../../../shared/domain/fold/events.ts";
import type { RunTable } from "../../../../../shared/domain/fold/run-table.ts";
import { apply, emptyWorkspace, type WorkspaceState } from "../../../../../shared/domain/fold/workspace-state.ts";
import { childRunName, type JobName } from "../../../../../shared/domain/names.ts";
import { readSpec } from "../../../../../shared/domain/runspec/spec-read.ts";
import { exitCode, NotFoundError, UsageError } from "../../../../../shared/errors.ts";
import { JobStory, stateOf } from "../../../../support/stories/job-story.ts";
import { ordered } from "../../../../support/stories/search.ts";

const hyperparameters = [ordered("a", [1, 2, 3]), ordered("b", [0.1, 0.2])];
const text = `component: root/Root_Component
job_launcher:
  component: job_launchers/XT
  enabled: 1
  hp_tuning: dgd
  total_runs: <runs>
  seed: 7
  stop_when: "hpmax >= 5"
  hold: true
hyperparameters:
  - name: &a
      ordered_tuning_values: [1, 2, 3]
      tuned_value: 1
  - name: &b
      ordered_tuning_values: [0.1, 0.2]
      tuned_value: 0.1
processing_stages:
  - processing_stage:
      component: processors/Probe_Proc
      value: [*a, *b]
      noise: 0.5
`;

type Told = readonly [configuration: readonly [number, number], hpmax: readonly number[]];

/** A job of one worker, whose runs completed in that order. */
function tell(
  number: number,
  told: readonly Told[],
  submitted: Partial<JobSubmitted["settings"]> = {},
): JournalEvent[] {
  const story = new JobStory({ number, hyperparameters, settings: submitted, firstParent: number });
  let child = 0;
  for (const [configuration, values] of told) {
    for (const hpmax of values) {
      child += 1;
      const run = childRunName(number, child);
      story.completed(story.started(run, configuration), run, hpmax);
    }
  }
  return story.events.map((event) => (event.type === "job" ? { ...event, text, commandLine: { runs: "50" } } : event));
}

const searchRuns: readonly Told[] = [
  [
    [0, 0],
    [0.1, 0.2],
  ],
  [
    [1, 1],
    [0.5, 0.6, 0.55, 0.52],
  ],
  [[2, 1], [0.9]],
  [[2, 0], [0.3]],
  [
    [1, 0],
    [0.2, 0.25],
  ],
];

function workspace(...jobs: readonly JournalEvent[][]): WorkspaceState {
  return jobs.flat().reduce(apply, emptyWorkspace());
}

function tableOf(state: WorkspaceState, job: string): RunTable {
  const table = state.jobs.get(job as JobName);
  assert.ok(table);
  return table;
}

function evaluatedSearch(state: WorkspaceState) {
  const evaluated = evaluate(tableOf(state, "job1"));
  assert.ok(evaluated);
  return evaluated;
}

function said(work: (output: { result: (text: string) => void; note: (text: string) => void }) => void) {
  const heard = { result: "", note: "" };
  work({
    result: (part) => {
      heard.result += part;
    },
    note: (part) => {
      heard.note += part;
    },
  });
  return heard;
}

test("nexus confirm picks the best by rank, by estimate or by their luckiest run", () => {
  const evaluated = evaluatedSearch(workspace(tell(1, searchRuns)));
  const keys = (by: Parameters<typeof pickTargets>[1], top: number) =>
    pickTargets(evaluated, by, top).map((place) => evaluated.sets[place]?.key);
  assert.deepEqual(keys("best-by-run", 2), ["2.1", "1.1"]);
  assert.equal(keys("best", 1)[0], evaluated.history.rows.at(-1)?.key);
  assert.equal(keys("best-by-estimate", 9).length, 5);
  assert.deepEqual(new Set(keys("best-by-estimate", 2)), new Set(["2.1", "1.1"]));
});

test("nexus confirm picks by each configuration's own estimate where an imported one is infeasible", () => {
  const imported = [
    ["run9.1", 0.9, [0, 0]],
    ["run9.2", 0.5, [1, 1]],
    ["run9.3", 0.8, [2, 1]],
  ] as const;
  const story = new JobStory({ number: 1, hyperparameters, settings: { require: ["memory_gb <= 8"] }, imported });
  for (const [i, [, hpmax, configuration]] of imported.entries()) {
    const run = `run1.${i + 1}`;
    story.completed(story.started(run, configuration), run, hpmax, 100, { "s1-memory_gb": i === 0 ? 9 : 4 });
  }
  const evaluated = evaluatedSearch(stateOf(story));
  assert.deepEqual(
    pickTargets(evaluated, "best-by-estimate", 9).map((place) => evaluated.sets[place]?.key),
    ["2.1", "1.1"],
  );
  assert.equal(evaluated.verdict.configurations, 2);
});

test("nexus confirm's spec repeats one configuration with its own seeds and says what it confirms", () => {
  const table = tableOf(workspace(tell(1, searchRuns)), "job1");
  const written = confirmationSpec(table, [1, 1], 20);
  const reading = readSpec({ file: "spec.yaml", text: written, defaults: componentDefaults() });
  assert.ok(reading.ok, JSON.stringify(reading));
  const { settings, hyperparameters: read } = reading.spec;
  assert.deepEqual(
    [settings.hpTuning, settings.totalRuns, settings.confirms, settings.seed, settings.stopWhen, settings.hold],
    [false, 20, "job1", null, null, false],
  );
  assert.deepEqual(
    read.map(({ tuned }) => tuned),
    [2, 0.2],
  );
  assert.equal(settings.enabled, true);
});

test("a spec's confirms names a job, or nothing", () => {
  for (const [written, isGood] of [
    ["job278", true],
    ["null", true],
    ["job0", false],
    ["run1.2", false],
    ["[]", false],
  ] as const) {
    const changed = text.replace("  seed: 7\n", `  confirms: ${written}\n`).replace("<runs>", "5");
    const reading = readSpec({ file: "spec.yaml", text: changed, defaults: componentDefaults() });
    assert.equal(reading.ok, isGood, written);
    if (!reading.ok) assert.match(reading.problems[0]?.hints[0] ?? "", /name of a job such as job278/);
  }
});

test("nexus confirm compares search score, estimate and fresh mean, over all jobs of a configuration", () => {
  const state = workspace(
    tell(1, searchRuns),
    tell(
      2,
      [
        [
          [0, 0],
          [0.5, 0.54],
        ],
      ],
      { hpTuning: false, totalRuns: 2, confirms: "job1" as JobName },
    ),
    tell(3, [[[0, 0], [0.52]]], { hpTuning: false, totalRuns: 4, confirms: "job1" as JobName }),
    tell(4, [[[0, 0], [0.1]]], { hpTuning: false, totalRuns: 1 }),
  );
  // The fresh jobs run what their tuned values say: a = 2, b = 0.2.
  for (const job of ["job2", "job3"]) {
    const table = tableOf(state, job);
    table.submitted = {
      ...table.submitted,
      hyperparameters: hyperparameters.map((each, i) => ({ ...each, tuned: [2, 0.2][i] ?? null })),
    };
  }
  const [confirmation, ...others] = confirmationsOf(state, evaluatedSearch(state));
  assert.deepEqual(others, []);
  assert.ok(confirmation);
  assert.deepEqual(confirmation.configuration, [1, 1]);
  assert.deepEqual(
    confirmation.jobs.map(({ job }) => job),
    ["job2", "job3"],
  );
  assert.equal(confirmation.search.bestHpmax, 0.6);
  assert.equal(confirmation.search.runs, 4);
  assert.ok(confirmation.search.estimate !== null && confirmation.search.estimate < 0.6);
  assert.equal(confirmation.again?.runs, 3);
  assert.ok(Math.abs((confirmation.again?.mean ?? 0) - 0.52) < 1e-12);
  assert.deepEqual([confirmation.planned, confirmation.ended, confirmation.failed], [6, 3, 0]);
  const heard = said((output) => {
    assert.equal(printConfirmation({ state, workspace: "ws1", flags: "", output }, "job1", {}), exitCode.done);
  });
  assert.match(
    heard.result,
    /job {8}search {2}of {2}estimate {2}90% interval +confirmed {2}90% interval +runs +a +b\n/,
  );
  assert.match(heard.result, /\njob2,job3 +0\.600 +4 .* 0\.520 .* 3 \(3 to come\) +2 +0\.2/);
  const json = said((output) =>
    printConfirmation({ state, workspace: "ws1", flags: "", output }, "job1", { json: true }),
  ).result;
  const object = JSON.parse(json) as Record<string, unknown>;
  assert.deepEqual(object["hparams"], { a: 2, b: 0.2 });
  assert.deepEqual(object["jobs"], ["job2", "job3"]);
});

test("nexus confirm says how many fresh runs are infeasible, and exits with 5 if that leaves no mean", () => {
  const shown = (infeasible: number) => {
    const settings = {
      hpTuning: false,
      require: ["memory_gb <= 8"],
      totalRuns: 20,
      confirms: "job1" as JobName,
    } as const;
    const fresh = new JobStory({ number: 2, hyperparameters, settings, firstParent: 2 });
    for (let i = 1; i <= 20; i += 1) {
      const run = `run2.${i}`;
      const metrics = { "s1-memory_gb": i <= infeasible ? 9 : 4 };
      fresh.completed(fresh.started(run, [0, 0]), run, i <= infeasible ? 0.9 : 0.5, 100, metrics);
    }
    const state = workspace(tell(1, searchRuns), fresh.events);
    let code = -1;
    const { result } = said((output) => {
      code = printConfirmation({ state, workspace: "ws1", flags: "", output }, "job1", {});
    });
    const repeats = said((output) => {
      if (infeasible < 10) evaluateJob({ state, workspace: "ws1", flags: "", output }, "job2", {});
    });
    return { result, code, repeats: repeats.result };
  };
  const some = shown(8);
  assert.equal(some.code, exitCode.done);
  assert.match(some.result, / 0\.5\d* .* 12 \(8 infeasible\)/);
  assert.match(
    some.result,
    /the mean of the feasible fresh runs; among feasible runs, free of selection bias\n8 runs are infeasible/,
  );
  assert.match(some.repeats, /of 12 runs[\s\S]*8 runs are infeasible and in no mean\n/);
  const none = shown(10);
  assert.equal(none.code, exitCode.someRunsFailed);
  assert.match(none.result, / 10 \(10 infeasible, no mean\)/);
  assert.match(shown(0).result, /the mean of fresh runs, free of selection bias\n$/);
});

test("Student's quantiles equal the published tables", () => {
  const table: readonly [freedom: number, at90: number, at95: number][] = [
    [1, 6.3138, 12.7062],
    [2, 2.92, 4.3027],
    [3, 2.3534, 3.1824],
    [4, 2.1318, 2.7764],
    [5, 2.015, 2.5706],
    [10, 1.8125, 2.2281],
    [19, 1.7291, 2.093],
    [100, 1.6602, 1.984],
  ];
  for (const [freedom, at90, at95] of table) {
    assert.ok(Math.abs(studentQuantile(0.9, freedom) - at90) < 5e-4, `${freedom}: ${studentQuantile(0.9, freedom)}`);
    assert.ok(Math.abs(studentQuantile(0.95, freedom) - at95) < 2e-3, `${freedom}: ${studentQuantile(0.95, freedom)}`);
  }
});

test("the tutorial's 20 fresh runs have a mean of 0.030, and one run has no spread and no interval", () => {
  const hpmax = [
    0.0294, 0.0203, 0.0382, 0.0329, 0.0472, 0.035, 0.0442, 0.0231, 0.0067, 0.027, 0.0261, 0.0426, 0.0228, 0.0348,
    0.0357, 0.0321, 0.0253, 0.0301, 0.0293, 0.0165,
  ];
  const { runs, mean, interval95 } = measuredAgain(hpmax);
  assert.equal(runs, 20);
  assert.equal(mean.toFixed(3), "0.030");
  assert.ok(interval95 && interval95.low > 0.02 && interval95.high < 0.036);
  assert.deepEqual(measuredAgain([0.5]), { runs: 1, mean: 0.5, sd: null, interval90: null, interval95: null });
});

test("nexus spec writes the best settings, or those of any run, into the spec as tuned values", () => {
  const state = workspace(tell(1, searchRuns));
  const best = said((output) => showSpec({ state, workspace: "ws1", flags: "", output }, "job1", { best: true }));
  assert.match(best.result, /tuned_value: 3\n/);
  assert.match(best.note, /submitted with --runs 50/);
  const lucky = said((output) =>
    showSpec({ state, workspace: "ws1", flags: "", output }, "job1", { run: "run1.7" }),
  ).result;
  assert.equal(
    lucky,
    text.replace("tuned_value: 1\n", "tuned_value: 3\n").replace("tuned_value: 0.1", "tuned_value: 0.2"),
  );
  assert.equal(said((output) => showSpec({ state, workspace: "ws1", flags: "", output }, "job1", {})).result, text);
});

test("nexus confirm says in a sentence why a job cannot be confirmed", () => {
  const running = new JobStory({ number: 2, hyperparameters, firstParent: 5 });
  running.started("run5.1", [0, 0]);
  const fixed = tell(3, [[[0, 0], [1]]], { hpTuning: false });
  const only = new JobStory({ number: 4, hyperparameters: [ordered("a", [1])], firstParent: 9 });
  const state = workspace(tell(1, searchRuns), running.events, fixed, only.events);
  const print = (job: string) => () =>
    said((output) => printConfirmation({ state, workspace: "ws1", flags: "", output }, job, {}));
  assert.throws(
    print("job1"),
    (error) => error instanceof NotFoundError && /not been confirmed yet/.test(error.message),
  );
  assert.throws(
    print("job2"),
    (error) => error instanceof NotFoundError && /no completed run yet \(1 running\)/.test(error.message),
  );
  assert.throws(print("job3"), (error) => error instanceof UsageError && /hp_tuning: false/.test(error.message));
  assert.throws(print("job4"), (error) => error instanceof UsageError && /only one configuration/.test(error.message));
  assert.throws(print("job9"), (error) => error instanceof NotFoundError && /there is no job9/.test(error.message));
  assert.throws(print("run1.1"), (error) => error instanceof UsageError && /about a whole job/.test(error.message));
  assert.throws(
    () =>
      showSpec({ state, workspace: "ws1", flags: "", output: { result: () => {}, note: () => {} } }, "job1", {
        run: "run8.1",
      }),
    NotFoundError,
  );
  assert.throws(
    () =>
      showSpec({ state, workspace: "ws1", flags: "", output: { result: () => {}, note: () => {} } }, "job1", {
        run: "lr",
      }),
    UsageError,
  );
});

test("nexus confirm refuses absurd numbers before it connects", async () => {
  for (const words of [
    ["confirm", "job1", "--top", "0"],
    ["confirm", "job1", "--runs", "many"],
    ["confirm", "job1", "--targets", "worst"],
    ["spec", "job1", "--best", "--run", "run1.1"],
    ["confirm"],
  ]) {
    assert.equal(await runCommandLine(words, { result: () => {}, note: () => {} }), exitCode.usage, words.join(" "));
  }
});
