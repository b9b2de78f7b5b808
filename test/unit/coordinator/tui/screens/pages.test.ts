import assert from "node:assert/strict";
import { test } from "node:test";
import { frameLines } from "../../../../../coordinator/tui/screens/frame.ts";
import { lineText } from "../../../../../coordinator/tui/terminal/styled.ts";
import { ViewModel } from "../../../../../coordinator/tui/view-model.ts";
import { screenOptions } from "../../../../support/stories/shown-story.ts";
import { WatchedWorker } from "../../../../support/stories/watched-worker.ts";

test("an attempt lasts until its end, not until someone looks", () => {
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
