import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { LiveSearch } from "../../../../coordinator/live/live-search.ts";
import type { RunEvidence } from "../../../../coordinator/reading/evidence-reader.ts";
import { apply } from "../../../../shared/domain/fold/workspace-state.ts";
import { type RunName, workerIdFrom } from "../../../../shared/domain/names.ts";
import type { LeaseStatus, ReportRow, Status } from "../../../../shared/wire/messages.ts";
import { JobStory } from "../../../support/stories/job-story.ts";
import { ordered } from "../../../support/stories/search.ts";
import { searchOf } from "../../../support/stories/shown-story.ts";

const status = (leases: readonly LeaseStatus[] = [], term = 9): Status => ({
  term,
  leader: "leader",
  leaseMs: 30_000,
  workers: [],
  leases,
});

/** Folds what another story tells into the search, as the feed would. */
function tell(search: LiveSearch, story: JobStory): void {
  for (const event of story.events) search.happened(event, apply(search.state, event));
}

/** What was stored of a run: one stage of these values, one report each 10 iterations. */
const stored = (values: readonly number[], console: string | null = null): Pick<RunEvidence, "curve" | "console"> => ({
  curve: {
    run: "run1.1" as RunName,
    stages: [
      {
        stage: 1,
        iters: values.map((_, i) => 10 * (i + 1)),
        hours: values.map(() => 0),
        metrics: [{ name: "s1-rew", values: [...values], counts: values.map(() => 1) }],
      },
    ],
  },
  console,
});

describe("a live search", () => {
  test("a live search puts into words what came before the first look, and then each record as it comes", () => {
    const story = new JobStory({ number: 1 });
    story.started("run1.1", []);
    const search = searchOf(story);
    const texts = (): string[] => search.events.lines.map(({ text }) => text);
    assert.deepEqual(texts(), ["job1 submitted by ann: spec.yaml", "run1.1 started on node-1"]);
    const heard: (string | undefined)[] = [];
    search.listen({ event: ({ type }, table) => heard.push(type, table?.job) });
    tell(search, new JobStory({ number: 2 }));
    assert.equal(texts().at(-1), "job2 submitted by ann: spec.yaml");
    assert.deepEqual(heard, ["job", "job2"]);
  });

  test("a live search shows a new job when the shown one is over, unless it is told to stay", () => {
    for (const [isOver, options, shown] of [
      [false, {}, "job1"],
      [true, {}, "job2"],
      [true, { showsNewJobs: false }, "job1"],
      [true, { staysWhenOver: true }, "job1"],
    ] as const) {
      const story = new JobStory({ number: 1 });
      if (isOver) story.over();
      const search = searchOf(story, options);
      tell(search, new JobStory({ number: 2 }));
      assert.equal(search.job, shown);
    }
  });

  test("a live search forgets curves, consoles and leases when another job is shown, and tells its views", () => {
    const story = new JobStory({ number: 1 });
    const n = story.started("run1.1", []);
    const search = searchOf(story);
    tell(search, new JobStory({ number: 2 }));
    search.evidenceRead(n, stored([1, 2], "a line"));
    search.heard(status([{ job: story.job, n, attempt: 1, leftMs: 1000, iters: 5 }]), 0);
    let told = 0;
    search.listen({ jobShown: () => (told += 1) });
    const version = search.version;
    search.showJob(new JobStory({ number: 2 }).job);
    search.showJob(new JobStory({ number: 2 }).job);
    assert.equal(told, 1);
    assert.ok(search.version > version);
    assert.deepEqual([search.curves.of(n), search.leases.size, search.metricOf(1)], [undefined, 0, ""]);
  });

  test("a live search leaves a deleted job for the newest other one, and tells nothing of it any more", () => {
    for (const [others, options, shown] of [
      [2, {}, "job3"],
      [2, { showsNewJobs: false }, null],
      [2, { staysWhenOver: true }, "job3"],
      [0, {}, null],
    ] as const) {
      const story = new JobStory({ number: 1 });
      const n = story.started("run1.1", []);
      story.completed(n, "run1.1", 0.5);
      story.endedWithout(story.started("run1.2", []), "run1.2", "failed", "told to");
      story.over();
      const search = searchOf(story, options);
      for (let number = 2; number < 2 + others; number += 1) {
        const other = new JobStory({ number });
        other.over();
        tell(search, other);
      }
      search.showJob(story.job);
      search.evidenceRead(n, stored([1, 2], "a line"));
      let told = 0;
      search.listen({ jobShown: () => (told += 1) });
      const seen = story.events.length;
      story.deleted();
      for (const event of story.events.slice(seen)) search.happened(event, apply(search.state, event));
      assert.deepEqual(
        [search.job, told, search.curves.of(n), search.table?.job ?? null],
        [shown, 1, undefined, shown],
      );
      const lines = search.events.lines.filter(({ text }) => /job1|run1/.test(text));
      assert.deepEqual(
        lines.map(({ text, job }) => [text, job]),
        [["job1 deleted by ann", null]],
      );
      if (search.job) assert.ok(search.events.of(search.job).includes(lines[0] as (typeof lines)[number]));
    }
  });

  test("a live search tells nothing of a job that was deleted before somebody looked", () => {
    const story = new JobStory({ number: 1 });
    story.endedWithout(story.started("run1.1", []), "run1.1", "failed", "told to");
    story.over();
    story.deleted();
    story.deleted(7);
    const search = searchOf(story);
    assert.deepEqual(
      search.events.lines.map(({ text }) => text),
      ["job1 deleted by ann", "of job1 7 stored messages were deleted, as ann had ordered"],
    );
    assert.equal(search.table, undefined);
  });

  test("a live search knows the best configuration and for how many runs it has led", () => {
    const story = new JobStory({ number: 1, hyperparameters: [ordered("lr", [0.1, 0.2])] });
    story.completed(story.started("run1.1", [1]), "run1.1", 0.5);
    const search = searchOf(story);
    assert.deepEqual([search.leader?.runSet.key, search.lead?.runs], ["1", 1]);
    assert.deepEqual(
      search.runsOf("1").map(({ run }) => run),
      ["run1.1"],
    );
    assert.deepEqual(search.runsOf("0"), []);
  });
});

describe("the leader of a live search", () => {
  test("a leader is called silent after six seconds of looks that heard nothing of it, until it speaks", () => {
    const search = searchOf(new JobStory({ number: 1 }));
    for (let second = 0; second <= 5; second += 1) search.look(1000 * second);
    assert.equal(search.isLeaderSilent, false);
    search.look(6000);
    assert.equal(search.isLeaderSilent, true);
    search.heard(status(), 6000);
    assert.equal(search.isLeaderSilent, false);
  });

  test("a view that stood still does not call the leader silent", () => {
    const search = searchOf(new JobStory({ number: 1 }));
    search.look(0);
    search.look(3_600_000);
    assert.equal(search.isLeaderSilent, false);
  });

  test("the leader is believed about leases of the shown job, and not when its term is over", () => {
    const story = new JobStory({ number: 1 });
    const n = story.started("run1.1", []);
    const search = searchOf(story);
    const trial = search.table?.trial(n);
    assert.ok(trial);
    const lease = { job: story.job, n, attempt: 1, leftMs: 20_000, iters: 70 };
    search.heard(status([lease, { ...lease, job: new JobStory({ number: 2 }).job, n: 5 }]), 1000);
    search.look(3000);
    assert.deepEqual([search.leases.size, search.leaseSecondsOf(trial), search.itersOf(trial)], [1, 18, 70]);
    search.state.term = 9;
    search.heard(status([], 8), 3000);
    assert.equal(search.leases.size, 1);
  });
});

describe("why nothing runs", () => {
  const words = { joinLine: "LINE", flags: "" };

  test("a live search knows why nothing runs once the leader has spoken, or is missed", () => {
    const search = searchOf(new JobStory({ number: 1 }));
    assert.equal(search.whyWaiting(words), null);
    search.heard(status(), 0);
    assert.match(search.whyWaiting(words)?.why ?? "", /no worker has joined yet/);
    for (let second = 0; second <= 6; second += 1) search.look(1000 * second);
    assert.match(search.whyWaiting(words)?.why ?? "", /waiting for a coordinator/);
    search.isAway = true;
    assert.equal(search.whyWaiting(words), null);
  });

  test("a live search says of each job since when that one stands still", () => {
    let wall = 1000;
    const story = new JobStory({ number: 1 });
    const other = new JobStory({ number: 2 });
    const search = searchOf(story, { wall: () => wall });
    tell(search, other);
    search.heard(status(), 0);
    assert.equal(search.standsSince, 1000);
    story.endedWithout(story.started("run1.1", []), "run1.1", "cancelled", "told to");
    for (const event of story.events.slice(-2)) search.happened(event, apply(search.state, event));
    wall = 5000;
    search.showJob(other.job);
    assert.equal(search.standsSince, 5000);
  });

  test("a live search does not say between two runs that nothing runs", () => {
    const story = new JobStory({ number: 1 });
    const search = searchOf(story);
    const begun = story.events.length;
    const n = story.started("run1.1", []);
    story.completed(n, "run1.1", 1);
    for (const event of story.events.slice(begun)) search.happened(event, apply(search.state, event));
    search.heard(status(), 0);
    assert.equal(search.standstill, "");
    search.look(3000);
    search.heard(status(), 3000);
    assert.match(search.standstill, /^waiting for a worker/);
  });

  test("a live search says what stands still, but not that somebody ordered it", () => {
    const story = new JobStory({ number: 1 });
    const search = searchOf(story);
    assert.equal(search.standstill, "");
    search.heard(status(), 0);
    assert.equal(search.standstill, "waiting for a worker: no worker has joined yet");
    const n = story.started("run1.1", []);
    for (const event of story.events.slice(1)) search.happened(event, apply(search.state, event));
    assert.equal(search.standstill, "");
    const trial = search.table?.trial(n);
    assert.ok(trial);
    assert.equal(search.frozen(trial), "");
    const lending = { lending: "frozen", lendingWhy: "somebody types", lendingUntil: "", lendingMs: 1 } as const;
    const said = {
      silentMs: 0,
      slots: 1,
      opportunistic: false,
      noCode: false,
      targets: [],
      version: null,
      skewMs: null,
    };
    search.heard({ ...status(), workers: [{ worker: workerIdFrom("node-1"), ...said, ...lending }] }, 1000);
    search.look(1000);
    assert.equal(search.frozen(trial), "frozen: the owner of node-1 uses it (somebody types)");
    assert.match(search.standstill, /^all its runs in hand stand still: 1 run on 1 worker/);
    story.over("paused", "paused by ann");
    const [last] = story.events.slice(-1);
    assert.ok(last && last.type === "job-state");
    search.happened({ ...last, by: "ann", op: "p" }, apply(search.state, { ...last, by: "ann", op: "p" }));
    assert.equal(search.standstill, "");
  });
});

describe("the evidence of a run in a live search", () => {
  test("a run's evidence replaces what was heard of its curve, names its metric and has its console", () => {
    const story = new JobStory({ number: 1 });
    const n = story.started("run1.1", []);
    const search = searchOf(story);
    const trial = search.table?.trial(n);
    assert.ok(trial);
    search.reported(n, [[1, 20, 0, [2], [1]]], 0);
    assert.deepEqual([search.curves.of(n)?.count, search.metricOf(1), search.consoleOf(trial)], [1, "", ""]);
    search.evidenceRead(n, stored([1, 2, 3], "the end"));
    assert.deepEqual(
      search.curves.of(n)?.points("iters"),
      [10, 20, 30].map((x, i) => ({ x, y: i + 1 })),
    );
    assert.deepEqual([search.metricOf(1), search.consoleOf(trial)], ["s1-rew", "the end"]);
  });

  test("a run's curve is awaited until it was read, and again when it made room for others", () => {
    const search = searchOf(new JobStory({ number: 1 }));
    assert.ok(search.isCurveToCome(1));
    search.evidenceRead(1, { ...stored([]), console: null });
    assert.ok(!search.isCurveToCome(1));
    search.evidenceRead(2, stored([1]));
    assert.ok(!search.isCurveToCome(2));
    search.curves.clear();
    assert.ok(search.isCurveToCome(2) && !search.isCurveToCome(1));
  });

  test("reports count for their rate only when they are news", () => {
    const search = searchOf(new JobStory({ number: 1 }));
    const row: ReportRow = [1, 10, 0, [1], [1]];
    search.isCatchingUp = true;
    search.reported(1, [row], 1000);
    assert.equal(search.reports.perSecond(2000), 0);
    search.isCatchingUp = false;
    search.reported(1, [row, row], 3000);
    assert.equal(search.reports.perSecond(4000), 2 / 5);
  });
});
