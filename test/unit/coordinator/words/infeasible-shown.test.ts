import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluateJob } from "../../../../coordinator/cli/evaluate/evaluate-job.ts";
import { printJobs } from "../../../../coordinator/cli/list/list-jobs.ts";
import { earlierRuns } from "../../../../coordinator/cli/transfer/import-runs.ts";
import { optunaJournal } from "../../../../coordinator/cli/transfer/optuna-journal.ts";
import { PlainView } from "../../../../coordinator/plain/plain-view.ts";
import { chooseRuns, completedOnly } from "../../../../coordinator/plots/data/chosen-runs.ts";
import { dialsOf } from "../../../../coordinator/plots/data/dials.ts";
import { exportLines } from "../../../../coordinator/runs/listing-file.ts";
import { listing } from "../../../../coordinator/runs/run-listing.ts";
import { neighbourList } from "../../../../coordinator/tui/lists/neighbours-list.ts";
import { standingsList } from "../../../../coordinator/tui/lists/standings-list.ts";
import { settingsWithin } from "../../../../coordinator/tui/screens/settings-text.ts";
import { eventText } from "../../../../coordinator/words/event-words.ts";
import { progressLine, standingsTable } from "../../../../coordinator/words/progress.ts";
import { evaluate } from "../../../../shared/domain/evaluation/evaluated.ts";
import { labelOf } from "../../../../shared/domain/evaluation/history.ts";
import type { WorkspaceState } from "../../../../shared/domain/fold/workspace-state.ts";
import { JobStory, stateOf, storyStart } from "../../../support/stories/job-story.ts";
import { printed } from "../../../support/stories/listed-runs.ts";
import { ordered } from "../../../support/stories/search.ts";
import { searchOf } from "../../../support/stories/shown-story.ts";

const dropout = { ...ordered("dropout", [0.1, 0.2]), onlyWhen: ["*layers > 0"] };
const dials = [ordered("layers", [0, 1, 2]), dropout];

/** run1.2 needs too much memory, run1.1 has no layers, and so no dropout. */
function told(require: readonly string[] = ["memory_gb <= 8"]): JobStory {
  const story = new JobStory({ number: 1, hyperparameters: dials, settings: { require } });
  const runs = [
    ["run1.1", 0, 0, 0.5, 4],
    ["run1.2", 2, 1, 0.9, 9.25],
    ["run1.3", 1, 1, 0.7, 6],
  ] as const;
  for (const [run, layers, position, hpmax, memory] of runs)
    story.completed(story.started(run, [layers, position]), run, hpmax, 100, { "s1-memory_gb": memory });
  return story;
}

const tableOf = (state: WorkspaceState) => state.jobs.values().next().value ?? assert.fail();

function printing(state: WorkspaceState) {
  let [text, notes] = ["", ""];
  const output = {
    result: (more: string): void => {
      text += more;
    },
    note: (more: string): void => {
      notes += more;
    },
    width: undefined,
  };
  return { printing: { state, workspace: "ws1", flags: "", output }, text: () => text, notes: () => notes };
}

test("a list of runs says which are infeasible and why, and a line below counts them", () => {
  const state = stateOf(told());
  const { results, notes } = printed(state, ["job1"], { child: true });
  assert.match(results, /run1\.2 +infeasible +100 +9\.250 +0\.900/);
  assert.equal(
    notes,
    "1 infeasible (require: memory_gb <= 8); to see why: nexus list runs job1 --status infeasible --columns run,reason\n",
  );
  const why = printed(state, ["job1"], { status: "infeasible", columns: "run,reason" }).results;
  assert.match(why, /run1\.2 +memory_gb <= 8 \(memory_gb is 9\.25\)/);
  assert.doesNotMatch(why, /run1\.1/);
});

test("a required metric that no run reports is named where people look", () => {
  const story = told(["memroy_gb <= 8"]);
  const state = stateOf(story);
  const { notes } = printed(state, ["job1"], { child: true });
  assert.match(
    notes,
    /no run of job1 reports memroy_gb, so none can be feasible; did you mean memory_gb\?\n {2}to go on .*nexus import/,
  );
  assert.deepEqual(standingsTable(tableOf(state)), [
    "no feasible run has completed, so there are no standings",
    "infeasible: 3 runs (require: memroy_gb <= 8); 3 configurations cannot be the best",
    "no run of job1 reports memroy_gb, so none can be feasible; did you mean memory_gb?\n" +
      "  to go on with its results once the spec is right: nexus export job1 --output runs.csv; nexus import runs.csv --spec spec.yaml",
  ]);
  const texts = story.events.flatMap((event) => eventText(event, tableOf(state))?.text ?? []);
  assert.equal(texts.filter((text) => text.includes("no run of job1 reports memroy_gb")).length, 1);
});

test("standings leave an infeasible run out, and progress, jobs and events name it", () => {
  const story = told();
  const state = stateOf(story);
  const table = tableOf(state);
  const lines = standingsTable(table);
  assert.match(lines.join("\n"), / 1 .* run1\.3 +1 +0\.200\n +2 .* run1\.1 +0 +-\n/);
  assert.doesNotMatch(lines.join("\n"), /run1\.2/);
  assert.equal(lines.at(-1), "infeasible: 1 run (require: memory_gb <= 8); 1 configuration cannot be the best");
  assert.match(progressLine(table, storyStart + 60_000), /3\/100 runs, 0 running, 1 infeasible/);
  const jobs = printing(state);
  printJobs(jobs.printing, {});
  assert.match(jobs.text(), /infeasible +hpmax +best/);
  assert.match(jobs.text(), / 1 +0\.6\S* +run1\.3 /);
  const sentence = story.events
    .map((event) => eventText(event, table)?.text)
    .find((text) => text?.startsWith("run1.2 i"));
  assert.equal(sentence, "run1.2 infeasible  hpmax 0.90000  layers=2 dropout=0.2: memory_gb <= 8 (memory_gb is 9.25)");
});

test("an evaluation never recommends an infeasible configuration, and says how many there are", () => {
  const state = stateOf(told());
  const evaluation = evaluate(tableOf(state));
  assert.deepEqual(evaluation?.verdict.leader, [1, 1]);
  assert.equal(evaluation?.verdict.completed, 2);
  const text = printing(state);
  evaluateJob(text.printing, "job1", {});
  assert.match(text.text(), /infeasible: 1 run \(require: memory_gb <= 8\); 1 configuration cannot be the best/);
  const json = printing(state);
  evaluateJob(json.printing, "job1", { json: true });
  const verdict = JSON.parse(json.text().trim().split("\n").at(-1) ?? "");
  assert.deepEqual([verdict.infeasible, verdict.hparams], [1, { layers: 1, dropout: 0.2 }]);
});

test("plots leave infeasible runs out; an inactive hyperparameter has no place on its dial", () => {
  const chosen = chooseRuns(
    { runs: ["job1"], filter: [], status: undefined, maxRuns: undefined },
    stateOf(told()),
    "ws1",
  );
  assert.deepEqual(
    completedOnly(chosen).rows.map(({ trial }) => trial.run),
    ["run1.1", "run1.3"],
  );
  assert.deepEqual(
    dialsOf(chosen).map(({ positions }) => positions),
    [
      [0, 2, 1],
      [-1, 1, 1],
    ],
  );
});

test("an inactive hyperparameter is - on screens, and nothing in exports", () => {
  const state = stateOf(told());
  const table = tableOf(state);
  assert.equal(labelOf(dials, [0, 0]), "layers=0 dropout=-");
  assert.equal(settingsWithin(table, [0, 0], 80), "layers=0 dropout=-");
  assert.match(printed(state, ["run1.1"]).results, /run1\.1 .* 0 +-\n/);
  const lines = [
    ...exportLines(listing({ runs: ["job1"], child: true, columns: "run,layers,dropout" }, state, "ws1"), "csv"),
  ];
  assert.deepEqual(lines, ["run,layers,dropout\n", "run1.1,0,\n", "run1.2,2,0.2\n", "run1.3,1,0.2\n"]);
  const study = [...optunaJournal(table, "ws1")].map((line) => JSON.parse(line)).filter(({ op_code }) => op_code === 4);
  assert.deepEqual(
    study.map(({ params, state: ended }) => [params, ended]),
    [
      [{ layers: 0 }, 1],
      [{ layers: 2, dropout: 1 }, 1],
      [{ layers: 1, dropout: 1 }, 1],
    ],
  );
  assert.deepEqual(Object.keys(study[0].distributions), ["layers"]);
});

test("the standings screen puts an infeasible configuration behind those with a rank", () => {
  const list = standingsList(searchOf(told()));
  list.refresh(1, 0);
  const rows = [...list.rows];
  assert.deepEqual(
    rows.map(({ standing, runSet }) => [standing?.rank, runSet.key]),
    [
      [1, "1.1"],
      [2, "0.0"],
      [undefined, "2.1"],
    ],
  );
});

test("an import takes what keeps to the constraints, and needs no inactive hyperparameter's value", () => {
  const state = stateOf(told());
  const csv = [...exportLines(listing({ runs: ["job1"], child: true }, state, "ws1"), "csv")].join("");
  const all = earlierRuns("runs.csv", csv, dials);
  assert.deepEqual(
    all.runs.map(([name, , configuration]) => [name, configuration]),
    [
      ["run1.1", [0, 0]],
      ["run1.2", [2, 1]],
      ["run1.3", [1, 1]],
    ],
  );
  const fit = earlierRuns("runs.csv", csv, dials, { where: ["*layers != 1"], require: ["memory_gb < 9"] });
  assert.deepEqual([fit.runs.map(([name]) => name), fit.unfit], [["run1.1"], 2]);
  assert.throws(
    () => earlierRuns("a.csv", "hpmax,layers,dropout\n0.5,1,\n", dials),
    /dropout is ""; expected one of 0\.1, 0\.2/,
  );
});

test("JSON events say why a run is infeasible; the neighbourhood has no inactive hyperparameter's row", () => {
  const story = told();
  const state = stateOf(story);
  let text = "";
  const view = new PlainView(
    {
      progress: { write: () => undefined, isTTY: false, columns: 80 },
      isPlainTerminal: false,
      results: {
        write: (more: string): void => {
          text += more;
        },
      },
      wall: () => story.at,
    },
    { json: true },
  );
  const event = story.events.find((each) => each.type === "completed" && each.n === 2) ?? assert.fail();
  view.event(event, tableOf(state));
  const said = JSON.parse(text.trim().split("\n").at(-1) ?? "");
  assert.deepEqual([said.type, said.infeasible], ["completed", "memory_gb <= 8 (memory_gb is 9.25)"]);

  const bare = new JobStory({ number: 1, hyperparameters: dials });
  bare.completed(bare.started("run1.1", [0, 0]), "run1.1", 0.5);
  const list = neighbourList(searchOf(bare));
  list.refresh(1, 0);
  assert.deepEqual(
    list.rows.map(({ hyperparameter }) => hyperparameter.name),
    ["layers"],
  );
});
