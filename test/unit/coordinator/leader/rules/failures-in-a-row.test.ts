import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventText } from "../../../../../coordinator/words/event-words.ts";
import { ownDecision } from "../../../../../shared/domain/fold/events.ts";
import { takeSnapshot } from "../../../../../shared/domain/fold/snapshot.ts";
import { workerIdFrom } from "../../../../../shared/domain/names.ts";
import type { JobSettings } from "../../../../../shared/domain/runspec/job-settings.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../../../shared/wire/snapshots.ts";
import { alice, bob, Story } from "../../../../support/stories/control-story.ts";

/** Random search, because configurations that fail often are not tried again. */
const storyOf = (settings: Partial<JobSettings> = {}): Story =>
  new Story({ totalRuns: 1000, hpTuning: "random", maxFailuresAtStart: null, ...settings });

/** The next runs end like this, one after the other, each on a worker of its own, so that no machine is at fault. */
async function live(story: Story, ...ends: ("failed" | "result")[]): Promise<void> {
  for (const end of ends) {
    const worker = workerIdFrom(`w${story.table.trials.length}`);
    const n = await story.claim(worker);
    assert.equal(typeof n, "number", `${n}`);
    story.say(worker, Number(n), end);
  }
}

const failures = (count: number): "failed"[] => new Array<"failed">(count).fill("failed");

describe("runs that fail in a row", () => {
  test("20 failed runs in a row pause the job, which says why, what failed last, and what to type", async () => {
    const story = storyOf();
    await live(story, ...failures(19));
    assert.equal(story.table.state, "searching");
    await live(story, "failed");
    assert.equal(story.table.state, "paused");
    const last = story.table.trial(20)?.run;
    assert.equal(
      story.table.reason,
      `20 runs in a row have failed (max_failures_in_a_row); ${last} was the last: told to; ` +
        `to see why: nexus view console ${last}; when fixed: nexus resume job1`,
    );
    assert.match(await story.claim(alice).then(String), /^wait/);
    const event = story.test.events.at(-1);
    assert.ok(event?.type === "job-state" && event.op === "" && event.by === "coordinator");
    assert.match(eventText(event, story.table)?.text ?? "", /^job1 paused: 20 runs in a row have failed/);
    story.check();
  });

  test("a row of failed runs is forgotten as soon as one completes", async () => {
    const story = storyOf();
    await live(story, ...failures(19), "result", ...failures(19));
    assert.equal(story.table.state, "searching");
    await live(story, "failed");
    assert.equal(story.table.state, "paused");
    story.check();
  });

  test("a resumed job goes on after a row of failures, and pauses again after as many", async () => {
    const story = storyOf({ maxFailuresInARow: 3 });
    await live(story, ...failures(3));
    assert.equal(story.table.state, "paused");
    await story.do("resume");
    await live(story, ...failures(2));
    assert.equal(story.table.state, "searching");
    await live(story, "failed");
    assert.equal(story.table.state, "paused");
    story.check();
  });

  test("runs under way when failures pause the job are finished, and one that completes ends the row", async () => {
    const story = storyOf({ maxFailuresInARow: 2 });
    const open = [await story.claim(bob), await story.claim(bob)].map(Number);
    await live(story, ...failures(1));
    story.say(bob, open[0] ?? 0, "failed");
    assert.equal(story.table.state, "paused");
    story.say(bob, open[1] ?? 0, "result");
    assert.equal(story.table.state, "paused");
    assert.equal(story.table.failingRow.size, 0);
    story.check();
  });

  test("failures in a row count in the order of their ends; pruned and cancelled runs do not change it", async () => {
    const story = storyOf({ maxFailuresInARow: 2 });
    const [first, second, third] = [await story.claim(), await story.claim(bob), await story.claim(bob)].map(Number);
    story.say(bob, third ?? 0, "failed");
    await story.doRuns("stop", second ?? 0);
    await story.renew(bob, second ?? 0);
    assert.equal(story.table.state, "searching");
    story.say(alice, first ?? 0, "failed");
    assert.equal(story.table.state, "paused");
    assert.match(story.table.reason, new RegExp(`${story.table.trial(first ?? 0)?.run} was the last`));
    story.check();
  });

  test("max_failures_in_a_row: never pauses nothing, an edit changes it, and another stop_when leaves it", async () => {
    const story = storyOf({ maxFailuresInARow: null, stopWhen: { name: "hpmax", op: ">=", value: 100 } });
    await live(story, ...failures(30));
    assert.equal(story.table.state, "searching");
    assert.match(await story.edit({ maxFailuresInARow: 31 }), /^ok: max_failures_in_a_row 31/);
    await live(story, "failed");
    assert.equal(story.table.state, "paused");
    await assert.rejects(story.edit({ maxFailuresInARow: 0 }), /maxFailuresInARow: expected a whole number from 1/);
    story.check();
  });

  test("failures in a row stop the job where stop_when says so, which takes the place of the pause", async () => {
    const story = storyOf({ maxFailuresInARow: 2, stopWhen: { name: "failures_in_a_row", op: ">=", value: 5 } });
    await live(story, ...failures(4));
    assert.equal(story.table.state, "searching");
    await live(story, "failed");
    assert.equal(story.table.state, "completed");
    assert.equal(story.table.reason, "stop_when is reached: failures_in_a_row >= 5");
    story.check();
  });

  test("failures in a row at the very end of a job are its end", async () => {
    const story = storyOf({ totalRuns: 20 });
    await live(story, ...failures(20));
    assert.equal(story.table.state, "completed");
    story.check();
  });

  test("failures in a row of a machine that turns out to be sick are taken back, and count no more", async () => {
    const story = storyOf({ maxFailuresInARow: 4 });
    for (let i = 0; i < 3; i += 1) story.say(alice, Number(await story.claim(alice)), "failed");
    assert.equal(story.table.failingRow.size, 3);
    const good = Number(await story.claim(bob));
    const bad = Number(await story.claim(bob));
    story.say(bob, good, "result");
    assert.equal(story.table.failingRow.size, 0);
    story.say(bob, bad, "failed");
    assert.equal(story.table.state, "searching");
    story.check();
  });

  test("a pause for failures of one sick machine ends when that is known, unless a person paused the job", async () => {
    for (const isOrdered of [false, true]) {
      const story = storyOf({ maxFailuresInARow: 4 });
      const good = Number(await story.claim(bob));
      for (let i = 0; i < 4; i += 1) story.say(alice, Number(await story.claim(alice)), "failed");
      assert.match(story.table.reason, /^4 runs in a row have failed/);
      if (isOrdered) {
        await story.do("resume");
        await story.do("pause");
      }
      story.say(bob, good, "result");
      assert.equal(story.test.reign.state.workers.get(alice)?.state, "benched");
      assert.deepEqual(
        [story.table.state, story.table.waiting.size],
        isOrdered ? ["paused", 4] : ["searching", 4],
        story.table.reason,
      );
      if (!isOrdered)
        assert.match(story.table.reason, /^the runs that had failed in a row go to other machines: alice is benched/);
      story.check();
    }
  });

  test("failures in a row are told as a pause's cause, in earlier versions' records by their reason", async () => {
    for (const settings of [{ maxFailuresInARow: 4 }, { maxFailuresAtStart: 4 }, { maxFailuresInARow: 1 }]) {
      const story = storyOf(settings);
      await live(story, ...failures(settings.maxFailuresInARow ?? 4));
      const event = story.test.events.at(-1);
      assert.ok(event?.type === "job-state");
      assert.equal(event.cause, "failures");
      const { cause: _, ...older } = event;
      await story.do("resume");
      assert.equal(story.table.pauseCause, null);
      void story.test.reign.record(older);
      assert.equal(story.table.pauseCause, "failures");
      const snapshot = takeSnapshot(story.test.reign.state);
      const jobs = snapshot.jobs.map(({ table: { pauseCause: _, ...table }, trials }) => ({ table, trials }));
      // An earlier version wrote no such field.
      for (const saved of [snapshot, { ...snapshot, jobs } as unknown as typeof snapshot]) {
        assert.equal(decodeSnapshot(encodeSnapshot(saved)).jobs.get(story.job)?.pauseCause, "failures");
      }
      await story.do("resume");
      await story.do("pause");
      assert.equal(story.table.pauseCause, null, "a person did it");
    }
  });

  test("a reason of an earlier version that only quotes a row of failures is not its cause", async () => {
    const story = storyOf();
    const reason =
      "its search gave up: 20 runs in a row have failed (max_failures_in_a_row); mend it, then type: nexus";
    void story.test.reign.record({ type: "job-state", job: story.job, state: "paused", reason, ...ownDecision });
    assert.deepEqual([story.table.state, story.table.pauseCause], ["paused", null]);
  });

  test("failures in a row are in the snapshot; after one of an earlier version a new row begins", async () => {
    const story = storyOf();
    await live(story, ...failures(7));
    const snapshot = takeSnapshot(story.test.reign.state);
    const restored = decodeSnapshot(encodeSnapshot(snapshot));
    assert.deepEqual([...(restored.jobs.get(story.job)?.failingRow ?? [])], [1, 2, 3, 4, 5, 6, 7]);
    const older = {
      ...snapshot,
      jobs: snapshot.jobs.map(({ table: { failingRow: _, ...table }, trials }) => ({ table, trials })),
    };
    assert.equal(decodeSnapshot(encodeSnapshot(older)).jobs.get(story.job)?.failingRow.size, 0);
  });
});
