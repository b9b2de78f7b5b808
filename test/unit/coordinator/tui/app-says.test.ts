import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { frameLines } from "../../../../coordinator/tui/screens/frame.ts";
import { lineText } from "../../../../coordinator/tui/terminal/styled.ts";
import { apply } from "../../../../shared/domain/fold/workspace-state.ts";
import type { RunName } from "../../../../shared/domain/names.ts";
import { JobStory, storyStart } from "../../../support/stories/job-story.ts";
import { modelOf } from "../../../support/stories/shown-story.ts";
import { SimulatedSearch } from "../../../support/stories/simulated-search.ts";
import { Screen } from "../../../support/terminal/app-screen.ts";

describe("a coordinator that says nothing", () => {
  /** Frames are drawn each second, whatever happens. */
  const wait = (screen: Screen, seconds: number): void => {
    for (let i = 0; i < seconds; i += 1) {
      screen.now += 1000;
      frameLines(screen.model, 120, 40, screen.now);
    }
  };

  test("a silent coordinator is missed after six seconds: the header says what to type, without a forecast", async () => {
    const screen = new Screen({ flags: " --workspace lab" });
    screen.press("3");
    const before = await screen.text();
    assert.match(before, /^job1 +maze +RUNNING .* ETA .* reports\/s *\nbest /);
    wait(screen, 4);
    screen.press("1");
    assert.match(await screen.text(), /^job1 +maze +RUNNING /);
    wait(screen, 2);
    screen.press("3");
    const text = await screen.text();
    assert.match(text, /^job1 +maze +NO COORDINATOR +runs \d+\/400 +6 running .*workers 6 busy/);
    assert.match(text, /\nstart one: nexus-coord --workspace lab {2}best -?\d/);
    assert.doesNotMatch(text, /ETA|reports\/s|RUNNING|lost/);
    screen.search.tellStatus(screen.now);
    screen.press("1");
    assert.match(await screen.text(), /^job1 +maze +RUNNING [^\n]* ETA [^\n]*\nbest /);
  });

  test("a silent coordinator is told with what to type in the narrowest terminal too, and without a job", async () => {
    const screen = new Screen();
    screen.terminal.resize(60, 12);
    wait(screen, 6);
    screen.press("2");
    assert.match(await screen.text(), /^job1 .*NO COORDINATOR .*\nstart one: nexus-coord {2}best /);
    screen.model.search.job = null;
    screen.press("2");
    assert.match(await screen.text(), /^workspace ws1 .*NO COORDINATOR *\nstart one: nexus-coord {2}no job yet/);
  });

  test("no coordinator is missed by a screen that stood still, nor in a search that is over", async () => {
    const screen = new Screen();
    await screen.text();
    screen.now += 60_000;
    screen.press("3");
    assert.match(await screen.text(), /RUNNING/);
    const story = new JobStory({ number: 1 });
    story.over();
    const done = modelOf(story);
    for (let second = 0; second < 20; second += 1) frameLines(done, 120, 40, 1000 * second);
    assert.match(lineText(frameLines(done, 120, 40, 20_000)[0] ?? []), / COMPLETED /);
  });
});

test("a screen's message goes with the next key that does something, or after some seconds", async () => {
  const screen = new Screen();
  const another = new JobStory({ number: 2 });
  for (const event of another.events) screen.model.search.happened(event, apply(screen.model.search.state, event));
  const said = /there is no job before this one/;
  screen.press("[");
  assert.match(await screen.text(), said);
  screen.press("]");
  assert.match(await screen.text(), /^job2 /);
  assert.doesNotMatch(screen.terminal.lines.join(""), said);
  for (const key of ["1", "j", "?"]) {
    screen.press("[", "[");
    assert.match(await screen.text(), said);
    screen.press(key);
    assert.doesNotMatch(await screen.text(), said, key);
    screen.press("escape");
  }
  screen.press("[");
  screen.now += 6100;
  screen.press("C-l");
  assert.doesNotMatch(await screen.text(), said);
});

/** A trial's evidence was read, and its curve has been dropped again. */
function read({ model }: Screen, n: number, hasReports: boolean): void {
  const metrics = [{ name: "s1-rew", values: [1], counts: [1] }];
  const stages = hasReports ? [{ stage: 1, iters: [1], hours: [1], metrics }] : [];
  model.search.evidenceRead(n, { curve: { run: "run1.1" as RunName, stages }, console: null });
  model.search.curves.clear();
}

describe("reports that have not been read yet", () => {
  test("a run's page waits for reports that have not been read yet, and says so if the run sent none", async () => {
    const screen = new Screen();
    screen.press("2");
    const open = screen.model.search.table?.trials.open() ?? [];
    const running = [...open][0]?.n ?? 0;
    screen.model.search.curves.clear();
    screen.model.open({ kind: "run", n: 1 });
    screen.press("C-l");
    assert.match(await screen.text(), /reading its reports\.\.\./);
    read(screen, 1, false);
    screen.press("C-l");
    await screen.text();
    const page = (n: number): string => {
      screen.model.pages = [{ kind: "run", n }];
      screen.model.chart = null;
      return frameLines(screen.model, 120, 40, screen.now).map(lineText).join("\n");
    };
    assert.match(page(1), /no curve: nothing was reported/);
    read(screen, running, false);
    assert.match(page(running), /no curves yet; they come with the first reports/);
    // A curve that was dropped to make room is read again.
    read(screen, running, true);
    assert.match(page(running), /reading its reports\.\.\./);
  });

  test("reports that have not been read yet stand as ... in the list of runs", async () => {
    const screen = new Screen();
    screen.model.search.curves.clear();
    screen.model.search.isCatchingUp = true;
    screen.press("2");
    assert.match(await screen.text(), /run\d+\.\d+ +node-\d +running +(\d+ +)?\.\.\. /);
    screen.model.search.isCatchingUp = false;
    screen.press("C-l");
    assert.doesNotMatch(await screen.text(), /running +(\d+ +)?\.\.\. /);
  });
});

test("the header's first line keeps times and rate, whatever comes; where nothing runs, the rate is 0", () => {
  const search = new SimulatedSearch({ runs: 200, workers: 6, colour: false }, storyStart);
  let now = 0;
  for (let i = 0; i < 90; i += 1) {
    now += 1000;
    search.second(now, 20);
    for (const width of [100, 120, 160]) {
      const [first = "", second = ""] = frameLines(search.model, width, 40, now).map(lineText);
      assert.match(first, width >= 120 ? / 1d00h {2}ETA \S+ {2}\S+ reports\/s *$/ : / ETA /, first);
      assert.doesNotMatch(second, /ETA|reports|1d00h/);
    }
  }
  assert.ok(search.model.search.reports.perSecond(now) > 5);
  now += 3000;
  search.tellStatus(now);
  assert.match(lineText(frameLines(search.model, 160, 40, now)[0] ?? []), / 0 reports\/s/);
});
