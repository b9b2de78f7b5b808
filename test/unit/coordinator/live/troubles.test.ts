import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ReportSilence } from "../../../../coordinator/live/report-silence.ts";
import { Troubles } from "../../../../coordinator/live/troubles.ts";
import { failureCauses } from "../../../../coordinator/words/trouble/failure-causes.ts";
import { apply } from "../../../../shared/domain/fold/workspace-state.ts";
import { workerIdFrom } from "../../../../shared/domain/names.ts";
import type { LeaseStatus, Status } from "../../../../shared/wire/messages.ts";
import { JobStory, stateOf, storyStart } from "../../../support/stories/job-story.ts";
import { searchOf } from "../../../support/stories/shown-story.ts";

const memory = "CUDA out of memory. Tried to allocate 2.00 GiB (GPU 0; 7.79 GiB total capacity)";

function failing(failures: number, completed = 0, totalRuns = 30): JobStory {
  const story = new JobStory({ number: 1, settings: { totalRuns } });
  for (let i = 1; i <= failures; i += 1) {
    const run = `run1.${i}`;
    story.endedWithout(story.started(run, []), run, "failed", memory.replace("2.00", `${i}.50`));
  }
  for (let i = 1; i <= completed; i += 1) {
    const run = `run2.${i}`;
    story.completed(story.started(run, []), run, i);
  }
  return story;
}

const status = (leases: readonly LeaseStatus[] = []): Status => ({
  term: 9,
  leader: "leader",
  leaseMs: 30_000,
  workers: [],
  leases,
});

describe("failures", () => {
  test("failures that differ only in amounts and workers have one cause; other exit codes are another", () => {
    const story = failing(3);
    for (const [i, code] of [1, 1, 137].entries()) {
      const run = `run${i + 2}.1`;
      story.endedWithout(story.started(run, []), run, "failed", `node-${i + 2}: exit code ${code}`);
    }
    const table = stateOf(story).jobs.get(story.job);
    assert.ok(table);
    const causes = failureCauses(table);
    assert.deepEqual(
      causes.map(({ count, newest }) => [count, newest]),
      [
        [3, 3],
        [2, 5],
        [1, 6],
      ],
    );
    assert.equal(causes[0]?.reason, memory.replace("2.00", "3.50"));
    assert.deepEqual([causes[0]?.firstAt, causes[0]?.lastAt], [storyStart + 2000, storyStart + 6000]);
  });

  test("failures are told with how many, why and since when, and lead to the newest of them", () => {
    const search = searchOf(failing(30));
    const [trouble] = new Troubles(search).all;
    assert.deepEqual(trouble, {
      text: `30 of 30 failed: ${memory.replace("2.00", "30.50")}`,
      since: storyStart + 2000,
      place: { kind: "run", n: 30, filter: "failed" },
      isGrave: true,
    });
  });

  test("failures are no longer news some minutes after the last, unless they are many", () => {
    const few = failing(1, 40, 100);
    const troubles = (story: JobStory, later: number): string[] => {
      story.at += later;
      return new Troubles(searchOf(story)).all.map(({ text, isGrave }) => `${isGrave} ${text.slice(0, 14)}`);
    };
    assert.deepEqual(troubles(few, 0), ["false 1 of 41 failed"]);
    assert.deepEqual(troubles(few, 400_000), []);
    assert.deepEqual(troubles(failing(5, 40, 100), 400_000), ["false 5 of 45 failed"]);
    assert.deepEqual(troubles(failing(0, 40, 100), 0), []);
  });
});

test("a waiting job is among the troubles, from when it was seen to wait", () => {
  const story = new JobStory({ number: 1 });
  const search = searchOf(story);
  const troubles = new Troubles(search);
  assert.deepEqual(troubles.all, []);
  search.heard(status(), 0);
  story.at += 5000;
  search.look(2000);
  const began = story.at;
  const wanted = {
    text: "waiting for a worker: no worker has joined yet",
    since: began,
    place: { kind: "worker", worker: null },
    isGrave: true,
  } as const;
  assert.deepEqual(troubles.all, [wanted]);
  story.at += 60_000;
  search.look(4000);
  assert.deepEqual(troubles.all, [wanted]);
});

describe("a run that reports no more", () => {
  test("a run is silent after thrice the longest pause of its job's runs, and after two minutes", () => {
    const silence = new ReportSilence();
    silence.heard(1, 0);
    assert.equal(silence.silentMs(1, 1e9), undefined, "nothing is known of how often they report");
    silence.heard(1, 100_000);
    silence.heard(2, 100_000);
    silence.ended(1, 110_000);
    assert.equal(silence.silentMs(2, 400_000), undefined);
    assert.equal(silence.silentMs(2, 400_001), 300_001);
    assert.equal(silence.silentMs(1, 1e9), undefined);
    // The leader heard from run 2 later than this view did.
    silence.saidBy(2, 10, 400_000);
    silence.saidBy(2, 10, 600_000);
    assert.equal(silence.silentMs(2, 500_000), undefined);
    assert.equal(silence.silentMs(2, 700_001), 300_001);
    silence.clear();
    silence.heard(2, 0);
    silence.heard(2, 1);
    assert.equal(silence.silentMs(2, 200_000), undefined, "none has been seen to end");
    assert.equal(silence.silentMs(2, 1_000_000), 999_999);
  });

  test("a run that reports no more is named with its worker", () => {
    const story = new JobStory({ number: 1 });
    const [first, second] = ["run1.1", "run2.1"].map((run) => story.started(run, []));
    assert.ok(first && second);
    const search = searchOf(story);
    const report = (n: number, now: number): void => search.reported(n, [[1, now, 0, [1], [1]]], now);
    for (const n of [first, second]) for (const now of [0, 1000, 2000]) report(n, now);
    const begun = story.events.length;
    story.completed(first, "run1.1", 1);
    for (const event of story.events.slice(begun)) search.happened(event, apply(search.state, event));
    for (let now = 3000; now <= 300_000; now += 1000) {
      search.look(now);
      search.heard(status([{ job: story.job, n: second, attempt: 1, leftMs: 30_000, iters: 2000 }]), now);
    }
    const [trouble] = new Troubles(search).all;
    assert.match(trouble?.text ?? "", /^run2\.1 on node-2 has sent no report for 4m5\ds$/);
    assert.deepEqual(trouble?.place, { kind: "run", n: second, filter: "running" });
  });
});

test("a benched worker is named among the troubles, with why", () => {
  const story = new JobStory({ number: 1 });
  story.started("run1.1", []);
  const search = searchOf(story);
  const worker = workerIdFrom("lab-1");
  for (const event of [
    { type: "worker-enrolled", worker, publicKey: "U", host: "lab", op: "e", at: 1 },
    { type: "worker-state", worker, state: "benched", reason: "its disk is full", by: "ann", op: "b", at: 2 },
  ] as const)
    search.happened(event, apply(search.state, event));
  search.heard(status(), 0);
  search.look(1000);
  const [trouble] = new Troubles(search).all;
  assert.match(trouble?.text ?? "", /^lab-1 is benched: its disk is full/);
  assert.deepEqual(trouble?.place, { kind: "worker", worker });
});

describe("infeasible results", () => {
  /** Runs with these uses of memory, of which 8 are permitted. */
  function using(...gigabytes: readonly number[]): JobStory {
    const story = new JobStory({ number: 1, settings: { require: ["gb <= 8"] } });
    for (const [i, gb] of gigabytes.entries()) {
      const run = `run1.${i + 1}`;
      story.completed(story.started(run, []), run, i, 100, { "s1-gb": gb });
    }
    return story;
  }
  const troubles = (story: JobStory) => new Troubles(searchOf(story)).all;

  test("infeasible results beside feasible ones are no grave trouble, and lead to the newest of them", () => {
    const [trouble, other] = troubles(using(9, 4, 9, 9, 4));
    assert.match(trouble?.text ?? "", /^infeasible: 3 runs \(require: gb <= 8\)/);
    assert.deepEqual(trouble?.place, { kind: "run", n: 4, filter: "infeasible" });
    assert.equal(trouble?.isGrave, false);
    assert.equal(other, undefined);
    assert.deepEqual(troubles(using(9, 4, 4)), []);
  });

  test("infeasible results are a trouble of a finished job only if none is feasible", () => {
    const some = using(9, 4, 9);
    some.over();
    assert.deepEqual(troubles(some), []);
    const none = using(9, 9);
    none.over();
    assert.deepEqual(
      troubles(none).map(({ place, isGrave }) => ({ place, isGrave })),
      [{ place: { kind: "run", n: 2, filter: "infeasible" }, isGrave: true }],
    );
  });
});
