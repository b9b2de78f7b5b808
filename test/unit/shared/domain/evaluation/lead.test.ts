import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { evaluated } from "../../../../../coordinator/cli/evaluate/eval.ts";
import { printJobs } from "../../../../../coordinator/cli/list/list-jobs.ts";
import { Leading } from "../../../../../coordinator/live/leading.ts";
import { PlainView } from "../../../../../coordinator/plain/plain-view.ts";
import { frameLines } from "../../../../../coordinator/tui/screens/frame.ts";
import { lineText } from "../../../../../coordinator/tui/terminal/styled.ts";
import { progressLine, standingsTable } from "../../../../../coordinator/words/progress.ts";
import { leaderOf, leadOf } from "../../../../../shared/domain/evaluation/lead.ts";
import type { RunTable } from "../../../../../shared/domain/fold/run-table.ts";
import { apply } from "../../../../../shared/domain/fold/workspace-state.ts";
import { standings } from "../../../../../shared/domain/run-sets/standings.ts";
import { JobStory, stateOf } from "../../../../support/stories/job-story.ts";
import { ordered } from "../../../../support/stories/search.ts";
import { modelOf } from "../../../../support/stories/shown-story.ts";

const lr = ordered("lr", [0.1, 0.2, 0.3]);
const disc = ordered("disc", [0.8, 0.9]);

function storyOf(runs: readonly (readonly [number, number, number])[]): JobStory {
  const story = new JobStory({ number: 1, hyperparameters: [lr, disc] });
  runs.forEach(([a, b, hpmax], i) => {
    const run = `run1.${i + 1}`;
    story.completed(story.started(run, [a, b]), run, hpmax);
  });
  return story;
}

/** lr=0.3 was lucky once; lr=0.2 is good each time, and so the best. */
const lucky = storyOf([
  [0, 0, 0.01],
  [0, 0, 0.012],
  [1, 1, 0.05],
  [1, 1, 0.051],
  [1, 1, 0.052],
  [1, 1, 0.05],
  [2, 0, 0.054],
]);

test("the best configuration and its estimate are the same wherever they are shown", () => {
  const state = stateOf(lucky);
  const table = state.jobs.get(lucky.job);
  assert.ok(table);
  const [first] = standings(table.runSets, table.submitted.hyperparameters);
  assert.ok(first);
  // Or else this test says nothing: the highest plain mean is another one.
  assert.notEqual(table.runSets.best()?.key, first.runSet.key);
  const { estimate } = first;

  const row = standingsTable(table)[2] ?? "";
  assert.match(row, /^ {3}1 .* run1\.5 +0\.200 +0\.900$/);
  const said = /best (\S+) ±\S+ \(n=4\) lr=0\.2 disc=0\.9 /.exec(progressLine(table, 0))?.[1];
  assert.ok(Math.abs(Number(said) - estimate) < 0.001, said);

  const listed: string[] = [];
  printJobs(
    { state, workspace: "ws1", flags: "", output: { result: (text) => void listed.push(text), note: () => undefined } },
    { json: true },
  );
  const job = JSON.parse(listed.join("").split("\n")[0] ?? "") as { hpmax: number; best: string };
  assert.deepEqual([job.hpmax, job.best], [estimate, "run1.5"]);

  const objects: { bestFor?: number; standings?: { hpmax: number }[] }[] = [];
  const view = new PlainView(
    {
      progress: { write: () => undefined },
      results: { write: (text) => objects.push(JSON.parse(text)) },
      wall: () => 0,
    },
    { json: true },
  );
  view.finish(table);
  assert.deepEqual([objects[0]?.bestFor, objects[0]?.standings?.[0]?.hpmax], [5, estimate]);

  const model = modelOf(lucky);
  const text = frameLines(model, 120, 30, 1000).map(lineText).join("\n");
  assert.match(text, /\nbest {2}0\.0\d+ ± \S+ \(n=4\) {2}lead for 5 runs {2}lr=0\.2 disc=0\.9/);
  assert.match(text, /\n> +1 .* 4 {2}run1\.5 .* 5 +0\.2 +0\.9/);

  const { history } = evaluated(table);
  assert.deepEqual([history.rows.at(-1)?.key, history.rows.at(-1)?.estHpmax], [first.runSet.key, estimate]);
});

test("a screen's count of the lead continues from run to run, and restarts when the leader changes", () => {
  const leading = new Leading();
  const runs: [number, number, number][] = [
    [0, 0, 0.5],
    [1, 0, 0.1],
  ];
  const story = storyOf(runs);
  const state = stateOf(story);
  const table = state.jobs.get(story.job);
  assert.ok(table);
  const told = story.events.length;
  let now = 0;
  const shown = (): unknown => {
    now += 1000;
    return leading.lead(table, now);
  };
  assert.deepEqual(shown(), { key: "0.0", runs: 2 });
  const complete = (run: string, configuration: [number, number], hpmax: number): void => {
    story.completed(story.started(run, configuration), run, hpmax);
    for (const event of story.events.slice(-2)) apply(state, event);
  };
  complete("run1.3", [1, 0], 0.1);
  assert.deepEqual(shown(), { key: "0.0", runs: 3 });
  for (let i = 4; i <= 12; i += 1) complete(`run1.${i}`, [2, 1], 0.9);
  assert.deepEqual(shown(), leadOf(table));
  assert.notEqual(leadOf(table)?.key, "0.0");
  assert.equal(story.events.length - told, 20);
});

test("the leader and the length of its lead are those of nexus eval, for any runs", () => {
  const run = fc.tuple(fc.nat(2), fc.nat(1), fc.constantFrom(0, 0.25, 0.5, 0.75, 1));
  fc.assert(
    fc.property(fc.array(run, { maxLength: 30 }), (runs) => {
      const table = tableOf(storyOf(runs));
      const leader = leaderOf(table);
      const lead = leadOf(table);
      assert.equal(lead?.key, leader?.runSet.key);
      if (runs.length > 0) assert.ok(lead && lead.runs >= 1 && lead.runs <= runs.length);
    }),
  );
});

function tableOf(story: JobStory): RunTable {
  const table = stateOf(story).jobs.get(story.job);
  assert.ok(table);
  return table;
}
