import assert from "node:assert/strict";
import { test } from "node:test";
import { History, type SeenRun } from "../../../../coordinator/own-search/module-view.ts";

const about = { job: "job1", seed: 1, totalRuns: 9, hyperparameters: [] };
const run = (
  n: number,
  configuration: readonly number[],
  state: SeenRun["state"],
  value: number | null = null,
): SeenRun => ({
  run: n,
  name: `run1.${n}`,
  configuration,
  state,
  value,
  reason: "",
});

test("a search module sees each run as it was told last, and the run sets that follow", () => {
  const history = new History();
  history.tell(run(1, [0, 1], "running"));
  history.tell(run(2, [0, 1], "running"));
  history.tell(run(3, [2, 0], "running"));
  history.tell(run(1, [0, 1], "completed", 1));
  history.tell(run(2, [0, 1], "completed", 4));
  history.tell(run(3, [2, 0], "failed"));
  history.exclude([2, 0]);
  const counts = () => {
    const { runSets } = history.view(about);
    return [...runSets].map(({ configuration, ended, completed, failed, inFlight, mean }) => [
      configuration.join(),
      ...[ended, completed, failed, inFlight, mean],
    ]);
  };
  assert.deepEqual(counts(), [
    ["0,1", 2, 2, 0, 0, 2.5],
    ["2,0", 1, 0, 1, 0, Number.NaN],
  ]);
  const view = history.view(about);
  assert.equal(view.runSets.size, 2);
  assert.deepEqual(view.runSets.best()?.configuration, [0, 1]);
  assert.ok(view.isExcluded([2, 0]) && !view.isExcluded([0, 1]));
  // Run 1 is rejected, run 2 cancelled, run 3 runs again.
  history.tell(run(1, [0, 1], "rejected"));
  history.tell(run(2, [0, 1], "cancelled"));
  history.tell(run(3, [2, 0], "running"));
  assert.deepEqual(counts(), [
    ["0,1", 1, 0, 0, 0, Number.NaN],
    ["2,0", 0, 0, 0, 1, Number.NaN],
  ]);
  assert.equal(history.view(about).runSets.best(), null);
  assert.deepEqual(
    history.view(about).runs.map((each) => each.run),
    [1, 3],
  );
});
