import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Lengths, type RunLength } from "../../../../coordinator/words/run-lengths.ts";
import { timeLeft, timeLeftText } from "../../../../coordinator/words/time-left.ts";
import type { JournalEvent } from "../../../../shared/domain/fold/events.ts";
import { apply, emptyWorkspace } from "../../../../shared/domain/fold/workspace-state.ts";
import type { FaultKind, SimulationOptions } from "../../../simulate/options.ts";
import { simulate } from "../../../simulate/simulation.ts";
import { JobStory, stateOf, workerOf } from "../../../support/stories/job-story.ts";

/** When something is said: after a third of the runs, after half, after two thirds. */
const parts = [1 / 3, 1 / 2, 2 / 3];

/** Simulates a search and asks for the time left on the way. Returns each answer over the time that was really left. */
async function lived(options: Partial<SimulationOptions>): Promise<number[]> {
  const trials = options.trials ?? 90;
  const state = emptyWorkspace();
  const said: { readonly at: number; readonly expected: number }[] = [];
  let endedAt = 0;
  const onRecord = (event: JournalEvent): void => {
    apply(state, event);
    const [table] = state.jobs.values();
    if (!table) return;
    if (event.type === "job-state" && table.isOver) endedAt = event.at;
    if (event.type !== "assigned" || table.ended < (parts[said.length] ?? 1) * trials) return;
    const left = timeLeft(table, event.at);
    said.push({ at: event.at, expected: left ? (left.low + left.high) / 2 : Number.NaN });
  };
  const usual = { workers: 6, slots: 1, faults: new Set<FaultKind>(), workerFaultMs: 240_000, seed: 1 };
  const times = { coordinatorFaultMs: 1e9, brokerFaultMs: 1e9, orderMs: 1e9, leaseMs: 6000, trainingMs: 20_000 };
  const { violations } = await simulate({
    ...usual,
    ...times,
    reports: 4,
    search: "random",
    trials,
    ...options,
    onRecord,
  });
  assert.deepEqual(violations, []);
  return said.map(({ at, expected }) => expected / (endedAt - at));
}

const pruned = { workers: 10, trials: 250, reports: 20 };

const kinds: readonly (readonly [string, Partial<SimulationOptions>])[] = [
  ["on six workers", { seed: 2 }],
  ["with hundreds of runs of a second", { trials: 150, trainingMs: 1000, slots: 2, seed: 4 }],
  ["on more slots than a quarter of the runs", { workers: 20, slots: 2, trials: 160, seed: 3 }],
  ["of which every fourth run fails early", { fails: 0.25, seed: 2 }],
  ["on machines of which some are six times slower", { workers: 20, faults: new Set(["slow"]), trials: 200, seed: 4 }],
  ["of which asha prunes most", { ...pruned, pruning: "asha" }],
  ["of which the median rule prunes most", { ...pruned, pruning: "median" }],
  ["of which the model prunes most", { ...pruned, pruning: "model" }],
  ["whose machines come and go", { faults: new Set(["lost", "flapping"]), trials: 120, seed: 5 }],
];

describe("the time left from a third of a job on", () => {
  for (const [kind, options] of kinds) {
    test(`from a third on, the time left is right within a quarter for a job ${kind}`, async () => {
      const ratios = await lived(options);
      assert.equal(ratios.length, parts.length);
      for (const ratio of ratios) assert.ok(ratio > 0.75 && ratio < 1.25, `what was said, by what came: ${ratios}`);
    });
  }
});

test("the newest of short and long runs give the mean length, though long ones take most of the time", () => {
  // On each of ten slots, two runs of 1 s follow each run of 10 s. Known are those that ended in the last 20 s or run.
  const now = 1000;
  const runs: RunLength[] = [];
  for (let slot = 0; slot < 10; slot += 1) {
    for (let from = 1.2 * slot, i = 0; from < now; i += 1) {
      const length = i % 3 === 0 ? 10 : 1;
      const to = from + length;
      const run = { length: Math.min(length, now - from), hasEnded: to <= now, from, slowness: 1, part: length / 10 };
      if (to > now - 20) runs.push(run);
      from = to;
    }
  }
  const { mean } = new Lengths(runs, (time) => (time >= now - 20 ? 1 : 0));
  assert.ok(Math.abs(mean - 4) < 0.5, `${mean} for 4`);
});

/** Runs of a minute on two workers, one after the other, `ended` of 100. */
function minutes(ended: number): JobStory {
  const story = new JobStory({ number: 1, settings: { totalRuns: 100 } });
  story.at += 9 * 3_600_000;
  let open: [number, string][] = [];
  for (let i = 1; i <= ended + 2; i += 1) {
    if (open.length === 2) {
      story.at += 59_000;
      for (const [n, run] of open) story.completed(n, run, i);
      open = [];
    }
    const run = `run${(i % 2) + 1}.${i}`;
    open.push([story.started(run, []), run]);
  }
  return story;
}

const saidOf = (story: JobStory, at = story.at): ReturnType<typeof timeLeft> => {
  const table = stateOf(story).jobs.get(story.job);
  assert.ok(table);
  return timeLeft(table, at);
};

/** Fifty minutes' work was left, give or take some. */
const near = (left: ReturnType<typeof timeLeft>, ms: number): void => {
  assert.ok(left && Math.abs((left.low + left.high) / 2 / ms - 1) < 0.1, JSON.stringify(left));
};

test("time before the first run, in a pause or without a worker is no part of the time left's pace", () => {
  const story = minutes(20);
  near(saidOf(story), 40 * 61_000);
  story.over("paused");
  assert.equal(saidOf(story), undefined);
  const [first, second] = [...(stateOf(story).jobs.get(story.job)?.trials.open() ?? [])];
  assert.ok(first && second);
  for (const { n, run } of [first, second]) story.completed(n, run, 1);
  const whenGone = saidOf(story, story.at + 60_000);
  assert.equal(whenGone, undefined);
  story.at += 20 * 3_600_000;
  story.over("searching");
  assert.equal(saidOf(story), undefined);
  for (const i of [1, 2]) story.started(`run${i}.99`, []);
  near(saidOf(story), 39 * 61_000);
});

test("the time left is a range until ten runs have ended, and unknown before the first has", () => {
  assert.equal(saidOf(minutes(0)), undefined);
  for (const ended of [2, 8]) {
    const left = saidOf(minutes(ended));
    assert.ok(left && left.low < left.high * 0.8, String(ended));
    near(left, ((100 - ended) / 2) * 61_000);
    assert.match(timeLeftText(left), /^\d+-\d+m$/);
  }
  const later = saidOf(minutes(10));
  assert.ok(later && later.low === later.high);
  assert.match(timeLeftText(later), /^\d\dm\d\ds$/);
});

test("a range of the time left is told in one unit", () => {
  const told = (low: number, high: number): string => timeLeftText({ low, high });
  assert.deepEqual(
    [told(2400, 7100), told(70_000, 230_000), told(5e6, 1e7), told(4e4, 9e7), told(2e8, 3e8)],
    ["2-8s", "1-4m", "1-3h", "0-25h", "2-4d"],
  );
  assert.equal(told(90_000, 90_000), "1m30s");
});

test("twice the workers halve the time left, as soon as they have begun", () => {
  const story = minutes(20);
  const before = saidOf(story);
  for (const i of [3, 4]) story.started(`run${i}.1`, []);
  const after = saidOf(story);
  assert.ok(before && after && Math.abs(after.low / before.low - 0.5) < 0.1, `${before?.low} ${after?.low}`);
});

test("the time left of short runs with longer gaps is known while none of them runs", () => {
  for (const totalRuns of [100, 5000]) {
    const story = new JobStory({ number: 1, settings: { totalRuns } });
    for (let i = 1; i <= 20; i += 1) {
      story.completed(story.started(`run1.${i}`, []), `run1.${i}`, i);
      story.at += 1000;
    }
    near(saidOf(story), (totalRuns - 20) * 3000);
  }
});

test("the time left is a number where the clock is behind, also where runs were pruned", () => {
  const story = minutes(8);
  const ends = story.events.flatMap((event) => (event.type === "completed" ? [event.at] : []));
  const [n, run] = [story.started("run1.99", []), "run1.99"];
  const { job, at } = story;
  const cited = { job, n, attempt: 1, worker: workerOf(run), reason: "", ev: 0, at };
  story.events.push({ type: "ended", outcome: "pruned", iters: 20, ...cited });
  for (const late of [-1000, 0, 1, 1000]) {
    const left = saidOf(story, (ends[0] ?? 0) + late);
    assert.ok(left && left.low > 0 && left.high < 1e8, `${late}: ${JSON.stringify(left)}`);
  }
});
