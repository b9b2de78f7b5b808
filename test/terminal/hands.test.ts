import assert from "node:assert/strict";
import { before, test } from "node:test";
import { eventually } from "../support/patience.ts";
import { type Pane, Tmux } from "../support/terminal/tmux.ts";
import { WatchedSearch } from "../support/terminal/watched-search.ts";

const tmux = new Tmux();
const search = new WatchedSearch();
let pane: Pane;

before(async () => {
  await search.start();
  const shell = `${search.environment()}; exec bash --norc --noprofile`;
  pane = tmux.open([100, 30], shell, { TERM: "xterm-256color", LANG: "C.UTF-8" });
  await pane.shows(/\$|#|>/);
  pane.press(search.command(), "Enter");
  await pane.shows(/Standings \d+ by[\s\S]*\n> +1 .*run1\./);
});

/** Sends a button or wheel event on the last character of the first match of `wanted`. */
function mouse(code: number, wanted: RegExp): void {
  const lines = pane.text().split("\n");
  const y = lines.findIndex((line) => wanted.test(line));
  const found = wanted.exec(lines[y] ?? "");
  assert.ok(found, `${wanted} in\n${lines.join("\n")}`);
  pane.send(`\u001b[<${code};${found.index + found[0].length};${y + 1}M`);
}

test("the mouse sorts, selects and opens screens, works after Ctrl-Z and fg, and one key turns it off", async () => {
  pane.press("m");
  await eventually("the mouse is on", () => pane.modes().mouse);
  pane.press("1");
  await pane.shows(/2 Runs 3 Workers/);
  mouse(0, /2 Runs/);
  await pane.shows(/─ Runs \d+ /);
  mouse(0, /status/);
  await pane.shows(/Runs \d+ by status▲/);
  mouse(0, /run1\.\d+ +lab-1/);
  // The row also shows "held" for three seconds, which a busy machine may miss, so it is not checked.
  await pane.shows(/\n> run1\.\d+ +lab-1/);
  pane.press("C-z");
  await pane.shows(/Stopped/);
  assert.equal(pane.modes().mouse, false);
  pane.press("clear; fg", "Enter");
  await pane.shows(/Runs \d+ by status▲/);
  assert.equal(pane.modes().mouse, true);
  mouse(0, /3 Workers/);
  await pane.shows(/─ Workers 1/);
  await pane.says(["m"], /the terminal has the mouse again/);
  await eventually("the mouse is off", () => !pane.modes().mouse);
});

test("a filter is edited with the keys of a terminal, and the list follows it", async () => {
  pane.press("2", "/", "statis=running");
  await pane.shows(/there is no column "statis" here; did you mean status\?/);
  pane.press("Home", "Right", "Right", "Right", "Right", "DC", "u");
  await pane.shows(/Runs \d+ of \d+ filter: status=running/);
  pane.press("End", "C-w", "M-b", "run1");
  await pane.shows(/Runs (\d+) of \d+ filter: run1/);
  pane.press("Enter", "/", "C-u", "C-y", "Enter");
  await pane.shows(/Runs \d+ of \d+ filter: run1 /);
  pane.press("/", "C-u");
  await pane.shows(/Runs \d+ by status▲ [\s\S]*filter: _/);
  pane.press("Up");
  await pane.shows(/ filter: run1_/);
  pane.press("Enter", "q");
  await pane.shows(/\[d\] detach/);
  pane.press("d");
  await pane.shows(/goes on without this screen/);
  pane.press("exec sleep 1000", "Enter");
});
