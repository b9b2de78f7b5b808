import assert from "node:assert/strict";
import { test } from "node:test";
import { duration } from "../../../../coordinator/words/duration.ts";
import { progressLine, standingsTable } from "../../../../coordinator/words/progress.ts";
import type { RunTable } from "../../../../shared/domain/fold/run-table.ts";
import { JobStory, stateOf } from "../../../support/stories/job-story.ts";
import { ordered } from "../../../support/stories/search.ts";

const lr = ordered("lr", [0.0004, 0.001, 0.01]);
const fixed = ordered("units", [384]);

function tableOf(story: JobStory): RunTable {
  const table = stateOf(story).jobs.get(story.job);
  assert.ok(table);
  return table;
}

/** lr=0.0004: 0.04 and 0.05; lr=0.001: 0.01, 0.02 and one failure. */
function search(totalRuns = 10): JobStory {
  const story = new JobStory({ number: 7, hyperparameters: [lr, fixed], settings: { totalRuns } });
  const runs: [number, number][] = [
    [0, 0.04],
    [1, 0.01],
    [0, 0.05],
    [1, 0.02],
  ];
  runs.forEach(([setting, hpmax], i) => {
    const run = `run1.${i + 1}`;
    story.completed(story.started(run, [setting, 0]), run, hpmax);
  });
  story.endedWithout(story.started("run1.5", [1, 0]), "run1.5", "failed", "it was told to");
  return story;
}

test("the progress line shows counts, the best configuration and the time left", () => {
  const story = search();
  story.started("run1.6", [2, 0]);
  story.started("run1.7", [2, 0]);
  // Runs have taken a second each; two have been running for longer, and three are to come.
  const line = progressLine(tableOf(story), story.at + 7000);
  assert.match(
    line,
    /^job7 {2}5\/10 runs, 2 running, 1 failed {2}best 0\.\d+ ±0\.\d+ \(n=2\) lr=0\.0004 {2}20s, 3-6s left$/,
  );
});

test("without a free worker the progress line says what the job waits for", () => {
  assert.match(progressLine(tableOf(search()), 0), /waiting for a worker {2}best/);
  const settings = { computeTarget: "azb-cpu" };
  const story = new JobStory({ number: 1, settings });
  assert.equal(
    progressLine(tableOf(story), story.at),
    "job1  0/100 runs, 0 running  waiting for a worker that serves azb-cpu  1s",
  );
});

test("the progress line of a job that is over shows no waiting and no time left", () => {
  const story = search(5);
  story.over("completed");
  const line = progressLine(tableOf(story), story.at + 1e6);
  assert.match(line, /^job7 {2}completed: 5\/5 runs, 1 failed {2}best .* lr=0\.0004 {2}11s$/);
});

test("the progress line of a paused job shows no time left", () => {
  const story = search();
  story.started("run1.6", [2, 0]);
  story.over("paused");
  assert.match(progressLine(tableOf(story), story.at), / lr=0\.0004 {2}13s$/);
});

test("the progress line fits any width: settings go first, then time, then other counts, the best last", () => {
  const story = search();
  story.started("run1.6", [2, 0]);
  const table = tableOf(story);
  for (let width = 0; width < 120; width += 1) {
    const line = progressLine(table, story.at, { width });
    assert.ok(line.length <= width, `${line.length} characters in ${width}`);
    assert.ok("job7  5/10 runs".startsWith(line.slice(0, 15)));
  }
  assert.ok(!progressLine(table, story.at, { width: 75 }).includes("lr="));
  assert.match(
    progressLine(table, story.at, { width: 64 }),
    /^job7 {2}5\/10 runs, 1 running, 1 failed {2}best [\d.]+ ±[\d.]+ \(n=2\)$/,
  );
  assert.match(progressLine(table, story.at, { width: 50 }), /^job7 {2}5\/10 runs {2}best [\d.]+ ±[\d.]+ \(n=2\)$/);
  assert.equal(progressLine(table, story.at, { width: 38 }), "job7  5/10 runs, 1 running, 1 failed");
});

test("the time left follows the pace of the latest runs, not the average of all", () => {
  const story = new JobStory({ number: 1, settings: { totalRuns: 300 } });
  story.at += 100_000_000;
  for (let i = 1; i <= 200; i += 1) story.completed(story.started(`run1.${i}`, []), `run1.${i}`, i);
  story.started("run1.201", []);
  // A run each 2 s: 100 to go.
  assert.match(progressLine(tableOf(story), story.at), /, 3m2\ds left$/);
});

test("durations are printed in at most two units", () => {
  const expected: [number, string][] = [
    [-5, "0s"],
    [499, "0s"],
    [59_400, "59s"],
    [59_600, "1m00s"],
    [3_599_000, "59m59s"],
    [3_600_000, "1h00m"],
    [8_040_000, "2h14m"],
    [100 * 3_600_000, "4d04h"],
  ];
  for (const [ms, text] of expected) assert.equal(duration(ms), text);
});

test("the standings show the best run set first, with the hyperparameters that vary", () => {
  const lines = standingsTable(tableOf(search()));
  assert.match(lines[0] ?? "", /^rank +hpmax +sd +runs +best +lr$/);
  assert.match(lines[2] ?? "", /^ {3}1 +0\.0\d+ +0\.0\d+ +2 {2}run1\.3 +0\.00040$/);
  assert.match(lines[3] ?? "", /^ {3}2 .* run1\.4 +0\.00100$/);
  assert.equal(lines.length, 4);
  assert.deepEqual(standingsTable(tableOf(search()), 1).slice(-2), [
    "",
    "the best 1 of 2 configurations measured, by hpmax less 2 sd",
  ]);
});

test("before the first result there are no standings", () => {
  assert.deepEqual(standingsTable(tableOf(new JobStory({ number: 1 }))), [
    "no run has completed, so there are no standings",
  ]);
});
