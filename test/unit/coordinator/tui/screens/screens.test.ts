import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { findingsOf } from "../../../../../coordinator/live/findings.ts";
import { LiveSearch } from "../../../../../coordinator/live/live-search.ts";
import { screenNames } from "../../../../../coordinator/tui/keys.ts";
import { curveGroups } from "../../../../../coordinator/tui/screens/curves-screen.ts";
import { frameLines } from "../../../../../coordinator/tui/screens/frame.ts";
import { settingsWithin } from "../../../../../coordinator/tui/screens/settings-text.ts";
import { type Look, lineText, lineWidth, rendered, span } from "../../../../../coordinator/tui/terminal/styled.ts";
import { wrapped, wrappedCommand } from "../../../../../coordinator/tui/terminal/wrap.ts";
import { ViewModel } from "../../../../../coordinator/tui/view-model.ts";
import { widthOf } from "../../../../../coordinator/words/cell-width.ts";
import { packageRoot } from "../../../../../shared/components/component-defaults.ts";
import { emptyWorkspace } from "../../../../../shared/domain/fold/workspace-state.ts";
import { JobStory, storyStart } from "../../../../support/stories/job-story.ts";
import { modelOf, screenOptions } from "../../../../support/stories/shown-story.ts";
import { SimulatedSearch } from "../../../../support/stories/simulated-search.ts";

const sizes = [
  [80, 24],
  [120, 40],
  [200, 60],
] as const;
const folder = join(packageRoot(), "test", "fixtures", "screens");

/** Findings of the search below, kept because its journal is always the same and they take a second to make. */
let findings: ReturnType<typeof findingsOf> | undefined;

/** A search of 300 runs on 12 workers, some minutes further on. */
function search(look: Look): SimulatedSearch {
  const simulated = new SimulatedSearch({ runs: 400, workers: 12, ...look }, storyStart);
  for (let second = 1; second <= 40; second += 1) simulated.second(second * 1000, 90);
  const { search: live } = simulated.model;
  findings ??= live.table && findingsOf(live.table);
  assert.ok(findings);
  live.found(findings);
  return simulated;
}

/** Every screen and page at a size, one under the other. */
function allScreens(look: Look, width: number, height: number): string {
  const simulated = search(look);
  const { model } = simulated;
  let now = 60_000;
  const parts: string[] = [];
  const take = (name: string): void => {
    now += 10_000;
    simulated.tellStatus(now);
    const lines = frameLines(model, width, height, now);
    assert.equal(lines.length, height, `${name} has ${lines.length} lines`);
    for (const line of lines) assert.equal(lineText(line).length, width, `${name}: ${lineText(line)}`);
    const text = lines.map((line) => rendered(line, look).replaceAll("\u001b", "\\e")).join("\n");
    parts.push(`=== ${name}\n${text}\n`);
  };
  for (const name of screenNames) {
    model.show(name);
    if (name === "Curves") for (const { trials } of curveGroups(model)) for (const { n } of trials) learn(model, n);
    take(name);
  }
  model.show("Standings");
  const [best] = model.lists.standings.rows;
  model.open({ kind: "run set", key: best?.key ?? "" });
  take("Run set");
  const trials = [...(model.search.table?.trials ?? [])];
  const trial = trials.findLast(({ attempts }) => attempts.length > 1) ?? trials.at(-1);
  model.search.consoleOf = () => "the first line\nthe last line, with a tab\tand an escape \u001b[31m\n";
  model.open({ kind: "run", n: trial?.n ?? 0 });
  take("Run");
  model.isHelpOpen = true;
  take("Help");
  return parts.join("\n");
}

/** A curve of 60 reports, as if it had been read. */
function learn(model: ViewModel, n: number): void {
  const hpmax = model.search.table?.trial(n)?.hpmax ?? 0.02;
  for (let i = 1; i <= 60; i += 1) model.search.curves.add(n, 1, 1000 * i, i / 3600, hpmax * (1 - Math.exp(-i / 20)));
}

/** Compares with a file that a reviewer reads; GOLDEN=write writes it. */
function isGolden(name: string, text: string): void {
  const file = join(folder, name);
  if (process.env["GOLDEN"] === "write") writeFileSync(file, text);
  assert.equal(text, readFileSync(file, "utf8"));
}

describe("every screen, as it was approved", () => {
  for (const [width, height] of sizes) {
    test(`every screen looks as it was approved at ${width}x${height}`, () => {
      isGolden(`${width}x${height}.txt`, allScreens({ colour: false, unicode: true }, width, height));
    });
    test(`every screen looks as it was approved at ${width}x${height} in colour`, () => {
      isGolden(
        `${width}x${height}-colour.txt`,
        allScreens({ colour: true, greys: true, unicode: true }, width, height),
      );
    });
  }

  test("every screen looks as it was approved at 80x24 in ASCII", () => {
    const text = allScreens({ colour: false, unicode: false }, 80, 24);
    assert.match(text, /^[\n -~]*$/);
    isGolden("80x24-ascii.txt", text);
  });
});

test("if the broker listens on this machine only, a screen tells nobody to join from another one", () => {
  const opening = "nexus-coord stop --workspace lab; nexus-coord --workspace lab --listen 0.0.0.0:4222";
  const joining = { commands: ["nexus-worker --workspace lab"], opening };
  const story = new JobStory({ number: 1 });
  const model = modelOf(story, { joining });
  const shown = (): string =>
    frameLines(model, 80, 24, 1)
      .map((line) => lineText(line).trimEnd())
      .join("\n");
  assert.match(shown(), /waiting for a worker\. On this machine, run:\n\n {4}nexus-worker --workspace lab\n/);
  assert.match(shown(), /\n {2}other machines cannot join yet; to let them, run:\n/);
  assert.ok(shown().replaceAll("\\\n", "").includes(opening), shown());
  model.show("Workers");
  const text = shown();
  assert.match(text, /to start a worker on this machine, run \(y copies it\):\n {2}nexus-worker --workspace lab\n/);
  assert.match(text, /the broker listens on this machine only/);
  assert.ok(text.replaceAll("\\\n", "").includes(opening), text);
  assert.doesNotMatch(text, /another machine/);
});

describe("sizes", () => {
  test("a terminal below 60x12 shows a sentence that says so, in lines that fit", () => {
    const { model } = search({ colour: false, unicode: true });
    for (const [width, height] of [
      [59, 11],
      [59, 40],
      [200, 11],
      [3, 2],
    ] as const) {
      const lines = frameLines(model, width, height, 1).map(lineText);
      assert.ok(lines.length <= height && lines.every((line) => line.trimEnd().length <= width), `${width}x${height}`);
      const whole = `${width}x${height} is too small (at least 60x12); the search goes on`;
      if (width > 3) assert.equal(lines.join(""), whole);
    }
  });

  test("every screen fills every size from 60x12 on exactly", () => {
    const { model } = search({ colour: false, unicode: true });
    let now = 100_000;
    for (const name of screenNames) {
      model.show(name);
      for (let i = 0; i < 40; i += 1) {
        const [width, height] = [60 + ((i * 37) % 190), 12 + ((i * 17) % 60)];
        now += 300;
        const lines = frameLines(model, width, height, now);
        assert.equal(lines.length, height, `${name} at ${width}x${height}`);
        assert.ok(
          lines.every((line) => lineText(line).length === width),
          `${name} at ${width}x${height}`,
        );
      }
    }
  });
});

describe("a table marks what it hides", () => {
  const header = (model: ViewModel, width: number, height: number, now: number): string => {
    const lines = frameLines(model, width, height, now).map(lineText);
    return (lines.find((line) => /^ {2,}(#|run) /.test(line)) ?? "").trimEnd();
  };

  test("at every width, a table's visible columns and the count after them add up to all", () => {
    const { model } = search({ colour: false, unicode: true });
    let now = 100_000;
    for (const name of ["Standings", "Runs"] as const) {
      model.show(name);
      const names = (text: string): string[] => text.trim().split(/ +/);
      const all = names(header(model, 250, 24, now)).length;
      assert.ok(all >= 12, name);
      for (let width = 60; width <= 130; width += 1) {
        now += 10;
        const text = header(model, width, 20, now);
        const shown = names(text);
        const hint = /^\+(\d+)$/.exec(shown.at(-1) ?? "");
        assert.ok(text.length <= width);
        if (hint) shown.pop();
        assert.equal(shown.length + Number(hint?.[1] ?? 0), all, `${width}: ${text}`);
      }
    }
  });

  test("the title of every list says which of how many rows are visible", () => {
    const { model } = search({ colour: false, unicode: true });
    const title = (height = 20): string => lineText(frameLines(model, 80, height, 100_000)[3] ?? []);
    assert.match(title(), /^─ Standings \d+ by hpmax less 2 sd ─+ 1-14 of \d+ ▼ ─$/);
    model.lists.standings.move(20, 100_000);
    assert.match(title(), / 8-21 of \d+ ▲▼ ─$/);
    model.lists.standings.toEnd(100_000);
    assert.match(title(), / (\d+)-(\d+) of \2 ▲ ─$/);
    model.show("Events");
    assert.match(title(), /^─ Events (\d+) ─+ \d+-\1 of \1 ▲ ─$/);
    model.show("Workers");
    assert.match(title(14), /^─ Workers 12 ─+ 1-\d+ of 12 ▼ ─$/);
    const [set] = [...(model.search.table?.runSets ?? [])];
    model.open({ kind: "run set", key: set?.key ?? "" });
    const runs = model.search.table?.trials;
    model.search.runsOf = () => [...(runs ?? [])];
    const page = frameLines(model, 80, 20, 100_000).map(lineText).join("\n");
    assert.match(page, /\n {2}run +status .* node +1-\d+ of 404 ▼/);
    const few = modelOf(new JobStory({ number: 1 }));
    assert.match(lineText(frameLines(few, 80, 24, 1)[3] ?? []), /^─ Standings ─+$/);
  });
});

test("side by side, panes are divided by a line from top to bottom, however little they hold", () => {
  const { model } = search({ colour: false, unicode: true });
  let now = 100_000;
  for (const name of ["Standings", "Runs", "Neighbourhood"] as const) {
    model.show(name);
    now += 3000;
    const lines = frameLines(model, 200, 60, now).map(lineText);
    const body = lines.slice(3, -1);
    assert.deepEqual(
      body.filter((line) => line[112] !== "│"),
      [],
      name,
    );
  }
});

test("a screen says on top, at every width, that messages went over the network in plain text", () => {
  const { model } = search({ colour: false, unicode: true });
  const plain = new ViewModel(model.search, { ...model.options, isPlainText: true });
  const top = (of: ViewModel, width: number): string => lineText(frameLines(of, width, 24, 1)[0] ?? []);
  for (const width of [80, 120, 200]) {
    assert.match(top(plain, width), / {2}NOT ENCRYPTED {2}/);
    assert.doesNotMatch(top(model, width), /ENCRYPTED/);
  }
});

describe("the best configuration in the header", () => {
  const { model } = search({ colour: false, unicode: true });
  const configuration = "lr=0.001 disc=0.9 rscale=8 seqlen=16 clip=256 core=LSTM_Core";

  test("the header has the best configuration whole, shortened, or with a count of the rest", () => {
    const best = (width: number): string => lineText(frameLines(model, width, 24, 1)[1] ?? []).trimEnd();
    for (const width of [120, 160, 200]) assert.ok(best(width).includes(`  ${configuration}`), best(width));
    assert.match(
      best(100),
      / ±[\d.]+ n=1 {2}led \d+ {2}lr=0\.001 disc=0\.9 rscale=8 seqlen=16 clip=256 core=\w+(\.\.)?$/,
    );
    assert.match(best(80), / {2}led \d+ {2}lr=1e-3 dis=0\.9 rsc=8 seq=16 cli=256 /);
    for (let width = 60; width < 79; width += 1) assert.match(best(width), /led \d+ {2}lr=1e-3 .*(\+\d more|\.\.)$/);
    assert.match(best(60), /\+\d more$/);
  });

  test("at any width, no setting of a configuration is dropped silently", () => {
    const table = model.search.table;
    const set = model.search.leader?.runSet;
    assert.ok(table && set);
    for (let width = 12; width < 70; width += 1) {
      const text = settingsWithin(table, set.configuration, width);
      assert.ok(text.length <= width, `${text.length} in ${width}`);
      const shown = text.split(" ").filter((part) => part.includes("=")).length;
      const counted = Number(/\+(\d) more$/.exec(text)?.[1] ?? /^(\d) settings$/.exec(text)?.[1] ?? 0);
      assert.equal(shown + counted, 6, text);
    }
  });
});

test("the neighbourhood's steps follow the dial, even after a value was added between others", () => {
  const lr = { name: "lr", ordered: true, values: [1, 3, 2], dial: [0, 2, 1], tuned: 1 };
  const settings = { dgd: { rule: "paper", countInFlight: true } } as const;
  const story = new JobStory({ number: 1, hyperparameters: [lr], settings });
  story.completed(story.started("run1.1", [2]), "run1.1", 0.5);
  const model = modelOf(story);
  model.show("Neighbourhood");
  const text = frameLines(model, 100, 24, 1).map(lineText).join("\n");
  assert.match(text, /> lr +1 \[2\] 3 +1 +0 .* 3 +0 /);
});

test("long lines of a screen are broken at spaces, and no word of them is lost", () => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-z]{1,30}$/), { maxLength: 20 }),
      fc.integer({ min: 8, max: 40 }),
      (words, width) => {
        const lines = wrapped(
          [span(words.slice(0, 5).join(" ")), span(` ${words.slice(5).join(" ")}`, "bold")],
          width,
          3,
        );
        for (const line of lines) assert.ok(lineText(line).trimEnd().length <= width);
        assert.equal(lines.map(lineText).join("").replaceAll(" ", ""), words.join(""));
      },
    ),
  );
  fc.assert(
    fc.property(
      fc.stringMatching(/^[a-z,]{1,12}( [a-z,]{1,60}){0,6}$/),
      fc.integer({ min: 10, max: 60 }),
      (text, width) => {
        const lines = wrappedCommand(text, width);
        for (const line of lines) assert.ok(line.length <= width);
        assert.equal(lines.join("\n").replaceAll("\\\n", ""), text);
      },
    ),
  );
  assert.deepEqual(wrapped([span(" pauses job1: 6 runs go on")], 16, 1).map(lineText), [
    " pauses job1: 6 ",
    " runs go on",
  ]);
});

test("names with escapes move nothing on a screen, and those with wide letters keep columns straight", () => {
  const search = new SimulatedSearch({ runs: 5, workers: 4 }, storyStart);
  const { model } = search;
  const hosts = ["\u001b[2J🚀 実験室 e\u0301\r\n", "lab-1", "кухня", "실험실"];
  for (const [i, worker] of [...model.search.state.workers.values()].entries()) worker.host = hosts[i] ?? "";
  model.search.version += 1;
  search.tellStatus(10_000);
  model.show("Workers");
  const lines = frameLines(model, 170, 30, 10_000);
  const text = lines.map(lineText).join("\n");
  assert.match(text, /\?\[2J🚀 実験室 é\?/);
  for (const character of ["\u001b", "\r"]) assert.ok(!text.includes(character));
  for (const line of lines) assert.equal(lineWidth(line), 170, lineText(line));
  const versions = text.split("\n").flatMap((line) => {
    const at = line.indexOf("0.1.0");
    return at === -1 ? [] : [widthOf(line.slice(0, at))];
  });
  assert.deepEqual(new Set(versions).size, 1, text);
  assert.equal(versions.length, 4);
});

test("the screen of a workspace without a job and without a worker says what starts both", () => {
  const search = new LiveSearch({ wall: () => 0 });
  search.live(emptyWorkspace());
  const flags = " --workspace lab";
  const joining = { commands: ["nexus-worker --workspace lab"], opening: null };
  const model = new ViewModel(search, { ...screenOptions, flags, joining });
  const text = frameLines(model, 80, 24, 1)
    .map((line) => lineText(line).trimEnd())
    .join("\n");
  assert.match(text, /\n {4}nexus run search\.yaml --workspace lab {3}starts the search; it appears here\n/);
  assert.match(text, /\n {2}and on each machine that should work, for a worker:\n\n {4}nexus-worker --workspace lab\n/);
});
