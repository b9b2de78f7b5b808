import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Screen } from "../../../support/terminal/app-screen.ts";

/** Where a text is on the screen. */
async function placeOf(screen: Screen, wanted: RegExp): Promise<{ x: number; y: number }> {
  const lines = (await screen.text()).split("\n");
  const y = lines.findIndex((line) => wanted.test(line));
  const found = wanted.exec(lines[y] ?? "");
  assert.ok(found, `${wanted} in\n${lines.join("\n")}`);
  return { x: found.index + found[0].length - 1, y };
}

async function mouse(screen: Screen, name: string, wanted: RegExp): Promise<string> {
  screen.terminal.point(name, await placeOf(screen, wanted));
  return screen.text();
}

describe("the mouse", () => {
  test("a click on a list's header sorts by it, best first; another click, the other way round", async () => {
    const screen = new Screen();
    screen.press("2", "down");
    assert.match(await mouse(screen, "click", /run +node +status .*hpmax/), /Runs 200 by hpmax▼/);
    const { rows } = screen.model.lists.runs;
    assert.ok((rows[0]?.trial.hpmax ?? 0) >= (rows[1]?.trial.hpmax ?? 0));
    assert.match(await mouse(screen, "click", /now {2}hpmax▼/), /Runs 200 by hpmax▲/);
  });

  test("a click on a row selects it, and another click opens it", async () => {
    const screen = new Screen();
    const [, , third] = await screen.text().then(() => screen.model.lists.standings.rows);
    const row = new RegExp(` ${third?.runSet.bestRun?.replace(".", "\\.")} `);
    assert.match(await mouse(screen, "click", row), new RegExp(`\n> .*${row.source}`));
    assert.equal(screen.model.lists.standings.selectedKey, third?.key);
    assert.match(await mouse(screen, "click", row), /Run set {2}lr=/);
    await mouse(screen, "click", /> run\d+\.\d+ /);
    assert.match(await screen.text(), /attempt +node/);
  });

  test("a click on the name of a screen or of a pane goes there", async () => {
    const screen = new Screen();
    assert.match(await mouse(screen, "click", / 3 Workers/), /▶ Workers 6/);
    assert.match(await mouse(screen, "click", /─ Events/), /▶ Events/);
    assert.match(await mouse(screen, "click", /^job1/), /there is nothing to click on here/);
    screen.press("q");
    assert.match(await mouse(screen, "click", /▶ Events|─ Events/), /\[d\] detach/);
  });

  test("the wheel scrolls the pane under the mouse and leaves the selection where it is", async () => {
    const screen = new Screen();
    screen.press("2");
    assert.match(await screen.text(), /─ 1-\d+ of 200 ▼/);
    const text = await mouse(screen, "wheeldown", / run\d+\.\d+ .*completed/);
    assert.match(text, / 4-\d+ of 200 ▲▼/);
    assert.equal(screen.model.lists.runs.selectedKey, null);
    assert.match(await mouse(screen, "wheelup", / run\d+\.\d+ .*completed/), / 1-\d+ of 200 ▼/);
  });

  test("the wheel scrolls events that have no focus, and at their end they show the newest again", async () => {
    const screen = new Screen();
    const part = (text: string): number[] =>
      /─ Events [^\n]*? (\d+)-(\d+) of (\d+) /.exec(text)?.slice(1).map(Number) ?? [];
    const [from = 0, to = 0, of = -1] = part(await screen.text());
    assert.equal(to, of, "the newest are shown");
    assert.deepEqual(part(await mouse(screen, "wheelup", /─ Events/)), [from - 3, to - 3, of]);
    assert.equal(screen.model.focus, "Standings");
    assert.deepEqual(part(await mouse(screen, "wheeldown", /─ Events/)), [from, to, of]);
    assert.equal(screen.model.lists.events.selectedKey, null);
  });

  test("the wheel over a chart scrolls no list", async () => {
    const screen = new Screen();
    const title = (text: string): string | undefined => /[▶─] Standings [^\n]*/.exec(text)?.[0];
    const before = title(await screen.text());
    assert.ok(before);
    assert.equal(title(await mouse(screen, "wheeldown", /─ Best/)), before);
    screen.terminal.resize(200, 60);
    const wide = title(await screen.text());
    assert.equal(title(await mouse(screen, "wheeldown", /─ Curves/)), wide);
  });
});

describe("sorting", () => {
  test("the key o chooses the column to sort a list by; the list is shown from the top, and Esc leaves it", async () => {
    const screen = new Screen();
    screen.press("2");
    await screen.text();
    screen.press("G");
    assert.match(await screen.text(), /-200 of 200 ▲/);
    screen.press("o");
    assert.match(await screen.text(), /> \* the order of the list itself *\n[\s\S]*Enter sorts by it, best first/);
    screen.press("down", "down", "down", "down", "down", "down", "down", "enter");
    assert.match(await screen.text(), /Runs 200 by hpmax▼ .*1-\d+ of 200 ▼/);
    screen.press("o", "down", "escape");
    assert.match(await screen.text(), /Runs 200 by hpmax▼ [\s\S]*the order stays/);
    screen.press("o", "home", "enter");
    assert.match(await screen.text(), /Runs 200 (held )?─/);
  });
});

describe("a filter being typed", () => {
  test("a list follows the filter being typed; what is no filter yet says why and changes nothing", async () => {
    const screen = new Screen();
    screen.press("2", "/");
    screen.type("hpmax>0.0");
    const shown = /Runs (\d+) of 200 filter: hpmax>0\.0/.exec(await screen.text())?.[1];
    assert.ok(Number(shown) > 10);
    screen.type("2 hpmx<1");
    const text = await screen.text();
    assert.match(text, /there is no column "hpmx" here; did you mean hpmax\?/);
    const [kept] = /Runs \d+ of 200 filter: hpmax>0\.02 /.exec(text) ?? [];
    assert.ok(kept);
    screen.press("enter");
    assert.match(await screen.text(), /filter: hpmax>0\.02 hpmx<1_/);
    screen.press("C-w", "enter");
    assert.ok((await screen.text()).includes(kept));
    screen.press("/");
    screen.type(" running");
    assert.ok(!(await screen.text()).includes(kept));
    screen.press("escape");
    assert.ok((await screen.text()).includes(kept), "Esc goes back to the filter before");
  });

  test("a filter is edited in its middle; up and down recall what was filtered here before", async () => {
    const screen = new Screen();
    screen.press("2");
    for (const filter of ["status=running", "lr=0.001"]) {
      screen.press("/", "C-u");
      screen.type(filter);
      screen.press("enter");
    }
    screen.press("/", "C-a", "M-d");
    screen.type("clip");
    screen.press("right", "delete", "4");
    assert.match(await screen.text(), / filter: clip=4/);
    screen.press("up");
    assert.match(await screen.text(), / filter: lr=0\.001_/);
    screen.press("up", "up");
    assert.match(await screen.text(), / filter: status=running_/);
    screen.press("down", "down");
    assert.match(await screen.text(), / filter: clip=4.*_ /);
    screen.press("escape");
    assert.match(await screen.text(), /Runs \d+ of 200 filter: lr=0\.001/);
    // Each list has its own.
    screen.press("3", "/", "up");
    assert.match(await screen.text(), / filter: _/);
  });

  test("a filter being typed may hold wide letters, under which the carets stand right", async () => {
    const screen = new Screen();
    screen.press("2", "/");
    screen.type("実験 hpmx=1");
    assert.match(await screen.text(), / filter: 実験 hpmx=1_[^\n]*\n {14}\^{4}\n/);
  });
});

test("keys go to the pane that is shown when a smaller terminal leaves out the one that had them", async () => {
  for (const [columns, rows] of [
    [120, 40],
    [100, 30],
  ] as const) {
    const screen = new Screen();
    screen.terminal.resize(200, 60);
    screen.press("tab");
    assert.match(await screen.text(), /▶ Workers 6/);
    screen.terminal.resize(columns, rows);
    assert.match(await screen.text(), /\n[▶─] Standings \d+ [\s\S]*\n> +1 /);
    assert.equal(screen.model.focus, "Standings");
    screen.press("P");
    assert.match(await screen.text(), /pauses job1/);
  }
});

test("keys that do nothing on a screen say so, by the names that people know", async () => {
  const screen = new Screen();
  for (const [key, name] of [
    ["f5", "F5"],
    ["C-right", "Ctrl-Right"],
    ["M-left", "Alt-Left"],
    ["é", '"é"'],
  ] as const) {
    screen.press(key);
    assert.ok((await screen.text()).includes(`${name} does nothing here; ? shows the keys`), name);
  }
});

test("a screen offers only keys that change something; the others say why they do not", async () => {
  const screen = new Screen();
  screen.terminal.resize(160, 40);
  screen.press("1");
  assert.match(await screen.text(), /P pause {2}\? help/);
  screen.press("R");
  assert.match(await screen.text(), /job1 is running, so there is nothing to resume/);
  const table = screen.model.search.table;
  assert.ok(table);
  table.state = "paused";
  screen.press("P");
  assert.match(await screen.text(), /job1 is paused already; R resumes it/);
  table.stateActor = "coordinator";
  screen.press("P");
  assert.match(await screen.text(), /the same in a shell: nexus pause job1/);
  table.stateActor = "person";
  screen.press("escape");
  screen.press("1");
  assert.match(await screen.text(), / R resume {2}/);
  assert.doesNotMatch(screen.terminal.lines.at(-1) ?? "", /P pause/);
  screen.press("R");
  assert.match(await screen.text(), /the same in a shell: nexus resume job1/);
  screen.press("escape", "3");
  await screen.text();
  screen.press("R");
  assert.match(await screen.text(), /node-1 takes runs already/);
  screen.press("4");
  const curves = await screen.text();
  assert.match(curves, /x axis/);
  assert.doesNotMatch(curves, /o sort|z freeze/);
});
