import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isTrialRecord, type Stay, staysOf } from "../../../../../coordinator/plots/data/stays.ts";
import type { Figure } from "../../../../../coordinator/plots/figure.ts";
import { inLanes, workerTimeline } from "../../../../../coordinator/plots/figures/timeline.ts";
import { readRequest } from "../../../../../coordinator/plots/request.ts";
import { NotFoundError } from "../../../../../shared/errors.ts";
import type { Bus } from "../../../../../shared/ports.ts";
import { encodeEvents } from "../../../../../shared/wire/messages.ts";
import { JobStory, stateOf, storyStart } from "../../../../support/stories/job-story.ts";

const second = (n: number): number => storyStart + n * 1000;

test("each attempt at a trial is a stay in the timeline, which says how it ended", () => {
  const story = new JobStory({ number: 1 });
  const lost = story.started("run1.1", []);
  const done = story.started("run2.1", []);
  story.lost(lost, "run1.1", "no sign of life");
  story.completed(done, "run2.1", 0.5);
  story.startedAgain(lost, 2, "run1.1", []);
  const failed = story.started("run2.2", []);
  story.endedWithout(failed, "run2.2", "failed", "it was told to");
  const stays = staysOf(story.events.filter(isTrialRecord));
  assert.deepEqual(
    stays.map(({ worker, run, from, to, end }) => [worker, run, from, to, end]),
    [
      ["node-1", "run1.1", second(1), second(3), "lost"],
      ["node-2", "run2.1", second(2), second(4), "completed"],
      ["node-2", "run2.2", second(6), second(7), "failed"],
      ["node-1", "run1.1", second(5), second(7), "open"],
    ],
  );
});

test("a worker has as many rows in the timeline as it ran trials at once", () => {
  const stay = (from: number, to: number): Stay => ({ worker: "w", from, to, end: "completed", run: "run1.1" });
  const lanes = inLanes([stay(0, 10), stay(5, 15), stay(10, 20), stay(12, 14)]);
  assert.deepEqual(
    lanes.map((lane) => lane.map(({ from, to }) => [from, to])),
    [
      [
        [0, 10],
        [10, 20],
      ],
      [[5, 15]],
      [[12, 14]],
    ],
  );
});

test("the timeline's axis has a suitable unit, and only the busiest of many workers are shown", () => {
  const stays = Array.from({ length: 300 }, (_, i): Stay => {
    const worker = `w${i % 100}`;
    return {
      worker,
      from: storyStart + i * 60_000,
      to: storyStart + (i + 1) * 60_000,
      end: "completed",
      run: "run1.1",
    };
  });
  const figure = workerTimeline({ names: "job1", stays }, { title: "", xLabel: undefined });
  assert.equal(figure.panels[0]?.x.label, "time since 2026-11-24 08:00 UTC (hours)");
  assert.equal(figure.panels[0]?.y.ticks?.length, 48);
  assert.deepEqual(figure.notes, ["the 48 busiest of 100 workers"]);
  assert.deepEqual(
    figure.legend.map(({ label }) => label),
    ["completed"],
  );
});

describe("nexus plot timeline", () => {
  /** A bus with nothing but a story's records in its journal. */
  const journalOf = (story: JobStory): Bus => {
    const message = { seq: 1, subject: "jrn.job1.job", msgId: "1.told.1", data: encodeEvents(story.events) };
    const read: Bus["read"] = async (_stream, _first, hear) => {
      hear(message);
      return { caughtUp: Promise.resolve(), stop: async () => undefined };
    };
    return { read } as Bus; // all that it uses
  };
  const drawn = (story: JobStory, ...words: readonly string[]): Promise<Figure> =>
    readRequest(["timeline", ...words], {}).figure({
      state: stateOf(story),
      workspace: "ws1",
      flags: "",
      bus: journalOf(story),
    });

  test("nexus plot timeline draws the named runs alone; one still running ends with the job's last record", async () => {
    const story = new JobStory({ number: 1 });
    story.started("run1.1", []);
    story.completed(story.started("run2.1", []), "run2.1", 0.5);
    story.completed(story.started("run2.2", []), "run2.2", 0.5);
    const runsOf = async (...words: readonly string[]): Promise<unknown[]> =>
      (await drawn(story, ...words)).data().map(({ run }) => run);
    assert.deepEqual(await runsOf("job1"), ["run2.1", "run2.2", "run1.1"]);
    assert.deepEqual(await runsOf("run2"), ["run2.1", "run2.2"]);
    assert.deepEqual(await runsOf("run2.2,run1.1"), ["run2.2", "run1.1"]);
    const open = await drawn(story, "run1.1");
    assert.deepEqual(open.data(), [
      { type: "stay", worker: "node-1", run: "run1.1", from: second(1), to: second(5), end: "open" },
    ]);
    assert.equal(open.title, "run1.1: workers");
    assert.equal((await drawn(story, "job1")).title, "job1: workers");
  });

  test("nexus plot timeline ends with exit code 3 as long as no run has started", async () => {
    await assert.rejects(drawn(new JobStory({ number: 1 }), "job1"), {
      name: NotFoundError.name,
      message: "job1: no worker has had a run yet",
    });
  });
});
