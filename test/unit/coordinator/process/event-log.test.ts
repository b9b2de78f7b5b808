import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { EventLog } from "../../../../coordinator/process/event-log.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";
import { JobStory } from "../../../support/stories/job-story.ts";
import { ordered } from "../../../support/stories/search.ts";

const story = new JobStory({ number: 1, hyperparameters: [ordered("lr", [0.1, 0.2])] });
story.lost(story.started("run1.1", [1]), "run1.1", "no sign of life for 30 s");

describe("events.log", () => {
  test("events.log has a line for each event that people wait for, whole at the end, for its owner alone", async () => {
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

  test("events.log gives way to a new one when it is full; one older file is kept", async () => {
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

  test("an events.log that cannot be written is told of once, and ends nothing", async () => {
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
