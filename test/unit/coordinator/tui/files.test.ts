import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { EventLog } from "../../../../coordinator/process/event-log.ts";
import { keepColumns, recallColumns, screenFile } from "../../../../coordinator/tui/screen-memory.ts";
import { ScreenLog } from "../../../../coordinator/tui/terminal/screen-log.ts";
import type { ViewModel } from "../../../../coordinator/tui/view-model.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";
import { JobStory } from "../../../support/stories/job-story.ts";
import { ordered } from "../../../support/stories/search.ts";
import { modelOf } from "../../../support/stories/shown-story.ts";

const story = new JobStory({ number: 1, hyperparameters: [ordered("lr", [0.1, 0.2])] });
story.lost(story.started("run1.1", [1]), "run1.1", "no sign of life for 30 s");

describe("events.log", () => {
  test("has a line for each event that people wait for, whole when the process ends, for its owner alone", async () => {
    const file = join(temporaryFolder(), "events.log");
    const log = new EventLog(file, assert.fail);
    for (const event of story.events) log.event(event, undefined);
    log.event({ type: "led", term: 1, leader: "me", at: story.at }, undefined);
    assert.ok(!existsSync(file), "lines are written together");
    await log.close();
    assert.deepEqual(readFileSync(file, "utf8").split("\n"), [
      "2026-11-24T08:00:00.000Z  info     job1 submitted by ann: spec.yaml",
      "2026-11-24T08:00:01.000Z  info     run1.1 started on node-1",
      "2026-11-24T08:00:02.000Z  trouble  job1 trial 1 lost by node-1, queued again: no sign of life for 30 s",
      "",
    ]);
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  test("gives way to a new one when it is full; one older file is kept", async () => {
    const file = join(temporaryFolder(), "events.log");
    const [submitted] = story.events;
    assert.ok(submitted);
    for (const size of [60, 120, 60]) {
      const log = new EventLog(file, assert.fail, 150);
      for (let bytes = 0; bytes < size; bytes += 60) log.event(submitted, undefined);
      await log.close();
    }
    assert.equal(readFileSync(file, "utf8").split("\n").length, 2);
    assert.equal(readFileSync(`${file}.1`, "utf8").split("\n").length, 3);
  });

  test("that cannot be written is told of once, and ends nothing", async () => {
    const told: string[] = [];
    const log = new EventLog(join(temporaryFolder(), "gone", "events.log"), (why) => told.push(why));
    for (const event of story.events) log.event(event, undefined);
    await log.close();
    for (const event of story.events) log.event(event, undefined);
    await log.close();
    assert.equal(told.length, 1);
    assert.match(told[0] ?? "", /ENOENT/);
  });
});

describe("screen.log", () => {
  test("is made with its first line, and gives way to a new one when it is large", () => {
    const file = join(temporaryFolder(), "state", "nexus", "screen.log");
    assert.ok(!existsSync(file));
    new ScreenLog(file).write("curves could not be read");
    assert.match(readFileSync(file, "utf8"), /^\d{4}-.*Z {2}\d+ {2}curves could not be read\n$/);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    writeFileSync(file, "x".repeat(2 ** 20 + 1));
    new ScreenLog(file).write("anew");
    assert.match(readFileSync(file, "utf8"), /anew\n$/);
    assert.equal(statSync(`${file}.1`).size, 2 ** 20 + 1);
  });

  test("is done without where it cannot be written", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "nexus"), "");
    new ScreenLog(join(folder, "nexus", "screen.log")).write("nobody hears this");
  });
});

describe("screen.json", () => {
  const hidden = (model: ViewModel, screen: "Runs" | "Workers"): string[] => [...model.lists.of(screen).hidden];

  test("keeps which columns are hidden from one screen to the next", () => {
    const file = join(temporaryFolder(), "new", "screen.json");
    const before = modelOf(story);
    before.lists.runs.hidden.add("lease").add("attempt");
    before.lists.workers.hidden.add("host");
    keepColumns(file, before.lists);
    const after = modelOf(story);
    recallColumns(file, after.lists);
    assert.deepEqual([hidden(after, "Runs"), hidden(after, "Workers")], [["lease", "attempt"], ["host"]]);
  });

  test("that is missing, damaged or of something else hides nothing", () => {
    const folder = temporaryFolder();
    const file = join(folder, "screen.json");
    const texts = [undefined, "{", "[]", '{"hidden":{"Runs":"lease"}}', '{"hidden":{"Runs":[1,null,{}]}}'];
    for (const text of texts) {
      if (text !== undefined) writeFileSync(file, text);
      const model = modelOf(story);
      recallColumns(file, model.lists);
      assert.deepEqual(hidden(model, "Runs"), [], text);
    }
    mkdirSync(join(folder, "folder"));
    assert.throws(() => keepColumns(join(folder, "folder"), modelOf(story).lists));
  });

  test("lies where the person's state lies", () => {
    assert.equal(
      screenFile("screen.json", { XDG_STATE_HOME: "/state", HOME: "/home/ann" }),
      "/state/nexus/screen.json",
    );
    for (const XDG_STATE_HOME of ["", "relative", undefined]) {
      const env = { HOME: "/home/ann", ...(XDG_STATE_HOME === undefined ? {} : { XDG_STATE_HOME }) };
      assert.equal(screenFile("screen.log", env), "/home/ann/.local/state/nexus/screen.log");
    }
  });
});
