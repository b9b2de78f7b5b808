import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { LiveSearch } from "../../../../coordinator/live/live-search.ts";
import { keepColumns, recallColumns, screenFile } from "../../../../coordinator/tui/screen-memory.ts";
import { ScreenLog } from "../../../../coordinator/tui/terminal/screen-log.ts";
import { ViewModel } from "../../../../coordinator/tui/view-model.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";
import { JobStory, stateOf } from "../../../support/stories/job-story.ts";
import { ordered } from "../../../support/stories/search.ts";
import { modelOf, screenOptions } from "../../../support/stories/shown-story.ts";

const story = new JobStory({ number: 1, hyperparameters: [ordered("lr", [0.1, 0.2])] });
story.lost(story.started("run1.1", [1]), "run1.1", "no sign of life for 30 s");

describe("screen.log", () => {
  test("screen.log is made with its first line, and gives way to a new one when it is large", () => {
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

  test("screen.log drops its lines if it cannot be written", () => {
    const folder = temporaryFolder();
    const blocking = join(folder, "nexus");
    writeFileSync(blocking, "in the way");
    new ScreenLog(join(blocking, "screen.log")).write("nobody hears this");
    assert.deepEqual([readFileSync(blocking, "utf8"), readdirSync(folder)], ["in the way", ["nexus"]]);
  });
});

describe("screen.json", () => {
  const hidden = (model: ViewModel, screen: "Runs" | "Workers"): string[] => [...model.lists.of(screen).hidden];

  test("screen.json keeps which columns are hidden from one screen to the next", () => {
    const file = join(temporaryFolder(), "new", "screen.json");
    const before = modelOf(story);
    before.lists.runs.hidden.add("lease").add("attempt");
    before.lists.workers.hidden.add("host");
    keepColumns(file, before.lists);
    const after = modelOf(story);
    recallColumns(file, after.lists);
    assert.deepEqual([hidden(after, "Runs"), hidden(after, "Workers")], [["lease", "attempt"], ["host"]]);
  });

  test("screen.json is recalled before a job is shown, for both lists that the Neighbourhood may have", () => {
    const file = join(temporaryFolder(), "screen.json");
    for (const rule of ["model", "paper"] as const) {
      const searched = new JobStory({ number: 1, settings: { dgd: { rule, countInFlight: true } } });
      const before = modelOf(searched);
      before.lists.of("Neighbourhood").hidden.add(`${rule} only`);
      keepColumns(file, before.lists);
      const search = new LiveSearch();
      const after = new ViewModel(search, screenOptions);
      recallColumns(file, after.lists);
      const state = stateOf(searched);
      for (const event of searched.events) search.happened(event, state);
      search.showJob(searched.job);
      assert.deepEqual([...after.lists.of("Neighbourhood").hidden], [`${rule} only`]);
    }
  });

  test("screen.json hides no column if it is missing or damaged", () => {
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

  test("screen.json and screen.log lie where the person's state lies", () => {
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
