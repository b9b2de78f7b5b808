import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { mock, test } from "node:test";
import { LiveSearch } from "../../../../coordinator/live/live-search.ts";
import { type PlainOptions, PlainView } from "../../../../coordinator/plain/plain-view.ts";
import { packageRoot } from "../../../../shared/components/component-defaults.ts";
import { apply, emptyWorkspace } from "../../../../shared/domain/fold/workspace-state.ts";
import { JobStory } from "../../../support/stories/job-story.ts";
import { ordered } from "../../../support/stories/search.ts";

const erased = "\r\u001b[K";
/** Spells out the sequence that clears the rest of a line. */
const spelt = (text: string): string => text.replaceAll("\u001b[K", "<clear>");

/** A view on virtual time, and what it wrote. */
function watched({
  isTTY = false,
  isPlainTerminal = false,
  columns = 200,
  ...options
}: PlainOptions & { isTTY?: boolean; isPlainTerminal?: boolean; columns?: number }) {
  mock.timers.enable({ apis: ["setInterval", "Date"], now: Date.UTC(2026, 10, 24, 9) });
  const written = { progress: "", results: "" };
  const into = (name: keyof typeof written) => (text: string) => {
    written[name] += text;
  };
  const view = new PlainView(
    {
      progress: { write: into("progress"), isTTY, columns },
      isPlainTerminal,
      results: { write: into("results") },
      wall: Date.now,
    },
    options,
  );
  const story = new JobStory({ number: 1, hyperparameters: [ordered("lr", [0.1, 0.2])], settings: { totalRuns: 3 } });
  const state = emptyWorkspace();
  const search = new LiveSearch({ showsNewJobs: false, wall: Date.now });
  search.showJob(story.job);
  let told = 0;
  const table = () => {
    assert.ok(search.table);
    return search.table;
  };
  /** Folds what the story has told since, and shows it to the view as news. */
  const tell = (): void => {
    for (const event of story.events.slice(told)) {
      apply(state, event);
      search.happened(event, state);
      if (told > 0) view.event(event, table());
      told += 1;
    }
  };
  /** Lets time pass, with a look at the search each second. */
  const pass = (seconds: number): void => {
    for (let i = 0; i < seconds; i += 1) {
      mock.timers.tick(1000);
      search.look(Date.now());
      view.update();
    }
  };
  tell();
  search.live(state);
  view.show(search, { joinLine: "LINE", flags: "" });
  return { view, search, story, written, tell, table, pass };
}

test("without a terminal, the plain view prints a line for each event, with standings in between", () => {
  const { view, story, written, tell, table } = watched({ everyMs: 60_000 });
  try {
    story.completed(story.started("run1.1", [1]), "run1.1", 0.5);
    const second = story.started("run2.1", [0]);
    story.lost(second, "run2.1", "no sign of life for 30 s");
    story.endedWithout(story.started("run1.2", [0]), "run1.2", "failed", "NaN\u001b[2J");
    tell();
    const lines = written.progress.split("\n");
    assert.match(lines[0] ?? "", /^job1 {2}0\/3 runs, 0 running {2}waiting for a worker/);
    assert.deepEqual(lines.slice(1, -1), [
      "08:00:01  run1.1 started on node-1",
      "08:00:02  run1.1 completed  hpmax 0.50000  lr=0.2",
      "08:00:03  run2.1 started on node-2",
      "08:00:04  run2.1 lost by node-2, queued again: no sign of life for 30 s",
      "08:00:05  run1.2 started on node-1",
      "08:00:06  run1.2 error on node-1: NaN [2J",
    ]);
    mock.timers.tick(59_000);
    assert.ok(!written.progress.includes("rank"));
    mock.timers.tick(1_100);
    assert.match(written.progress, /\n\njob1 {2}2\/3 runs.*\n\nrank +hpmax/);
    assert.equal(written.results, "");
    story.over("completed", "");
    tell();
    view.finish(table());
    assert.match(written.progress, /job1 {2}completed: 2\/3 runs, 1 queued, 1 failed, 1 lost and queued .*\n$/);
    assert.match(written.results, /^\nrank +hpmax .*\n\n {3}1 +0\.500 +1 {2}run1\.1 +0\.200\n$/);
  } finally {
    view.stop();
    mock.timers.reset();
  }
});

test("the plain view rewrites a terminal's one line at most eight times a second, and it fits", () => {
  const { view, story, written, tell, table } = watched({ isTTY: true, columns: 40 });
  try {
    const before = written.progress;
    assert.match(spelt(before), /^\rjob1 {2}0\/3 runs.*<clear>$/);
    const first = story.started("run1.1", [0]);
    story.completed(first, "run1.1", 0.5);
    tell();
    assert.equal(written.progress, before, "nothing is written before its time");
    mock.timers.tick(1000);
    const rewritten = written.progress.slice(before.length).split("\r").slice(1);
    assert.ok(rewritten.length >= 1 && rewritten.length <= 8, `${rewritten.length} times`);
    assert.ok(rewritten.every((line) => line.replace("\u001b[K", "").length <= 39));
    assert.ok(!written.progress.includes("\n"), "what goes well leaves no line behind");
    story.endedWithout(story.started("run1.2", [0]), "run1.2", "failed", "it broke");
    tell();
    assert.ok(written.progress.endsWith(`${erased}08:00:04  run1.2 error on node-1: it broke\n`));
    mock.timers.tick(200);
    view.finish(table());
    const [, end = ""] = written.progress.split("it broke\n");
    assert.match(spelt(end), /^\rjob1 {2}2\/3.*<clear>\r<clear>job1 {2}2\/3 runs.*lr=0\.1.*\n$/);
    const afterEnd = written.progress;
    mock.timers.tick(10_000);
    assert.equal(written.progress, afterEnd, "nothing is left to run");
  } finally {
    view.stop();
    mock.timers.reset();
  }
});

test("the plain view gives a terminal that understands nothing but text lines, and no escape", () => {
  const { view, story, written, tell } = watched({ isTTY: true, isPlainTerminal: true });
  try {
    story.completed(story.started("run1.1", [1]), "run1.1", 0.5);
    tell();
    mock.timers.tick(2000);
    assert.match(written.progress, /^job1 {2}0\/3 runs.*\n08:00:01 {2}run1\.1 started on node-1\n/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be there.
    assert.doesNotMatch(written.progress, /[\u001b\r]/);
  } finally {
    view.stop();
    mock.timers.reset();
  }
});

test("when the broker is away, the plain view's line says so until it is back", () => {
  const { view, search, written } = watched({ isTTY: true });
  try {
    search.isAway = true;
    view.update();
    mock.timers.tick(200);
    assert.match(written.progress, /\rthe broker does not answer[^\r]*$/);
    search.isAway = false;
    view.update();
    mock.timers.tick(200);
    assert.match(written.progress, /\rjob1 {2}0\/3 runs[^\r]*$/);
  } finally {
    view.stop();
    mock.timers.reset();
  }
});

test("as JSON, each line of the plain view has type, version and time, and its numbers are unrounded", () => {
  const { view, story, written, tell, table } = watched({ json: true, isTTY: true, everyMs: 1000 });
  try {
    story.completed(story.started("run1.1", [1]), "run1.1", 1 / 3);
    tell();
    mock.timers.tick(1100);
    view.finish(table());
    assert.equal(written.progress, "");
    const objects = written.results
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(
      objects.map(({ type }) => type),
      ["assigned", "completed", "standings", "standings"],
    );
    assert.ok(objects.every(({ v, time }) => v === 1 && typeof time === "string"));
    assert.equal(objects[1]?.["hpmax"], 1 / 3);
    assert.deepEqual(objects[1]?.["hparams"], { lr: 0.2 });
  } finally {
    view.stop();
    mock.timers.reset();
  }
});

test("JSON of the plain view holds no character that moves a cursor, and reads the same", () => {
  const { view, story, written, tell } = watched({ json: true });
  try {
    const hostile = "x\u009b2J\u202eevil";
    story.endedWithout(story.started("run1.1", [0]), "run1.1", "failed", hostile);
    tell();
    assert.match(written.results, /"reason":"x\\u009b2J\\u202eevil"/);
    const [, ended = ""] = written.results.split("\n");
    assert.equal((JSON.parse(ended) as { reason: string }).reason, hostile);
  } finally {
    view.stop();
    mock.timers.reset();
  }
});

test("every kind of the plain view's JSON objects is in docs/screens.md, with the fields that it has", () => {
  const { view, story, written, tell, table, pass } = watched({ json: true });
  try {
    pass(10);
    const again = story.started("run1.1", [1]);
    story.lost(again, "run1.1", "silent");
    story.completed(story.started("run1.2", [1]), "run1.2", 1);
    story.endedWithout(story.started("run1.3", [0]), "run1.3", "failed", "NaN");
    story.over("completed");
    tell();
    view.finish(table());
    const text = readFileSync(join(packageRoot(), "docs", "screens.md"), "utf8");
    const rows = [...text.matchAll(/^\| (`[^|]+) +\| [^|]+\| ([^|]+)\|$/gm)];
    const objects = written.results
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const found = new Set(objects.map(({ type }) => type));
    assert.deepEqual(found, new Set(["assigned", "lost", "completed", "ended", "job-state", "waiting", "standings"]));
    for (const object of objects) {
      const [, , fields = ""] = rows.find(([, types = ""]) => types.includes(`\`${object["type"]}\``)) ?? [];
      assert.notEqual(fields, "", `${object["type"]} is not told of`);
      for (const [, field = ""] of fields.split(": ten rows")[0]?.matchAll(/`([a-zA-Z]+)`/g) ?? []) {
        if (fields.startsWith("the same") && ["seed", "why"].includes(field)) continue;
        assert.ok(field in object, `${object["type"]} has no ${field}`);
      }
    }
  } finally {
    view.stop();
    mock.timers.reset();
  }
});

test("the plain view tells once why nothing runs, with what to type, when it has lasted", () => {
  const { view, search, written, pass } = watched({ isTTY: true });
  const hear = (): void => search.heard({ term: 9, leader: "", leaseMs: 30_000, workers: [], leases: [] }, Date.now());
  try {
    hear();
    pass(1);
    assert.equal(written.progress.includes("run:"), false);
    for (let second = 0; second < 5; second += 1) {
      hear();
      pass(1);
    }
    assert.equal(
      written.progress.split("no worker has joined yet; run:\n  nexus-worker LINE\n").length,
      2,
      written.progress,
    );
    assert.match(written.progress, /0 running {2}waiting for a worker: no worker has joined yet {2}1h00m/);
  } finally {
    view.stop();
    mock.timers.reset();
  }
});

test("the plain view misses a leader that says nothing after some seconds, and says what to type", () => {
  const { view, written, pass } = watched({});
  try {
    pass(5);
    assert.ok(!written.progress.includes("coordinator"), written.progress);
    pass(5);
    assert.match(written.progress, /waiting for a coordinator that leads; run:\n {2}nexus-coord\n/);
  } finally {
    view.stop();
    mock.timers.reset();
  }
});
