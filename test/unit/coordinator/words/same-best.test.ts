import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluated } from "../../../../coordinator/cli/evaluate/eval.ts";
import { printJobs } from "../../../../coordinator/cli/list/list-jobs.ts";
import { PlainView } from "../../../../coordinator/plain/plain-view.ts";
import { frameLines } from "../../../../coordinator/tui/screens/frame.ts";
import { lineText } from "../../../../coordinator/tui/terminal/styled.ts";
import { progressLine, standingsTable } from "../../../../coordinator/words/progress.ts";
import { standings } from "../../../../shared/domain/run-sets/standings.ts";
import { stateOf } from "../../../support/stories/job-story.ts";
import { modelOf } from "../../../support/stories/shown-story.ts";
import { storyOfRuns } from "../../../support/stories/story-of-runs.ts";

/** lr=0.3 was lucky once; lr=0.2 is good each time, and so the best. */
const lucky = storyOfRuns([
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
