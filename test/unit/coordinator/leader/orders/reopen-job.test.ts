import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventText } from "../../../../../coordinator/words/event-words.ts";
import { goOnCommand, goOnLine } from "../../../../../coordinator/words/go-on.ts";
import { piecedBundles } from "../../../../../shared/domain/code-bundle.ts";
import { takeSnapshot } from "../../../../../shared/domain/fold/snapshot.ts";
import { InvariantCheck } from "../../../../../shared/domain/invariants/invariants.ts";
import type { JobSettings } from "../../../../../shared/domain/runspec/job-settings.ts";
import { pieceNames } from "../../../../../shared/wire/bundles/pieced-bundle.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../../../shared/wire/snapshots.ts";
import { alice, Story } from "../../../../support/stories/control-story.ts";

/** A job whose runs have all completed. */
async function finished(runs: number, settings: Partial<JobSettings> = {}): Promise<Story> {
  const story = new Story({ totalRuns: runs, hpTuning: "dgd", ...settings });
  for (let n = 1; n <= runs; n += 1) story.say(alice, Number(await story.claim()), "result", n);
  assert.equal(story.table.isOver, true);
  return story;
}

/** What the invariants say of everything that was recorded. */
function broken({ test: { events, reign } }: Story): readonly string[] {
  const checking = new InvariantCheck();
  for (const event of events) checking.event(event);
  checking.compare(reign.state);
  return checking.violations().filter((each) => !/its curve has a gap|rests on evidence/.test(each));
}

describe("a job that has ended", () => {
  test("a job that has ended is opened again by an edit to more runs, and goes on with all its results", async () => {
    const story = await finished(3);
    assert.notEqual(story.table.endedAt, null);
    assert.equal(await story.edit({ totalRuns: 5 }), "ok: total_runs 5; it searches on, after 3 runs");
    assert.deepEqual([story.table.state, story.table.endedAt, story.table.ended], ["searching", null, 3]);
    assert.equal(story.table.runSets.totals.completed, 3);
    const event = story.test.events.at(-1);
    assert.ok(event);
    assert.match(eventText(event, story.table)?.text ?? "", /^job1 opened again by andreas: total_runs 5$/);
    for (let n = 4; n <= 5; n += 1) {
      assert.equal(await story.claim(), n);
      story.say(alice, n, "result", n);
    }
    assert.deepEqual([story.table.state, story.table.reason], ["completed", "all 5 runs have ended"]);
    story.check();
    assert.deepEqual(broken(story), []);
  });

  test("a job is opened again by one record, so that a leader that dies leaves no half of it", async () => {
    const story = await finished(3);
    const before = story.test.events.length;
    await story.edit({ totalRuns: 5 });
    assert.deepEqual(
      story.test.events.slice(before).map(({ type }) => type),
      ["job-edited"],
    );
  });

  test("a job stays over if the broker has deleted what it brought along", async () => {
    const story = await finished(2);
    const pieces = new Uint8Array(64);
    const inputs = { sha256: "0".repeat(64), files: 1, bytes: 1, listBytes: 1, secret: new Uint8Array(32), pieces };
    story.table.submitted = { ...story.table.submitted, inputs };
    story.test.bundles = { pieces: async () => new Map(), drop: async () => undefined };
    const answer = await story.edit({ totalRuns: 5 });
    assert.match(answer, /job1 cannot be opened again: .*the broker has deleted [12] pieces?/);
    assert.equal(story.table.isOver, true);
  });

  test("two edits that open the same ended job both count, though they were given together", async () => {
    for (const other of [{ retries: 9 }, { addValues: { b: ["z"] } }] as const) {
      const story = await finished(2);
      const pieces = new Uint8Array(64);
      const inputs = { sha256: "0".repeat(64), files: 1, bytes: 1, listBytes: 1, secret: new Uint8Array(32), pieces };
      story.table.submitted = { ...story.table.submitted, inputs };
      const names = piecedBundles(story.table.submitted).flatMap(pieceNames);
      story.test.bundles = {
        pieces: async () => new Map(names.map((name) => [name, []])),
        drop: async () => undefined,
      };
      const answers = await Promise.all([story.edit({ totalRuns: 5, ...other }), story.edit({ totalRuns: 7 })]);
      assert.deepEqual(
        answers.map((answer) => answer.split(":")[0]),
        ["ok", "ok"],
      );
      const { settings, hyperparameters } = story.table.submitted;
      assert.equal(settings.totalRuns, 7);
      if ("retries" in other) assert.equal(settings.retries, 9);
      else assert.ok(hyperparameters[1]?.values.includes("z"));
      assert.equal(story.table.state, "searching");
    }
  });

  test("a job is also opened again from a snapshot, and after it was held or stopped", async () => {
    for (const settings of [{}, { hold: true }] as const) {
      const story = await finished(2, settings);
      const restored = decodeSnapshot(encodeSnapshot(takeSnapshot(story.test.reign.state)));
      const later = new Story({}, restored, story.job);
      assert.match(await later.edit({ totalRuns: 3 }), /^ok: total_runs 3; it searches on/);
      assert.equal(await later.claim(), 3);
    }
    const story = new Story({ totalRuns: 100 });
    story.say(alice, Number(await story.claim()), "result");
    const open = Number(await story.claim());
    await story.do("stop");
    story.say(alice, open, "result");
    assert.equal(story.table.state, "completed");
    assert.match(await story.edit({ priority: 2 }), /^ok: priority 2; it searches on, after 2 runs/);
    assert.equal(await story.claim(), 3);
    assert.deepEqual(broken(story), []);
  });

  test("a job stays over, with what to type, where an edit would start nothing", async () => {
    const story = await finished(3);
    assert.match(
      await story.edit({ totalRuns: 3 }),
      /^refused: job1 has ended after 3 of 3 runs, so nothing would start\n {2}to search on, .*nexus edit job1 --total-runs 4 .*\n.*nexus import job1\.csv/,
    );
    assert.match(await story.edit({ priority: 3 }), /^refused/);
    assert.equal(story.table.state, "completed");
    assert.match(await story.do("resume"), /^refused: job1 is over: it was completed; to search on: nexus edit job1/);
  });

  test("the answer to opening a job again says so if one of its rules ends it at once", async () => {
    const story = await finished(3, { stopWhen: { name: "runs", op: ">=", value: 3 } });
    assert.equal(
      await story.edit({ totalRuns: 5 }),
      "ok: total_runs 5; but it ends again at once: stop_when is reached: runs >= 3",
    );
    assert.equal(story.table.state, "completed");
    assert.match(await story.edit({ stopWhen: null }), /^ok: stop_when none; it searches on/);
    assert.deepEqual(broken(story), []);
  });

  test("a cancelled job stays cancelled, and its results can be imported", async () => {
    const story = new Story({ totalRuns: 10 });
    await story.claim();
    await story.do("cancel");
    assert.equal(story.table.state, "cancelled");
    assert.match(
      await story.edit({ totalRuns: 20 }),
      /^refused: job1 is over \(cancelled\).*\n.*nexus import job1\.csv/,
    );
    assert.equal(
      goOnLine(story.table, " --workspace w"),
      "to search on: nexus export job1 --output job1.csv --workspace w; nexus import job1.csv --spec spec.yaml --workspace w",
    );
  });

  test("a job that has ended offers round numbers to go on with", async () => {
    const story = await finished(3);
    assert.equal(goOnCommand(story.table), "nexus edit job1 --total-runs 10");
    for (const [ended, more] of [
      [60, 120],
      [155, 310],
      [1234, 2500],
      [900_000, 1_000_000],
    ] as const) {
      Object.assign(story.table, { ended });
      assert.equal(goOnCommand(story.table), `nexus edit job1 --total-runs ${more}`);
    }
  });
});
