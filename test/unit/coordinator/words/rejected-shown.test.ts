import assert from "node:assert/strict";
import { test } from "node:test";
import { printJobs } from "../../../../coordinator/cli/list/list-jobs.ts";
import { printWorkers } from "../../../../coordinator/cli/list/list-workers.ts";
import { earlierRuns } from "../../../../coordinator/cli/transfer/import-runs.ts";
import { optunaJournal } from "../../../../coordinator/cli/transfer/optuna-journal.ts";
import { chooseRuns, completedOnly } from "../../../../coordinator/plots/data/chosen-runs.ts";
import { exportLines } from "../../../../coordinator/runs/listing-file.ts";
import { listing } from "../../../../coordinator/runs/run-listing.ts";
import { eventText } from "../../../../coordinator/words/event-words.ts";
import { progressLine, standingsTable } from "../../../../coordinator/words/progress.ts";
import type { WorkspaceState } from "../../../../shared/domain/fold/workspace-state.ts";
import { JobStory, stateOf, storyStart } from "../../../support/stories/job-story.ts";
import { printed } from "../../../support/stories/listed-runs.ts";
import { ordered } from "../../../support/stories/search.ts";

/** run1.1 and run1.2 are honest, run2.1 was forged and rejected. */
function told(): JobStory {
  const story = new JobStory({ number: 1, hyperparameters: [ordered("lr", [0.1, 0.01])] });
  const runs = [
    ["run1.1", 0.5],
    ["run2.1", 1e308],
    ["run1.2", 0.7],
  ] as const;
  for (const [i, [run, hpmax]] of runs.entries())
    story.completed(story.started(run, [i % 2]), run, hpmax, 100, { "s1-rew": hpmax });
  story.judged("rejected", [2]);
  return story;
}

const tableOf = (state: WorkspaceState) => {
  const [table] = state.jobs.values();
  assert.ok(table);
  return table;
};

const printing = (state: WorkspaceState) => {
  let text = "";
  const output = {
    result: (more: string): void => {
      text += more;
    },
    note: () => undefined,
  };
  return { printing: { state, workspace: "ws1", flags: "", output }, text: () => text };
};

test("a list of runs shows a rejected one last, without hpmax and metrics, and says why", () => {
  const { results, notes } = printed(stateOf(told()), ["job1"], { sort: "hpmax", child: true });
  assert.match(results, /run1\.1 .*\n.*run1\.2 .*\n.*run2\.1 +rejected/);
  assert.ok(!results.includes("e+308") && !results.includes("e308"), results);
  assert.equal(notes, "1 run has no hpmax, listed last: 1 rejected (run2.1: rejected by ann: forged)\n");
  assert.match(
    printed(stateOf(told()), ["job1"], { columns: "run,rejected", status: "rejected" }).results,
    /run2\.1 +1/,
  );
  const sorted = printed(stateOf(told()), ["job1"], { sort: "s1-rew", child: true, columns: "run" }).results;
  assert.match(sorted, /run1\.1\s+run1\.2\s+run2\.1/);
});

test("jobs, workers and progress say how many results are rejected, and only if there are any", () => {
  const story = told();
  const now = storyStart + 60_000;
  assert.match(progressLine(tableOf(stateOf(story)), now), /^job1 {2}3\/100 runs, 0 running, 1 rejected /);
  assert.ok(
    !standingsTable(tableOf(stateOf(story)))
      .join("\n")
      .includes("308"),
  );
  for (const print of [printJobs, printWorkers]) {
    const { printing: before, text } = printing(stateOf(story));
    print(before, {});
    assert.match(text(), /\brejected\b/);
  }
  story.judged("accepted", [2]);
  assert.ok(!progressLine(tableOf(stateOf(story)), now).includes("rejected"));
  for (const print of [printJobs, printWorkers]) {
    const { printing: after, text } = printing(stateOf(story));
    print(after, {});
    assert.ok(!text().includes("rejected"), text());
  }
});

test("the record of a rejection reads as a sentence", () => {
  const state = stateOf(told());
  const event = told().events.at(-1);
  assert.ok(event);
  assert.equal(eventText(event, tableOf(state))?.text, "ann: 1 result of job1 rejected: forged");
  const ofOne = { ...event, worker: "mal" } as typeof event;
  assert.equal(eventText(ofOne, tableOf(state))?.text, "ann: 1 result from mal of job1 rejected: forged");
});

test("plots leave a rejected run out unless it or its status is named", () => {
  const state = stateOf(told());
  const chosen = (runs: string[], status?: string) =>
    chooseRuns({ runs, filter: [], status, maxRuns: undefined }, state, "ws1").rows.map(({ trial }) => trial.run);
  assert.deepEqual(chosen(["job1"]), ["run1.1", "run1.2"]);
  assert.deepEqual(chosen(["run2.1"]), ["run2.1"]);
  assert.deepEqual(chosen(["job1"], "rejected"), ["run2.1"]);
  const all = chooseRuns(
    { runs: ["job1"], filter: [], status: "completed,rejected", maxRuns: undefined },
    state,
    "ws1",
  );
  assert.deepEqual(
    completedOnly(all).rows.map(({ trial }) => trial.run),
    ["run1.1", "run1.2"],
  );
});

test("an export names the status rejected; an import and optuna do not count the result", () => {
  const state = stateOf(told());
  const csv = [...exportLines(listing({ runs: ["job1"], child: true }, state, "ws1"), "csv")].join("");
  assert.match(csv, /run2\.1,rejected,/);
  const earlier = earlierRuns("runs.csv", csv, tableOf(state).submitted.hyperparameters);
  assert.deepEqual([earlier.runs.map(([name]) => name), earlier.withoutResult], [["run1.1", "run1.2"], 1]);
  const trials = [...optunaJournal(tableOf(state), "ws1")]
    .map((line) => JSON.parse(line))
    .filter(({ op_code }) => op_code === 4);
  assert.deepEqual(
    trials.map(({ state: word, value }) => [word, value]),
    [
      [1, 0.5],
      [3, null],
      [1, 0.7],
    ],
  );
});
