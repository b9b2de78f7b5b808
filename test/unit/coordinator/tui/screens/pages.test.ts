import assert from "node:assert/strict";
import { test } from "node:test";
import { frameLines } from "../../../../../coordinator/tui/screens/frame.ts";
import { lineText } from "../../../../../coordinator/tui/terminal/styled.ts";
import { ViewModel } from "../../../../../coordinator/tui/view-model.ts";
import { standings } from "../../../../../shared/domain/model/standings.ts";
import { JobStory } from "../../../../support/stories/job-story.ts";
import { ordered } from "../../../../support/stories/search.ts";
import { modelOf, screenOptions } from "../../../../support/stories/shown-story.ts";
import { WatchedWorker } from "../../../../support/stories/watched-worker.ts";

test("on a run's page, an attempt lasts until its end, not until someone looks", () => {
  const watched = new WatchedWorker();
  watched.assign(1);
  watched.pass(40, true);
  watched.lose(1, { outcome: "lost", reason: "silent", ev: 0 });
  watched.pass(100, true);
  const model = new ViewModel(watched.search, screenOptions);
  model.open({ kind: "run", n: 1 });
  const shown = (): string => frameLines(model, 100, 30, watched.now).map(lineText).join("\n");
  assert.match(shown(), / 1 {2}lab-1 .* lost: silent after 40s/);
  watched.assign(2);
  watched.pass(5, true);
  const text = shown();
  assert.match(text, / 1 {2}lab-1 .* lost: silent after 40s/);
  assert.match(text, / 2 {2}lab-1 .* holds it for 5s/);
});

test("a failed run's page wraps its console, cuts nothing, and gives one report no room as a curve", () => {
  const story = new JobStory({ number: 1 });
  story.endedWithout(story.started("run1.1", []), "run1.1", "failed", "it broke");
  const model = modelOf(story);
  const last = `RuntimeError: ${"CUDA out of memory, ".repeat(9)}the end`;
  model.search.consoleOf = () => `${"one line\n".repeat(50)}${last}\n`;
  model.search.curves.add(1, 1, 1, 0.1, 3);
  model.open({ kind: "run", n: 1 });
  const shown = (): string[] => frameLines(model, 80, 30, 1).map((line) => lineText(line).trimEnd());
  const text = shown().join("\n");
  assert.ok(text.replace(/\s/g, "").includes(last.replace(/\s/g, "")), text);
  assert.doesNotMatch(text, /iters$|┤/m);
  // Scrolled past the beginning, one key goes down again.
  model.pageScroll = 10_000;
  shown();
  const top = model.pageScroll;
  assert.ok(top < 60, String(top));
});

test("a run set's page has the estimate of its row in the standings", () => {
  const story = new JobStory({ number: 1, hyperparameters: [ordered("lr", [1, 2, 3, 4])] });
  [0.1, 0.5, 0.6, 0.2, 0.7, 0.4].forEach((hpmax, i) => {
    const run = `run1.${i + 1}`;
    story.completed(story.started(run, [i % 4]), run, hpmax);
  });
  const model = modelOf(story);
  const { table } = model.search;
  assert.ok(table);
  for (const { runSet, estimate, stDev } of standings(table.model.now, table.runSets)) {
    model.open({ kind: "run set", key: runSet.key });
    const text = frameLines(model, 120, 30, 1).map(lineText).join("\n");
    const [, shown, spread] = /estimated hpmax (\S+) ± (\S+), mean/.exec(text) ?? [];
    assert.ok(Math.abs(Number(shown) - estimate) < 1e-3, `${runSet.key}: ${shown}, in the standings ${estimate}`);
    assert.equal(spread, stDev?.toPrecision(2));
  }
});

test("an infeasible run set's page says so and has no estimate", () => {
  const settings = { require: ["gb <= 8"] };
  const story = new JobStory({ number: 1, hyperparameters: [ordered("lr", [1, 2])], settings });
  for (const [run, setting, gb] of [
    ["run1.1", 0, 4],
    ["run1.2", 0, 9],
    ["run1.3", 1, 4],
  ] as const)
    story.completed(story.started(run, [setting]), run, 0.5, 100, { "s1-gb": gb });
  const model = modelOf(story);
  const [key = ""] = [...(model.search.table?.runSets ?? [])].map((runSet) => runSet.key);
  model.open({ kind: "run set", key });
  const text = frameLines(model, 120, 30, 1).map(lineText).join("\n");
  assert.match(text, /^ {10}infeasible, mean 0\.5\d* of 1;/m);
});
