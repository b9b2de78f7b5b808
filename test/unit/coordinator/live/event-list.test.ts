import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EventList } from "../../../../coordinator/live/event-list.ts";
import { LiveSearch } from "../../../../coordinator/live/live-search.ts";
import { ViewModel } from "../../../../coordinator/tui/view-model.ts";
import { apply, emptyWorkspace } from "../../../../shared/domain/fold/workspace-state.ts";
import { jobName } from "../../../../shared/domain/names.ts";
import { JobStory } from "../../../support/stories/job-story.ts";
import { screenOptions } from "../../../support/stories/shown-story.ts";

const [one, two] = [jobName(1), jobName(2)];

describe("the list of events", () => {
  test("the list of events keeps about 5,000 lines, with equal troubles folded into one, which stays", () => {
    const events = new EventList();
    for (let i = 0; i < 37; i += 1) events.add(i, `run1.${i} lost by lab-1, queued again: no sign of life`, "trouble");
    assert.equal(events.lines.length, 1);
    assert.deepEqual([events.lines[0]?.count, events.lines[0]?.text.slice(0, 7)], [37, "run1.36"]);
    for (let i = 0; i < 20_000; i += 1) events.add(i, `run1.${i} started on lab-1`, "info");
    assert.ok(events.lines.length >= 5000 && events.lines.length <= 6001);
    assert.equal(events.lines.at(-1)?.text, "run1.19999 started on lab-1");
    assert.equal(events.lines[0]?.count, 37);
  });

  test("one cause of trouble is one line, whatever came between; it moves to the end and keeps its name", () => {
    const events = new EventList();
    events.add(1, "run1.1 error on lab-1: CUDA out of memory", "trouble");
    events.add(2, "run1.2 started on lab-1", "info");
    events.add(3, "run1.2 error on lab-1: no such file", "trouble");
    const [{ id } = { id: -1 }] = events.lines;
    events.add(4, "run1.3 error on lab-1: CUDA out of memory", "trouble");
    assert.deepEqual(
      events.lines.map(({ text, count, since, at }) => [text.slice(0, 6), count, since, at]),
      [
        ["run1.2", 1, 2, 2],
        ["run1.2", 1, 3, 3],
        ["run1.3", 2, 1, 4],
      ],
    );
    assert.equal(events.lines.at(-1)?.id, id);
  });

  test("a cause of trouble is the same on every worker, and its line knows which", () => {
    const events = new EventList();
    for (const worker of ["lab-1", "lab-2", "lab-2"])
      events.put({ at: 1, text: `run1.1 lost by ${worker}`, level: "trouble", workers: [worker], cause: "silence" });
    assert.deepEqual(
      events.lines.map(({ count, workers }) => [count, [...workers]]),
      [[3, ["lab-1", "lab-2"]]],
    );
  });

  test("a busy job does not push the lines of a quiet one out of the list of events", () => {
    const events = new EventList();
    for (let i = 0; i < 50; i += 1) events.put({ at: i, text: `quiet ${i}`, level: "info", job: one });
    for (let i = 0; i < 30_000; i += 1) events.put({ at: i, text: `busy ${i}`, level: "info", job: two });
    assert.equal(events.of(one).length, 50);
    assert.ok(events.of(two).length > 4000);
    assert.equal(events.of(two).at(-1)?.text, "busy 29999");
    events.put({ at: 1, text: "a worker joined", level: "info", job: null });
    assert.equal(events.of(one).length, 51, "what concerns the workspace is in every job's list");
  });

  test("causes of trouble are limited too: the one that happened longest ago goes first", () => {
    const events = new EventList();
    for (let i = 0; i < 5000; i += 1) {
      events.put({ at: i, text: "again and again", level: "trouble", cause: "often" });
      events.put({ at: i, text: `odd ${i}`, level: "trouble", cause: `odd ${i}` });
    }
    assert.ok(events.lines.length >= 2000 && events.lines.length <= 2401);
    assert.equal(events.lines.find(({ text }) => text === "again and again")?.count, 5000);
    assert.ok(events.lines.some(({ text }) => text === "odd 4999"));
    assert.ok(!events.lines.some(({ text }) => text === "odd 1"));
  });
});

describe("events before the first look", () => {
  /** Thirty runs of job1 fail; then job2 has more runs than the list keeps lines. */
  function searched(): { readonly model: ViewModel; readonly failing: JobStory } {
    const failing = new JobStory({ number: 1, settings: { totalRuns: 50 } });
    for (let i = 1; i <= 30; i += 1) {
      failing.started(`run${1 + (i % 3)}.${i}`, []);
      failing.endedWithout(i, `run${1 + (i % 3)}.${i}`, "failed", i === 30 ? "no such file" : "CUDA out of memory");
    }
    const busy = new JobStory({ number: 2, settings: { totalRuns: 10_000 }, firstParent: 9 });
    for (let i = 1; i <= 4000; i += 1) {
      busy.started(`run9.${i}`, []);
      busy.completed(i, `run9.${i}`, 0.1);
    }
    const state = emptyWorkspace();
    const search = new LiveSearch({ wall: () => busy.at });
    for (const event of [...failing.events, ...busy.events]) {
      apply(state, event);
      search.happened(event, state);
    }
    search.live(state);
    search.showJob(one);
    return { model: new ViewModel(search, screenOptions), failing };
  }

  test("troubles before the first look are told by cause, with how often, when first, and where", () => {
    const { model, failing } = searched();
    const { search } = model;
    const troubles = search.events.of(one).filter(({ level }) => level === "trouble");
    assert.deepEqual(
      troubles.map(({ text, count, workers }) => [text, count, workers.size]),
      [
        ["run3.29 error on node-3: CUDA out of memory", 29, 3],
        ["run1.30 error on node-1: no such file", 1, 1],
      ],
    );
    assert.ok((troubles[0]?.since ?? 0) < (troubles[0]?.at ?? 0));
    // A further failure of the same cause goes into the same line.
    const told = failing.events.length;
    failing.started("run1.31", []);
    failing.endedWithout(31, "run1.31", "failed", "CUDA out of memory");
    for (const event of failing.events.slice(told)) {
      apply(search.state, event);
      search.happened(event, search.state);
    }
    assert.equal(search.events.of(one).at(-1)?.count, 30);
  });

  test("a filter for troubles finds those of the job; with all jobs, each event names its job", () => {
    const { model } = searched();
    const { events } = model.lists;
    model.show("Events");
    events.refresh(model.search.version, 1);
    events.setFilter("level=trouble", 1);
    assert.equal(
      events.rows.reduce((sum, { count }) => sum + count, 0),
      30,
    );
    events.setFilter("", 1);
    assert.ok(events.rows.every(({ job }) => job === one));
    assert.equal(events.rows.length, 33, "submitted, thirty starts, two causes");
    model.hasEventsOfAll = true;
    events.reorderNow(2);
    assert.ok(events.rows.some(({ job }) => job === two));
    model.hasEventsOfAll = false;
    model.search.showJob(two);
    assert.ok(events.rows.every(({ job }) => job === two));
    assert.equal(events.rows.at(-1)?.text, "run9.4000 completed  hpmax 0.10000");
  });
});
