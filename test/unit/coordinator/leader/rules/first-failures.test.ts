import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { answerRenewal } from "../../../../../coordinator/leader/workers/renewals.ts";
import type { WorkerId } from "../../../../../shared/domain/names.ts";
import type { JobSettings } from "../../../../../shared/domain/runspec/job-settings.ts";
import { encodeEvidence } from "../../../../../shared/wire/messages.ts";
import { alice, bob, Story } from "../../../../support/stories/control-story.ts";
import { leaseMs } from "../../../../support/stories/reign.ts";

const carol = "carol" as WorkerId;

const storyOf = (settings: Partial<JobSettings> = {}): Story =>
  new Story({ totalRuns: 1000, hpTuning: "random", ...settings });

/** The worker gets `count` runs, one after the other, and all of them fail. */
async function fails(story: Story, worker: WorkerId, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) story.say(worker, Number(await story.claim(worker)), "failed");
}

describe("a job that fails from its start", () => {
  test("a job that fails from its start pauses after five failures on its only worker, and says why", async () => {
    const story = storyOf();
    await fails(story, alice, 4);
    assert.equal(story.table.state, "searching");
    await fails(story, alice, 1);
    const last = story.table.trial(5)?.run;
    assert.equal(story.table.state, "paused");
    assert.equal(story.table.stateActor, "coordinator");
    assert.equal(
      story.table.reason,
      `5 runs have failed, and none has completed yet (max_failures_at_start); ${last} was the last: told to; ` +
        `to see all that it printed: nexus view console ${last}; to try one run on your machine: nexus check test.yaml; ` +
        "when fixed: nexus resume job1",
    );
    story.check();
  });

  test("the pause of a job that fails from its start tells the console's last lines, none of them twice", async () => {
    const story = storyOf({ maxFailuresAtStart: 1 });
    const n = Number(await story.claim());
    story.hear(story.test.message(alice, story.job, n, "failed", 1, 1, "one\n\ntwo\nthree\nfour\n"));
    assert.match(
      story.table.reason,
      /^the first run has failed, .*: told to; the last that it printed: two \| three \| four; to see/,
    );
    const repeated = storyOf({ maxFailuresAtStart: 1 });
    const m = Number(await repeated.claim());
    repeated.hear(repeated.test.message(alice, repeated.job, m, "failed", 1, 1, "one\nto\n  told to\n"));
    assert.match(repeated.table.reason, /: told to; the last that it printed: one; to see/);
    const quoted = storyOf({ maxFailuresAtStart: 1 });
    const k = Number(await quoted.claim());
    const reason = "no such file: what was printed.txt";
    const failure = { attempt: 1, reports: [], outcome: "failed", reason, console: "reading\n" } as const;
    quoted.hear({ ...quoted.test.message(alice, quoted.job, k, "failed", 1), data: encodeEvidence(failure) });
    assert.match(quoted.table.reason, /printed\.txt; the last that it printed: reading; to see/);
  });

  test("a job that fails from its start gets as many failures again when it is resumed", async () => {
    const story = storyOf({ maxFailuresAtStart: 2 });
    await fails(story, alice, 2);
    await story.do("resume");
    await fails(story, alice, 1);
    assert.equal(story.table.state, "searching");
    await fails(story, alice, 1);
    assert.equal(story.table.state, "paused");
    story.check();
  });

  test("a job that fails from its start gets as many failures as an edit says, once it is resumed", async () => {
    const story = storyOf({ maxFailuresAtStart: 2 });
    await fails(story, alice, 2);
    assert.match(await story.edit({ maxFailuresAtStart: 4 }), /^ok: max_failures_at_start 4/);
    await story.do("resume");
    await fails(story, alice, 3);
    assert.equal(story.table.state, "searching");
    await fails(story, alice, 1);
    assert.match(story.table.reason, /^4 runs have failed, and none has completed yet/);
    story.check();
  });

  test("failures do not pause a job of which a run has completed, even if that result was rejected", async () => {
    for (const isRejected of [false, true]) {
      const story = storyOf({ maxFailuresAtStart: 2 });
      story.say(alice, Number(await story.claim()), "result");
      if (isRejected) await story.order({ kind: "reject", job: story.job, trials: [1], worker: null, reason: "" });
      await fails(story, alice, 6);
      assert.equal(story.table.state, "searching");
      story.check();
    }
  });

  test("first failures pause no job that says never, of either kind, or whose stop_when counts failures", async () => {
    const rules: Partial<JobSettings>[] = [
      { maxFailuresAtStart: null },
      { maxFailuresInARow: null },
      { stopWhen: { name: "failures_in_a_row", op: ">=", value: 50 } },
    ];
    for (const settings of rules) {
      const story = storyOf(settings);
      await fails(story, alice, 12);
      assert.equal(story.table.state, "searching", JSON.stringify(settings));
    }
  });

  test("a job that fails from its start pauses once a second worker's run has failed like the first's", async () => {
    const story = storyOf({ maxFailuresAtStart: 3 });
    const held = Number(await story.claim(bob));
    await fails(story, alice, 3);
    assert.equal(story.table.state, "searching");
    story.say(bob, held, "failed");
    assert.match(story.table.reason, /^4 runs have failed, and none has completed yet/);
    story.check();
  });

  test("a job whose failures are all of one machine goes to others; one that completes benches it", async () => {
    const story = storyOf({ maxFailuresAtStart: 3 });
    const held = Number(await story.claim(bob));
    await fails(story, alice, 3);
    assert.equal(
      await story.claim(alice),
      "wait: the first 3 runs of job1 have all failed on alice; other workers try it now",
    );
    story.wait(5000);
    assert.equal(story.table.state, "searching");
    story.say(bob, held, "result");
    assert.equal(story.test.reign.state.workers.get(alice)?.state, "benched");
    assert.deepEqual([story.table.state, story.table.waiting.size], ["searching", 3]);
    story.check();
  });

  test("a job whose failures are all of one machine goes on under a new leader that has not heard the others", async () => {
    const story = storyOf({ maxFailuresAtStart: 3 });
    await story.do("pause");
    story.test.submit({ totalRuns: 1, hpTuning: "random" });
    assert.equal(await story.claim(bob), 1);
    await story.do("resume");
    await fails(story, alice, 3);
    assert.equal(story.table.state, "searching", "bob takes it when its run has ended");
    const next = new Story({}, story.test.reign.state, story.job);
    next.wait(1);
    assert.equal(next.table.state, "searching");
    assert.equal(
      await next.claim(alice),
      "wait: the first 3 runs of job1 have all failed on alice; whether other workers may try it is not known yet",
    );
    next.wait(3 * leaseMs);
    assert.equal(next.table.state, "paused", "bob is gone");
  });

  test("a job that fails from its start goes on for other workers only if they wait and may take it", async () => {
    const others: [string, (story: Story) => Promise<void>, "searching" | "paused"][] = [
      ["waits", async () => {}, "searching"],
      ["is paused", async (story) => void (await story.doWorker("pause", carol)), "paused"],
      [
        "is silent",
        async (story) => {
          story.test.now += 10 * 60_000;
        },
        "paused",
      ],
      [
        "serves another target",
        async (story) => {
          const known = story.test.reign.presence.get(carol);
          assert.ok(known);
          Object.assign(known, { targets: ["elsewhere"] });
        },
        "paused",
      ],
    ];
    for (const [what, happens, state] of others) {
      const story = storyOf({ maxFailuresAtStart: 3, computeTarget: "here" });
      const enrolled = { type: "worker-enrolled", worker: carol, publicKey: "", host: "lab", op: "e1" } as const;
      await story.test.reign.record(enrolled);
      await story.do("pause");
      assert.match(String(await story.claim(carol)), /^wait/);
      await story.do("resume");
      await happens(story);
      await fails(story, alice, 3);
      assert.equal(story.table.state, state, what);
    }
  });

  test("a job that fails from its start does not wait for a worker that was invited for another pool", async () => {
    const story = storyOf({ maxFailuresAtStart: 3, computeTarget: "gpu" });
    const enrolled = { type: "worker-enrolled", worker: bob, publicKey: "", host: "lab", op: "e1" } as const;
    await story.test.reign.record({ ...enrolled, targets: ["cpu"] });
    // Its owner was there when it started, so it renewed before it claimed.
    const takes = { version: "test", slots: 4, targets: [], opportunistic: false, noCode: false };
    const renewal = { kind: "renew", bootId: "boot", held: [], lending: "frozen", takes } as const;
    await answerRenewal(story.test.reign, bob, renewal);
    assert.match(String(await story.claim(bob)), /bob serves cpu/);
    await fails(story, alice, 3);
    assert.deepEqual(story.test.reign.presence.get(bob)?.targets, ["cpu"]);
    assert.equal(story.table.state, "paused");
  });

  test("a job that fails from its start pauses when other workers that might have tried it have gone", async () => {
    const story = storyOf({ maxFailuresAtStart: 3 });
    const held = Number(await story.claim(bob));
    await fails(story, alice, 3);
    story.say(bob, held, "released");
    await story.doWorker("pause", bob);
    story.wait(1000);
    assert.equal(story.table.state, "paused");
    story.check();
  });
});
