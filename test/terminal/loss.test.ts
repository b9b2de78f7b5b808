import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { before, test } from "node:test";
import { turnedSign, writeLossSpec } from "../support/stories/loss-search.ts";
import { type Pane, Tmux } from "../support/terminal/tmux.ts";
import { WatchedSearch } from "../support/terminal/watched-search.ts";

const tmux = new Tmux();
const search = new WatchedSearch();

before(async () => {
  const { swarm } = search;
  mkdirSync(swarm.folder, { recursive: true });
  await swarm.coordinator(["--lease", "6"]);
  swarm.worker("lab-1", ["--slots", "2"]);
  const job = await swarm.submit(writeLossSpec(swarm.folder, "loss", ["hp_tuning: dgd", "total_runs: 5000"], 60));
  await swarm.when("the model has chosen", job, ({ ended }) => ended > 14);
});

/** The screen's text once it shows `wanted`; checks that no loss has its sign turned. */
async function unsigned(pane: Pane, wanted: RegExp): Promise<string> {
  const text = await pane.shows(wanted);
  assert.doesNotMatch(text, turnedSign, text);
  return text;
}

for (const [columns, rows] of [
  [80, 24],
  [120, 40],
  [200, 60],
] as const) {
  test(`no screen of ${columns}x${rows} shows a loss with its sign turned, and the lowest is first`, async () => {
    const pane = tmux.open([columns, rows], search.script(), { TERM: "xterm-256color", LANG: "C.UTF-8" });
    const standings = await unsigned(pane, /best +loss 0\.\d+ ±[\s\S]*Standings \d+ by loss plus 2 sd/);
    assert.match(standings, /# .* loss +sd /);
    pane.press("0");
    await unsigned(pane, /Jobs \d[\s\S]*job1 \*.* loss 0\.\d+/);
    pane.press("2");
    await unsigned(pane, /[─▶] Runs \d+[\s\S]* loss [\s\S]*completed/);
    pane.press("3");
    await unsigned(pane, /Workers 1/);
    pane.press("4");
    await unsigned(pane, /s1-loss/);
    pane.press("5");
    await unsigned(pane, /the model expects loss 0\.\d+ ±[\s\S]*next +loss/);
    pane.press("6");
    await unsigned(pane, /completed +loss 0\.\d+/);
    pane.press("7");
    await unsigned(pane, /── loss: [^\n]*± 1 sd/);
    pane.press("?");
    await unsigned(pane, /closes the help/);
    pane.press("?", "2", "/", "status=completed", "Enter", "Enter");
    await unsigned(pane, /trial \d+ +completed +loss 0\.\d+[\s\S]*tuning \(loss\):/);
    pane.press("Escape", "1", "Enter");
    await unsigned(pane, /estimated loss 0\.\d+/);
    pane.press("Escape", "q");
    await pane.shows(/\[d\] detach/);
    pane.press("d");
    await pane.shows(/is what is left/);
  });
}
