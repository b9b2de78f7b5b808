import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { widthOf } from "../../coordinator/words/cell-width.ts";
import { type Pane, Tmux } from "../support/terminal/tmux.ts";
import { WatchedSearch } from "../support/terminal/watched-search.ts";

const tmux = new Tmux();
const search = new WatchedSearch();
const { swarm } = search;
/** Letters of two cells, a letter with a combining mark of no cell, and plain ones. */
const written = ["学習率", "te\u0301ta", "plain"];
const settings = [/学習率/, /t(e\u0301|\u00e9)ta/, /plain/];
const section = /hyperparameters:\n[\s\S]*?(?=processing_stages)/;
const hyperparameters = `hyperparameters:
  - name: &word
      unordered_tuning_values: [${written.join(", ")}]
      tuned_value: plain
  - name: &a
      ordered_tuning_values: [1, 2, 3, 4]
      tuned_value: 2
`;
let pane: Pane;

before(async () => {
  await swarm.coordinator(["--lease", "6"]);
  swarm.worker("lab-1", ["--slots", "2"]);
  const usual = swarm.probeSpec("plain", { total_runs: 12, hp_tuning: "grid" }, { reports: 1 });
  const spec = join(swarm.folder, "迷路-e\u0301.yaml");
  const named = readFileSync(usual, "utf8")
    .replace(section, hyperparameters)
    .replace("value: [*a, *b]", "value: [*a]\n      writes: [*word]");
  writeFileSync(spec, named);
  const job = await swarm.submit(spec);
  await swarm.when("the job is over", job, ({ isOver }) => isOver);
  pane = tmux.open([120, 30], search.script(), { TERM: "xterm-256color", LANG: "C.UTF-8" });
  await pane.shows(/Standings \d+ by/);
});

/** Number of cells up to the end of the match. */
function cellsTo(line: string, wanted: RegExp): number {
  const found = wanted.exec(line);
  assert.ok(found, `${wanted} in ${line}`);
  return widthOf(line.slice(0, found.index + found[0].length));
}

for (const [key, name] of [
  ["1", "Standings"],
  ["2", "Runs"],
] as const) {
  test(`columns of ${name} stay straight beside wide letters and letters with marks, whatever names the job`, async () => {
    pane.press(key);
    const text = await pane.shows(new RegExp(`^job1 {2}迷路-\\S+ {2}COMPLETED[\\s\\S]*─ ${name} [\\s\\S]* word {2}a`));
    const lines = text.split("\n");
    const at = lines.findIndex((line) => / word {2}a/.test(line));
    const rows = lines.slice(at + 1).filter((line) => /^[> ].*run1\.\d+ /.test(line));
    for (const setting of settings)
      assert.ok(
        rows.some((row) => setting.test(row)),
        text,
      );
    for (const row of rows) {
      const setting = settings.find((each) => each.test(row)) ?? /none of them/;
      assert.equal(cellsTo(row, setting), cellsTo(lines[at] ?? "", / word/), text);
      assert.equal(cellsTo(row, new RegExp(`${setting.source} +\\d`)), cellsTo(lines[at] ?? "", / word {2}a/), text);
    }
  });
}
