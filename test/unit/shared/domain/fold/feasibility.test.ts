import assert from "node:assert/strict";
import { test } from "node:test";
import { leaderOf } from "../../../../../shared/domain/evaluation/lead.ts";
import type { JobSubmitted, JournalEvent } from "../../../../../shared/domain/fold/events.ts";
import { whyInfeasible } from "../../../../../shared/domain/fold/feasibility.ts";
import type { RunTable } from "../../../../../shared/domain/fold/run-table.ts";
import { searchView } from "../../../../../shared/domain/fold/search-view.ts";
import { restoreSnapshot, takeSnapshot } from "../../../../../shared/domain/fold/snapshot.ts";
import { apply, emptyWorkspace, type WorkspaceState } from "../../../../../shared/domain/fold/workspace-state.ts";
import type { JobSettings } from "../../../../../shared/domain/runspec/job-settings.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../../../shared/wire/snapshots.ts";
import { JobStory, stateOf } from "../../../../support/stories/job-story.ts";
import { plain } from "../../../../support/stories/reign.ts";
import { ordered } from "../../../../support/stories/search.ts";

const dials = [ordered("lr", [0.1, 0.2]), ordered("layers", [1, 2, 4])];

/** Runs as [position of lr, position of layers, hpmax, metrics]. */
type Told = readonly [number, number, number, Readonly<Record<string, number>>];

function told(runs: readonly Told[], settings: Partial<JobSettings>): JobStory {
  const story = new JobStory({ number: 1, hyperparameters: dials, settings });
  runs.forEach(([lr, layers, hpmax, metrics], i) => {
    const run = `run1.${i + 1}`;
    story.completed(story.started(run, [lr, layers]), run, hpmax, 100, metrics);
  });
  return story;
}

function tableOf(state: WorkspaceState): RunTable {
  const [table] = state.jobs.values();
  assert.ok(table);
  return table;
}

const statuses = (table: RunTable) => [...table.trials].map(({ status }) => status);
const gb = (memory: number, stage = 1) => ({ [`s${stage}-memory_gb`]: memory });

const four: readonly Told[] = [
  [0, 0, 0.5, gb(4)],
  [0, 1, 0.9, gb(9)],
  [0, 1, 0.9, gb(8)],
  [1, 1, 0.6, gb(8)],
];

test("a run that breaks a requirement is infeasible: it counts as ended, and in no estimate", () => {
  const table = tableOf(stateOf(told(four, { require: ["memory_gb <= 8"] })));
  assert.deepEqual(statuses(table), ["completed", "infeasible", "completed", "completed"]);
  assert.deepEqual(table.runSets.totals, { completed: 3, infeasible: 1, ended: 4, inFlight: 0 });
  assert.equal(table.ended, 4);
  assert.equal(table.outcomes.completed, 4);
  // As many infeasible runs as others.
  const half = table.runSets.of([0, 1]);
  assert.deepEqual([half?.completed, half?.infeasible, half?.isFeasible, half?.ended], [1, 1, false, 2]);
  assert.equal(table.runSets.best()?.key, "1.1");
  assert.equal(leaderOf(table)?.runSet.key, "1.1");
  assert.equal(table.feasibility.why(table.trial(2) ?? assert.fail()), "memory_gb <= 8 (memory_gb is 9)");
  assert.equal(searchView(table).model.now?.best.runSet.key, "1.1");
});

test("without requirements every result counts, as in jobs of earlier versions", () => {
  const story = told(four, {});
  const [submitted, ...others] = story.events;
  assert.equal(submitted?.type, "job");
  const { where: _, require: __, ...settings } = (submitted as JobSubmitted).settings;
  const old = [{ ...submitted, settings } as unknown as JournalEvent, ...others];
  const state = old.reduce(apply, emptyWorkspace());
  assert.deepEqual(statuses(tableOf(state)), ["completed", "completed", "completed", "completed"]);
  assert.deepEqual(tableOf(state).submitted.settings.where, []);
  assert.equal(tableOf(state).runSets.best()?.key, "0.1");
});

test("a metric in a requirement is that of the last stage that reports it, or of the stage that is named", () => {
  const runs: readonly Told[] = [
    [0, 0, 0.5, { ...gb(4, 1), ...gb(12, 2) }],
    [0, 1, 0.5, gb(4, 1)],
  ];
  const judged = (...require: string[]) => statuses(tableOf(stateOf(told(runs, { require }))));
  assert.deepEqual(judged("memory_gb <= 8"), ["infeasible", "completed"]);
  assert.deepEqual(judged("s1-memory_gb <= 8"), ["completed", "completed"]);
  assert.deepEqual(judged("s2-memory_gb <= 12"), ["completed", "infeasible"]);
  assert.deepEqual(judged("hpmax > 0.4 and iters == 100"), ["completed", "completed"]);
  assert.deepEqual(judged("s1-memory_gb / *layers > 2", "hpmax > 0"), ["completed", "infeasible"]);
});

test("a run without a required metric is infeasible, and a metric that no run reports is known", () => {
  const table = tableOf(stateOf(told(four, { require: ["memory_gb <= 8", "memroy < 3"] })));
  assert.deepEqual(new Set(statuses(table)), new Set(["infeasible"]));
  assert.equal(table.runSets.best(), null);
  assert.equal(leaderOf(table), null);
  assert.equal(table.runSets.bestFor(), 0);
  assert.deepEqual(table.feasibility.unreported, ["memroy"]);
  assert.equal(table.feasibility.why(table.trial(1) ?? assert.fail()), "memroy < 3 (memroy was not reported)");
  const diverged = told([[0, 0, 1, gb(Number.NaN)]], { require: ["memory_gb <= 8"] });
  assert.deepEqual(statuses(tableOf(stateOf(diverged))), ["infeasible"]);
});

test("a snapshot restores which runs are infeasible, whether a run was looked at or not", () => {
  const story = told(four, { require: ["memory_gb <= 8"] });
  const state = stateOf(story);
  const untouched = plain(decodeSnapshot(encodeSnapshot(takeSnapshot(stateOf(story)))));
  statuses(tableOf(state));
  const restored = decodeSnapshot(encodeSnapshot(takeSnapshot(state)));
  assert.deepEqual(plain(restored), untouched);
  assert.deepEqual(plain(restoreSnapshot(takeSnapshot(state))), untouched);
  const table = tableOf(restored);
  assert.deepEqual(statuses(table), ["completed", "infeasible", "completed", "completed"]);
  assert.deepEqual(table.runSets.totals, tableOf(state).runSets.totals);
  assert.equal(table.outcomes.completed, 4);
});

test("a rejected result is not infeasible, and is again once it is accepted", () => {
  const story = told(four, { require: ["memory_gb <= 8"] });
  story.judged("rejected", [2, 3]);
  const rejected = tableOf(stateOf(story));
  assert.deepEqual(statuses(rejected), ["completed", "rejected", "rejected", "completed"]);
  assert.deepEqual(rejected.runSets.totals, { completed: 2, infeasible: 0, ended: 2, inFlight: 0 });
  story.judged("accepted", [2, 3]);
  const again = tableOf(stateOf(story));
  assert.deepEqual(statuses(again), ["completed", "infeasible", "completed", "completed"]);
  assert.deepEqual(again.runSets.totals, { completed: 3, infeasible: 1, ended: 4, inFlight: 0 });
  assert.equal(again.runSets.best()?.key, "1.1");
});

test("a run set that keeps to the requirements more often than not may be the best again", () => {
  const runs: readonly Told[] = [...four, [0, 1, 0.9, gb(8)]];
  const table = tableOf(stateOf(told(runs, { require: ["memory_gb <= 8"] })));
  assert.equal(table.runSets.best()?.key, "0.1");
  assert.equal(table.runSets.best()?.mean, 0.9);
});

test("a configuration that where forbids is excluded from the search", () => {
  const table = tableOf(stateOf(told(four, { where: ["*lr * *layers < 0.4"] })));
  const view = searchView(table);
  assert.equal(view.isExcluded([1, 0]), false);
  assert.equal(view.isExcluded([1, 1]), true);
});

test("a run on this machine is judged by the same requirements as a job's", () => {
  const run = { hpmax: 1, iters: 5, configuration: [0, 2], metrics: gb(9) };
  assert.equal(whyInfeasible(["memory_gb <= 2 * *layers"], dials, run), "memory_gb <= 2 * *layers (memory_gb is 9)");
  assert.equal(whyInfeasible(["memory_gb <= 3 * *layers"], dials, run), "");
  assert.equal(whyInfeasible([], dials, run), "");
});
