import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ChoicesSeen } from "../../../../../coordinator/live/choices-seen.ts";
import { screenActions } from "../../../../../coordinator/tui/actions/screen-actions.ts";
import { bindings, screenNames } from "../../../../../coordinator/tui/keys.ts";
import { legendLines } from "../../../../../coordinator/tui/screens/curve-legend.ts";
import { frameLines } from "../../../../../coordinator/tui/screens/frame.ts";
import { lineText } from "../../../../../coordinator/tui/terminal/styled.ts";
import type { ViewModel } from "../../../../../coordinator/tui/view-model.ts";
import type { JobSettings } from "../../../../../shared/domain/runspec/job-settings.ts";
import { leastResults } from "../../../../../shared/domain/search/dgd.ts";
import { JobStory, storyStart } from "../../../../support/stories/job-story.ts";
import { modelOf } from "../../../../support/stories/shown-story.ts";
import { SimulatedSearch } from "../../../../support/stories/simulated-search.ts";
import { Screen } from "../../../../support/terminal/app-screen.ts";

const dials = [
  { name: "lr", ordered: true, values: [1, 2, 3], tuned: 2 },
  { name: "clip", ordered: true, values: [8, 16, 32], tuned: 16 },
];

/** The middle is best; a step down in lr has two runs, a step up one; clip was never changed. */
function story(settings: Partial<JobSettings> = { dgd: { rule: "paper", countInFlight: true } }): JobStory {
  const told = new JobStory({ number: 1, hyperparameters: dials, settings: { totalRuns: 9, ...settings } });
  for (const [n, [configuration, hpmax]] of (
    [
      [[1, 1], 0.9],
      [[0, 1], 0.5],
      [[0, 1], 0.6],
      [[2, 1], 0.7],
    ] as const
  ).entries()) {
    told.started(`run1.${n + 1}`, configuration);
    told.completed(n + 1, `run1.${n + 1}`, hpmax);
  }
  return told;
}

const textOf = (model: ViewModel, width = 120, height = 30, now = 1000): string =>
  frameLines(model, width, height, now)
    .map((line) => lineText(line).trimEnd())
    .join("\n");

describe("why a run was tried", () => {
  test("why a run was tried stays on its page and in the list after its end, also for a later screen", () => {
    const model = modelOf(story());
    assert.equal(model.search.table?.trial(1)?.why, "", "the fold has forgotten it");
    model.open({ kind: "run", n: 1 });
    assert.match(textOf(model), /\n chosen: the best run set's neighbour\n/);
    model.show("Runs");
    assert.match(textOf(model, 179), /\n> run1\.4 .* the best run set's neighbour\n/);
  });

  test("why runs were tried is remembered of the newest; of others the page says where to look", () => {
    const choices = new ChoicesSeen(100);
    const told = new JobStory({ number: 1, settings: { totalRuns: 1000 } });
    for (let n = 1; n <= 500; n += 1) told.started(`run1.${n}`, []);
    for (const event of told.events) choices.event(event);
    assert.equal(choices.of(told.job, 1), undefined);
    assert.equal(choices.of(told.job, 500), "the best run set's neighbour");
    const model = modelOf(story(), { flags: " --workspace lab" });
    model.search.whyChosen = () => undefined;
    model.open({ kind: "run", n: 1 });
    assert.match(textOf(model), /\n chosen: long ago; nexus view run run1\.1 --workspace lab says why\n/);
  });
});

test("the standings have a column of what ranks them, and follow it", () => {
  const { model } = new SimulatedSearch({ runs: 150, workers: 4 }, storyStart);
  assert.match(textOf(model, 80, 24), /\n +# +\^? *hpmax +sd +hpmax-2sd +runs/);
  const ranked = model.lists.standings.rows.flatMap(({ standing }) => standing?.cautious ?? []);
  assert.ok(ranked.length > 50);
  for (const [i, value] of ranked.entries()) {
    if (i > 1) assert.ok(value <= (ranked[i - 1] ?? 0), `row ${i}`);
  }
});

describe("the neighbourhood", () => {
  test("the neighbourhood opens both steps of a hyperparameter", () => {
    const model = modelOf(story());
    model.show("Neighbourhood");
    assert.match(textOf(model), /> lr +1 \[2\] 3/);
    const open = (): string => {
      const context = { model, say: (text: string) => model.say(text, 1000), now: 1000 };
      screenActions.open?.(context as Parameters<NonNullable<typeof screenActions.open>>[0], {
        name: "enter",
        text: "",
      }); // all that it needs
      return textOf(model);
    };
    const text = open();
    assert.match(text, /\n Down +lr=1 clip=16\n +estimated hpmax .* of 2; 0 failed/);
    assert.match(text, /\n Up +lr=3 clip=16\n +estimated hpmax .* of 1; 0 failed/);
    assert.match(text, /\n> run1\.3 .* down +node-1\n {2}run1\.2 .* down +node-1\n {2}run1\.4 .* up +node-1\n/);
    model.pages = [];
    model.lists.neighbourhood.select("clip");
    assert.match(open(), /no run of either step has started yet/);
  });

  test("the neighbourhood says after how many results the chances count, as the search does", () => {
    const model = modelOf(story({ dgd: { rule: "model", countInFlight: true } }));
    model.show("Neighbourhood");
    assert.match(textOf(model), new RegExp(`the first ${leastResults} results are spread evenly`));
  });

  test("the neighbourhood of a search that is over says what it would try, not what it tries next", () => {
    for (const rule of ["paper", "model"] as const) {
      const told = story({ dgd: { rule, countInFlight: true } });
      const before = modelOf(told);
      before.show("Neighbourhood");
      assert.match(textOf(before), /next/, rule);
      told.over();
      const after = modelOf(told);
      after.show("Neighbourhood");
      const text = textOf(after);
      assert.match(text, /if the search went on/, rule);
      assert.match(text, rule === "paper" ? /d\.would .* u\.would/ : /would try +hpmax/, rule);
      assert.doesNotMatch(text, /next/, rule);
    }
  });
});

describe("the legend of curves", () => {
  const entries = [
    { label: "#1 run1.1", mark: "#1", style: "accent", settings: "lr=2" },
    { label: "#2 2 runs", mark: "#2", style: "good", settings: "lr=1" },
  ] as const;
  const texts = (width: number, height: number): string[] =>
    legendLines({ metric: "s1-rew", entries, said: "dim: another run" }, width, height).map(lineText);

  test("the legend of curves names configurations in one line, in a line for each, or only ranks", () => {
    assert.deepEqual(texts(80, 10), ["  s1-rew   ── #1 run1.1  lr=2   ── #2 2 runs  lr=1   dim: another run"]);
    assert.deepEqual(texts(60, 20), ["  s1-rew   dim: another run", "  ── #1 run1.1  lr=2", "  ── #2 2 runs  lr=1"]);
    assert.deepEqual(texts(60, 10), ["  s1-rew   ── #1 run1.1   ── #2 2 runs   dim: another run"]);
    assert.deepEqual(texts(50, 10), ["  s1-rew   ── #1   ── #2   dim: another run"]);
  });

  test("the legend of curves tells each configuration by what it does not share with the others", () => {
    const model = modelOf(story({}));
    textOf(model);
    for (const { n } of model.search.table?.trials ?? [])
      for (let i = 1; i < 9; i += 1) model.search.curves.add(n, 1, i, i, i);
    model.show("Curves");
    const text = textOf(model);
    assert.match(text, /── #1 run1\.1 {2}lr=2 {3}── #2 (run1\.4 {2}lr=3|2 runs {2}lr=1)/);
    assert.doesNotMatch(text, /── .*clip=/);
    model.lists.standings.select(model.lists.standings.rows[0]?.key ?? "");
    assert.match(textOf(model, 120, 30, 2000), /── #1 run1\.1 {2}lr=2 clip=16/);
  });
});

test("the help explains every column of the screen that it is opened on", async () => {
  const screen = new Screen();
  screen.terminal.resize(179, 120);
  for (const [key, name] of screenNames.entries()) {
    screen.press(String(key), "?");
    const text = await screen.text();
    const { columns } = screen.model.lists.of(name);
    assert.match(text, new RegExp(`\n Columns of ${name === "Curves" || name === "Best" ? "Standings" : name} *\n`));
    for (const { name: column, about } of columns) {
      assert.ok(about.length > 5, `${name}: ${column}`);
      assert.ok(text.includes(`${column} `) && text.includes(about), `${name}: ${column}`);
    }
    screen.press("?");
  }
});

test("the help can be scrolled to its last line, on every screen of a small terminal", async () => {
  const screen = new Screen();
  screen.terminal.resize(80, 24);
  for (const [key, name] of screenNames.entries()) {
    screen.press(String(key), "?", "G");
    const text = await screen.text();
    const lastWord = screen.model.lists.of(name).columns.at(-1)?.about.split(" ").at(-1) ?? "";
    const lastLine = text.split("\n").at(-2)?.trimEnd() ?? "";
    assert.ok(lastWord !== "" && lastLine.endsWith(lastWord), `${name}, ${lastWord}:\n${text}`);
    screen.press("?");
  }
});

test("the help says that the times of events are those of this machine", async () => {
  const screen = new Screen();
  screen.terminal.resize(179, 120);
  screen.press("6", "?");
  assert.match(await screen.text(), /\n Columns of Events *\n +time +time of day on this machine;/);
});

test("the help begins with the keys of the pane or page that it is opened on, and has each key once", async () => {
  const screen = new Screen();
  screen.terminal.resize(179, 120);
  const parts = async (): Promise<string[]> => {
    screen.press("?");
    const text = await screen.text();
    screen.press("?");
    for (const { shown, does } of bindings) {
      const line = `   ${shown.padEnd(9)}`;
      assert.equal(text.split("\n").filter((each) => each.startsWith(line) && each.includes(does)).length, 1, shown);
    }
    return text.split(/\n (?=Keys of|Everywhere|On |Columns of)/);
  };
  screen.press("3");
  const [, workers = "", everywhere = "", others = ""] = await parts();
  assert.match(workers, /^Keys of Workers *\n[\s\S]* J +on Workers[\s\S]* B +bench the worker/);
  assert.match(everywhere, /^Everywhere *\n[\s\S]* 0-7 [\s\S]* q +leave/);
  assert.match(others, /^On other screens *\n +a +events of all jobs[^\n]*\n +x +curves over/);
  screen.press("4");
  const [, curves = "", , rest = ""] = await parts();
  assert.match(curves, /^Keys of Curves *\n[\s\S]* x +curves over/);
  assert.match(rest, /^On other screens *\n[\s\S]* \/ +filter/);
  screen.model.open({ kind: "run", n: 1 });
  const [, page = "", , screens = ""] = await parts();
  assert.match(page, /^Keys of this page *\n[\s\S]* Esc +go back[\s\S]* X +cancel/);
  assert.match(screens, /^On the screens *\n[\s\S]* B +bench/);
});
