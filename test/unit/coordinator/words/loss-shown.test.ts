import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkVerdict, measuredLines } from "../../../../coordinator/cli/check/check-verdict.ts";
import { confirmationJson, confirmationText } from "../../../../coordinator/cli/evaluate/confirmation-table.ts";
import { evaluateJob } from "../../../../coordinator/cli/evaluate/evaluate-job.ts";
import { repeatsJson, repeatsOf, repeatsText } from "../../../../coordinator/cli/evaluate/repeats.ts";
import { printJobs } from "../../../../coordinator/cli/list/list-jobs.ts";
import { optunaJournal } from "../../../../coordinator/cli/transfer/optuna-journal.ts";
import { jobLine, runLine } from "../../../../coordinator/cli/transfer/tool-lines.ts";
import { showEvents } from "../../../../coordinator/cli/view/view-events.ts";
import { PlainView } from "../../../../coordinator/plain/plain-view.ts";
import { eventText } from "../../../../coordinator/words/event-words.ts";
import { differsText } from "../../../../coordinator/words/health-words.ts";
import { progressLine, standingsTable } from "../../../../coordinator/words/progress.ts";
import { verdictLines } from "../../../../coordinator/words/verdict-text.ts";
import { evaluate } from "../../../../shared/domain/evaluation/evaluated.ts";
import { measuredAgain } from "../../../../shared/domain/evaluation/measured-again.ts";
import type { JournalEvent } from "../../../../shared/domain/fold/events.ts";
import type { RunTable } from "../../../../shared/domain/fold/run-table.ts";
import { searchView } from "../../../../shared/domain/fold/search-view.ts";
import { rngFrom } from "../../../../shared/domain/rng.ts";
import { paperSearch } from "../../../../shared/domain/search/dgd-paper.ts";
import type { CheckedRun } from "../../../../shared/here/check-run.ts";
import { hpmaxLine } from "../../../../worker/runner/console-lines.ts";
import { JobStory, stateOf } from "../../../support/stories/job-story.ts";
import { mixed, printed } from "../../../support/stories/listed-runs.ts";
import { lossStory, turnedSign } from "../../../support/stories/loss-search.ts";

const story = lossStory();
const state = stateOf(story);
const table = state.jobs.get(story.job) as RunTable; // the story's own job

const cells = (line = ""): string[] => line.trim().split(/ {2,}/);
function results(print: (output: { result(text: string): void; note(text: string): void }) => void): string {
  let said = "";
  print({ result: (text) => (said += text), note: () => undefined });
  return said;
}

describe("under goal: minimize", () => {
  test("under goal: minimize, a search's line and table show the loss", () => {
    assert.match(progressLine(table, story.at), / best loss 0\.\d+ ±0\.\d+ \(n=2\) lr=0\.2 layers=3/);
    const [header, , first, second] = standingsTable(table);
    assert.deepEqual(cells(header).slice(0, 3), ["rank", "loss", "sd"]);
    assert.ok(Number(cells(first)[1]) < Number(cells(second)[1]));
    assert.doesNotMatch(standingsTable(table).join("\n"), turnedSign);
    assert.equal(standingsTable(table, 1).at(-1), "the best 1 of 2 configurations measured, by loss plus 2 sd");
  });

  test("under goal: minimize, events and reasons tell the loss", () => {
    const done = story.events.findLast(({ type }) => type === "completed") as JournalEvent;
    assert.equal(eventText(done, table)?.text, "run1.3 completed  loss 0.25000  lr=0.2 layers=3");
    let listed = "";
    const result = (text: string): void => {
      listed += text;
    };
    showEvents({ result, note: () => undefined }, [{ seq: 1, event: done }], state);
    assert.match(listed, /loss 0\.25000 after 5 iterations/);
    const { why = "" } = paperSearch({ countInFlight: true }).choose(searchView(table), 4, rngFrom("a")) ?? {};
    assert.match(why, /the best set so far \(mean 0\.375 of 2 runs\)/);
    assert.deepEqual(
      [-1, 1].map((shift) => differsText({ shift, chance: 0, runs: 9, only: null })),
      ["worse by 1.0 sd", "better by 1.0 sd"],
    );
  });

  test("under goal: minimize, the verdict tells the loss, with the ends of its intervals in order", () => {
    const evaluation = evaluate(table);
    assert.ok(evaluation);
    const { verdict } = evaluation;
    const lines = verdictLines(verdict, table.submitted.hyperparameters, table.goal);
    assert.doesNotMatch(lines.join("\n"), turnedSign);
    const [, low = "", high = ""] =
      /is expected to reach a loss of \S+; its true mean is in (\S+) to (\S+) /.exec(lines[2] ?? "") ?? [];
    assert.ok(Number(low) < Number(high), lines[2]);
    assert.match(lines.join("\n"), /is expected to be lower by 0/);
    const flat = { ...verdict, isFlat: true };
    assert.match(verdictLines(flat, table.submitted.hyperparameters, table.goal).at(-1) ?? "", /the same loss, 0\./);
    const said = results((output) => evaluateJob({ state, workspace: "ws1", output, flags: "" }, "job1", {}));
    assert.match(said, /^lr .* EST LOSS/);
    assert.doesNotMatch(said, turnedSign);
  });

  test("under goal: minimize, nexus confirm and the mean of one configuration tell the loss", () => {
    const search = {
      runs: 2,
      mean: -0.4,
      bestHpmax: -0.25,
      bestRun: "run1.3",
      estimate: -0.4,
      interval: { low: -0.5, high: -0.3 },
    };
    const found = {
      configuration: [1, 2],
      jobs: [table],
      search,
      again: measuredAgain([-0.401, -0.399]),
      planned: 2,
      ended: 2,
      failed: 0,
      feasible: 2,
      infeasible: 0,
    };
    const { hyperparameters } = table.submitted;
    const text = confirmationText("job1", hyperparameters, [found], table.goal);
    assert.doesNotMatch(text, turnedSign);
    assert.match(text, /0\.300 to 0\.500[\s\S]*biased downwards[\s\S]*expected loss of a new run/);
    const json = JSON.parse(confirmationJson("job1", hyperparameters, [{ ...found, jobs: [] }], table.goal));
    assert.deepEqual([json.search.estimate, json.minimized], [-0.4, { metric: "loss", estimate: 0.4, confirmed: 0.4 }]);
    const repeats = repeatsOf(table);
    assert.match(repeatsText(repeats), /^mean loss 0\.500 of 3 runs/m);
    assert.doesNotMatch(repeatsText(repeats), /-0\.[1-9]\d* of/);
    const { mean, interval90, minimized } = JSON.parse(repeatsJson(repeats));
    const ends = { low: -interval90.high, high: -interval90.low };
    assert.deepEqual(minimized, { metric: "loss", mean: -mean, interval90: ends });
  });

  test("under goal: minimize, lists show the loss in the place of hpmax, sorted with the lowest last", () => {
    const { results: list } = printed(state, ["job1"], { child: true, sort: "loss" });
    const [header, , ...rows] = list.trim().split("\n");
    const at = cells(header).indexOf("loss");
    assert.ok(at > 0 && !cells(header).includes("hpmax"), header);
    assert.deepEqual(
      rows.slice(0, 3).map((row) => cells(row)[at]),
      ["0.750", "0.500", "0.250"],
    );
    const best = printed(state, ["job1"], { child: true, sort: "metrics.hpmax", last: 1, columns: "run,loss,hpmax" });
    assert.match(best.results, /run1\.3 +0\.250 +-0\.250/);
    const low = printed(state, ["job1"], { child: true, filter: ["loss<=0.5"], columns: "run" });
    assert.match(low.results, /run1\.2\n[\s\S]*run1\.3\n/);
    assert.doesNotMatch(low.results, /run1\.1/);
    const [line = "{}"] = printed(state, ["job1"], { child: true, json: true }).results.split("\n");
    const { metrics } = JSON.parse(line) as { metrics: object };
    assert.deepEqual(metrics, { "s1-loss": 0.75, hpmax: -0.75, loss: 0.75 });
  });

  test("under goal: minimize, filters and groups read the loss that the list shows", () => {
    const rejecting = lossStory();
    rejecting.judged("rejected", [2]);
    const list = (filter: string, json = false): string =>
      printed(stateOf(rejecting), ["job1"], { filter: [filter], columns: "run,rejected", json }).results;
    assert.match(list("rejected < 0.6"), /run1\.2 +0\.500\n/);
    assert.doesNotMatch(list("rejected < 0.4"), /run1\.2/);
    assert.match(list("rejected < -0.4", true), /"run":"run1\.2".*"rejected":-0\.5/);
    const grouped = printed(stateOf(rejecting), ["job1"], { child: true, group: "rejected", columns: "run" });
    assert.doesNotMatch(grouped.results + grouped.notes, turnedSign);
  });

  test("beside jobs that maximise, lists show the loss of those that minimise", () => {
    const [one, two] = [lossStory(3), [...mixed().jobs.keys()]];
    assert.equal(two.length, 2);
    const gain = new JobStory({ number: 4, firstParent: 4 });
    gain.completed(gain.started("run4.1", []), "run4.1", 7);
    const both = stateOf(one, gain);
    const { results: list } = printed(both, ["job3", "job4"], { child: true, columns: "run,hpmax,loss" });
    assert.match(list, /run4\.1 +7\.000\n/);
    const usual = printed(both, ["job3", "job4"], { child: true }).results;
    assert.match(usual, / {2}hpmax {3}loss {2}/);
    assert.doesNotMatch(usual, turnedSign);
    const jobs = results((output) => printJobs({ state: both, workspace: "ws1", output, flags: "" }, {}));
    assert.match(jobs, / metric +result +best /);
    assert.match(jobs, / loss +0\.\d+ [\s\S]* hpmax +7\.000 /);
    assert.match(
      results((output) => printJobs({ state, workspace: "ws1", output, flags: "" }, {})),
      / loss +best /,
    );
    const [object] = results((output) =>
      printJobs({ state, workspace: "ws1", output, flags: "" }, { json: true }),
    ).split("\n");
    const { hpmax, minimized, lowest } = JSON.parse(object ?? "{}");
    assert.ok(hpmax < 0 && lowest === -hpmax && minimized === "loss", object);
  });

  test("under goal: minimize, the plain view's JSON has the loss beside hpmax", () => {
    const objects: { standings?: { hpmax: number; minimized?: object }[] }[] = [];
    const ports = {
      progress: { write: () => undefined },
      results: { write: (part: string) => objects.push(JSON.parse(part)) },
      wall: () => 0,
    };
    new PlainView(ports, { json: true }).finish(table);
    const [first] = objects[0]?.standings ?? [];
    assert.deepEqual(first?.minimized, { metric: "loss", estimate: -(first?.hpmax ?? 0) });
  });

  test("under goal: minimize, exports to other tools have the loss and its direction", () => {
    const [study, , , , , , trial] = [...optunaJournal(table, "ws1")].map((line) => JSON.parse(line));
    assert.deepEqual([study.directions, trial.value], [[1], 0.75]);
    assert.equal(JSON.parse(jobLine(table, "ws1")).direction, "minimize");
    const [run] = [...table.trials];
    assert.ok(run);
    const evidence = { curve: { stages: [] } } as unknown as Parameters<typeof runLine>[1]; // nothing else is read
    const { metric, result } = JSON.parse(runLine({ table, trial: run }, evidence, "ws1"));
    assert.deepEqual([metric, result], ["loss", 0.75]);
  });

  test("under goal: minimize, a run's console and nexus check tell the loss", () => {
    const metric = { short: "loss", long: "loss", decimals: 3, higherIsBetter: false, aggregation: "last" } as const;
    assert.equal(hpmaxLine(-0.25, metric, true), "Objective being minimized by hyperparameter tuning (loss):  0.250");
    const up = { ...metric, higherIsBetter: true };
    assert.equal(
      hpmaxLine(0.25, up, false),
      "Objective that would be maximized by hyperparameter tuning (hpmax):  0.250",
    );
    const run = { metrics: [], reports: 1, iters: [1, 1], hpmax: -0.25, outcome: "completed" } as unknown as CheckedRun; // nothing else is read
    assert.deepEqual(measuredLines(run, table.goal), ["iters: 1", "to minimise: loss 0.25"]);
    const bad = { ...run, hpmax: Number.NEGATIVE_INFINITY, newest: [], stateFiles: [] };
    assert.match(checkVerdict(bad, "s.yaml", table.goal).text, /what a search would minimise \(loss\) is Infinity/);
  });
});
