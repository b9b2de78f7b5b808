import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Screen } from "../../../support/terminal/app-screen.ts";

describe("lists", () => {
  test("a list's filter takes terms; a wrong one stays open and says what was perhaps meant", async () => {
    const screen = new Screen();
    screen.press("2", "/");
    screen.type("hpmx>0.01");
    screen.press("enter");
    assert.match(
      await screen.text(),
      /filter: hpmx>0\.01_.*\n {9}\^{4}\n there is no column "hpmx" here; did you mean hpmax\?/,
    );
    screen.press("C-u");
    screen.type("hpmax>0.01 lr=0.001 !failed");
    screen.press("enter");
    const text = await screen.text();
    assert.match(text, /Runs \d+ of \d+ filter: hpmax>0\.01 lr=0\.001 !failed/);
    for (const { trial } of screen.model.lists.runs.rows) {
      assert.ok((trial.hpmax ?? 0) > 0.01 && trial.configuration[0] === 3);
    }
    screen.press("escape");
    assert.doesNotMatch(await screen.text(), /filter:/);
  });

  test("a list's filter takes every column of nexus list runs and list workers, also hidden ones", async () => {
    const screen = new Screen();
    await screen.text();
    for (const [key, filters] of [
      ["2", ["worker=node-1", "job=job1", "attempts=1", "secs>0", "holder=node-2", "trial<10", "target=any", "seed>0"]],
      ["2", ["hparams.lr=0.001", "metrics.hpmax>0", "metrics.s1-rew>0", "status=completed", "late=0", "started>2026"]],
      ["3", ["worker=node-1", "running=1", "completed>0", "error=0", "status=admitted", "host=lab-1", "since<9e9"]],
    ] as const) {
      for (const filter of filters) {
        screen.press(key, "/", "C-u");
        screen.type(filter);
        screen.press("enter");
        assert.match(await screen.text(), new RegExp(`(Runs|Workers) [1-9]\\d* of \\d+ filter: ${filter}`), filter);
      }
    }
  });

  test("a filter's word that nothing is called says which status was perhaps meant", async () => {
    const screen = new Screen();
    screen.press("2", "/");
    screen.type("runing");
    screen.press("enter");
    assert.match(
      await screen.text(),
      /nothing passes the filter; "runing" is looked for in names; did you mean running\?/,
    );
  });

  test("keys act on no other row when the selected one is not in the list", async () => {
    const screen = new Screen();
    await screen.text();
    const { lists } = screen.model;
    const filter = (text: string): void => {
      screen.press("/", "C-u");
      screen.type(text);
      screen.press("enter");
    };
    const isSaid = async (...keys: readonly string[]): Promise<void> => {
      for (const key of keys) {
        screen.press(key);
        assert.match(await screen.text(), /the selected row is not in the list; choose another, or press Esc/, key);
        assert.equal(screen.model.prompt, null, key);
      }
    };
    screen.press("3");
    await screen.text();
    lists.workers.select("node-2");
    filter("node=node-3");
    await isSaid("P", "R", "D", "S", "B", "enter", "f");
    screen.press("2");
    assert.match(await screen.text(), /\n {2}chosen: /);
    lists.runs.select(lists.runs.rows.at(-1)?.trial.run ?? "");
    filter("running");
    assert.doesNotMatch(await screen.text(), /\n {2}chosen: /);
    await isSaid("P", "X", "y", "enter");
    screen.press("1");
    await screen.text();
    lists.standings.select(lists.standings.rows[2]?.key ?? "");
    filter("#=1");
    await isSaid("X", "y", "enter");
    screen.press("5");
    await screen.text();
    lists.neighbourhood.select("none");
    lists.prospects.select("none");
    await isSaid("y", "enter");
    screen.press("6");
    await screen.text();
    lists.events.select("none");
    await isSaid("y", "enter");
    assert.equal(screen.orders.length, 0);
  });

  test("the key y copies the newest event until someone moves in the events, as Enter opens it", async () => {
    const screen = new Screen();
    screen.press("6");
    await screen.text();
    const { rows } = screen.model.lists.events;
    assert.ok(rows.length > 1);
    screen.press("y");
    await screen.text();
    assert.equal(JSON.parse(screen.terminal.copied[0] ?? "").text, rows.at(-1)?.text);
  });

  test("a list's columns can be hidden, except those that always stay", async () => {
    const screen = new Screen();
    screen.press("3", "c");
    for (const column of ["node", "state", "runs", "now"]) {
      screen.press(" ", "down");
      assert.match(await screen.text(), new RegExp(column));
    }
    screen.press("escape");
    const text = await screen.text();
    assert.match(text, /node +state +runs +\/min/);
    assert.doesNotMatch(text, /runs +now/);
  });

  test("the key y copies a row as JSON with numbers unrounded, and on Workers the join line", async () => {
    const screen = new Screen();
    await screen.text();
    screen.press("y", "3");
    await screen.text();
    screen.press("y");
    const [row = "", line] = screen.terminal.copied;
    const { hpmax, best } = JSON.parse(row) as { hpmax: number; best: string };
    assert.equal(hpmax, screen.model.lists.standings.rows[0]?.standing?.estimate);
    assert.match(best, /^run\d+\.\d+$/);
    assert.equal(line, "nexus-worker nats://CODE@192.0.2.7:4222/ws1");
  });

  test("the key s saves the screen, m switches the mouse, Ctrl-Z suspends, Ctrl-L redraws", async () => {
    const screen = new Screen();
    screen.press("s", "m", "C-z");
    const before = screen.terminal.frames;
    screen.press("C-l");
    assert.match(await screen.text(), /Standings/);
    assert.ok(screen.terminal.frames > before);
    assert.equal(screen.terminal.repaints, 1);
    assert.match(screen.saved[0] ?? "", /^job1 +maze[\s\S]*\n$/);
    assert.ok(screen.terminal.isMouseOn);
    assert.equal(screen.suspended, 1);
  });

  test("the key Enter opens a run set, its run, and a worker's runs; Esc comes back", async () => {
    const screen = new Screen();
    await screen.text();
    screen.press("enter");
    assert.match(await screen.text(), /Run set {2}lr=/);
    screen.press("enter");
    assert.match(await screen.text(), /attempt +node/);
    screen.press("escape", "escape", "3");
    await screen.text();
    screen.press("enter");
    assert.match(await screen.text(), /Runs \d+ of \d+ filter: node=node-1/);
  });

  test("Curves shows as many of the best as asked, with ranks, metric and what else is drawn", async () => {
    const screen = new Screen({ top: 2 });
    await screen.text();
    const [first, second, third] = screen.model.lists.standings.rows;
    for (const row of [first, second, third]) {
      for (const { n } of screen.model.search.runsOf(row?.key ?? "")) {
        for (let i = 1; i <= 5; i += 1) screen.model.search.curves.add(n, 1, 1000 * i, 0, i / 10);
      }
    }
    screen.press("4");
    const text = await screen.text();
    assert.match(
      text,
      /\n {2}s1-rew {3}dim: range of \d+ other runs\n {2}── #1 run\d+\.\d+ {2}\w+=.*\n {2}── #2 run\d+\.\d+ {2}\w+=/,
    );
    assert.match(text, /[⠁-⣿]#1/);
    assert.match(text, /#2/);
    assert.doesNotMatch(text, /#3/);
  });

  test("the right key scrolls a list by a column until one is left, and the left key scrolls back", async () => {
    const screen = new Screen();
    screen.terminal.resize(70, 24);
    screen.press("1");
    const header = async (): Promise<string> => /\n( +# .*hpmax.*)\n/.exec(await screen.text())?.[1]?.trimEnd() ?? "";
    const seen = [await header()];
    for (;;) {
      screen.press("right");
      if (/there are no columns further right/.test(await screen.text())) break;
      const now = await header();
      assert.notEqual(now, seen.at(-1));
      assert.match(now, / \+\d+$/);
      seen.push(now);
    }
    assert.equal(seen.length, 10, seen.join("\n"));
    for (const name of ["lr", "core", "top", "led", "^"]) assert.ok(seen.some((text) => text.includes(` ${name} `)));
    for (const before of seen.toReversed().slice(1)) {
      screen.press("left");
      assert.equal(await header(), before);
    }
    screen.press("left");
    assert.match(await screen.text(), /there are no columns further left/);
  });

  test("the keys [ and ] go from job to job, and say where there is no other", async () => {
    const screen = new Screen();
    screen.press("]");
    assert.match(await screen.text(), /there is no job after this one/);
    screen.press("[");
    assert.match(await screen.text(), /there is no job before this one/);
  });
});
