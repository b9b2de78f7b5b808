import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { answerRenewal } from "../../../../../coordinator/leader/workers/renewals.ts";
import { answerClaim } from "../../../../../coordinator/leader/workers/search-loop.ts";
import { apply, emptyWorkspace } from "../../../../../shared/domain/fold/workspace-state.ts";
import type { JobName } from "../../../../../shared/domain/names.ts";
import { alice, bob, Story } from "../../../../support/stories/control-story.ts";
import { claim, leaseMs } from "../../../../support/stories/reign.ts";

describe("a job", () => {
  test("a paused job gives out nothing while its runs in hand end; resumed, it goes on", async () => {
    const story = new Story({ totalRuns: 4 });
    assert.equal(await story.claim(), 1);
    assert.equal(await story.claim(bob), 2);
    story.say(bob, 2, "released");
    assert.match(await story.do("pause"), /^ok: paused, 1 running, 1 waiting/);
    assert.match(String(await story.claim(bob)), /^wait: job1 is paused: paused by andreas/);
    assert.equal(await story.renew(alice, 1), "continue");
    story.say(alice, 1, "result");
    assert.equal(story.table.ended, 1);
    assert.equal(await story.do("pause"), "ok: job1 is paused already");
    assert.match(await story.do("resume"), /^ok: searching/);
    assert.equal(await story.claim(bob), 2);
    assert.equal(await story.claim(bob), 3);
    story.check();
  });

  test("a drained job finishes what was begun, also lost runs, and is then paused", async () => {
    const story = new Story({ totalRuns: 9 });
    await story.claim();
    await story.claim(bob);
    await story.do("drain");
    assert.match(String(await story.claim(bob)), /^wait: job1 is draining/);
    story.say(bob, 2, "released");
    assert.equal(await story.claim(alice), 2);
    story.say(alice, 1, "result");
    assert.equal(story.table.state, "draining");
    story.say(alice, 2, "result");
    assert.equal(story.table.state, "paused");
    assert.match(story.table.reason, /nothing runs any more; to search on: nexus resume job1/);
    await story.do("resume");
    assert.equal(await story.claim(), 3);
    story.check();
  });

  test("a stopped job ends after the runs that were begun; until then, resume takes the stop back", async () => {
    const story = new Story({ totalRuns: 9 });
    await story.claim();
    await story.do("stop");
    assert.match(String(await story.claim(bob)), /job1 is stopping: stopped by andreas/);
    assert.match(await story.do("pause"), /^refused: job1 is stopping/);
    await story.do("resume");
    assert.equal(await story.claim(bob), 2);
    await story.do("stop");
    story.say(alice, 1, "result");
    story.say(bob, 2, "failed");
    assert.equal(story.table.state, "completed");
    assert.equal(story.table.reason, "stopped by andreas");
    assert.match(await story.do("resume"), /^refused: job1 is over: it was completed/);
    story.check();
  });

  test("a cancelled job ends at once: its runs are cancelled, holders told, later results late", async () => {
    const story = new Story({ totalRuns: 9 });
    for (const worker of [alice, alice, bob]) await story.claim(worker);
    story.say(alice, 1, "result", 3);
    story.say(bob, 3, "released");
    story.test.told.length = 0;
    assert.match(await story.do("cancel"), /^ok: cancelled, 0 running/);
    const { table } = story;
    assert.deepEqual([table.state, table.open, table.ended, table.outcomes.cancelled], ["cancelled", 0, 1, 2]);
    assert.deepEqual(
      [...table.trials].slice(1).map(({ status, reason }) => [status, reason]),
      [
        ["cancelled", "job1 was cancelled by andreas"],
        ["cancelled", "job1 was cancelled by andreas"],
      ],
    );
    assert.ok(story.test.told.some(({ worker, kind }) => worker === alice && kind === "renew"));
    assert.equal(await story.renew(alice, 2), "stop");
    story.say(alice, 2, "result", 9);
    assert.equal(story.table.late, 1);
    assert.equal(story.table.runSets.best()?.mean, 3);
    story.check();
  });

  test("a job cancelled by a leader that died before its runs were is ended by the next leader", async () => {
    const story = new Story({ totalRuns: 9 });
    await story.claim();
    const { job } = story;
    const cut = [...story.test.events];
    cut.push({
      type: "job-state",
      job,
      state: "cancelling",
      reason: "cancelled by andreas",
      by: "andreas",
      op: "x",
      at: 1,
    });
    const state = cut.reduce((folded, event) => apply(folded, event), emptyWorkspace());
    const next = new Story({}, state, job);
    next.wait(10);
    assert.equal(next.table.state, "cancelled");
    assert.equal(next.table.outcomes.cancelled, 1);
    // The next leader knows the order that the dead one carried out.
    assert.match(await next.do("cancel", { kind: "job", job }, "x"), /^ok/);
    assert.equal(next.test.events.filter(({ type }) => type === "job-state").length, 1);
  });

  test("an order with the id of one that was carried out changes nothing, whatever came between", async () => {
    const story = new Story({ totalRuns: 9 });
    await story.do("pause", undefined, "same");
    const events = story.test.events.length;
    await story.do("pause", undefined, "same");
    assert.equal(story.test.events.length, events);
    const record = story.test.events.at(-1);
    assert.deepEqual(record?.type === "job-state" && [record.by, record.op, record.at], ["andreas", "same", 0]);
    await story.do("resume");
    await story.do("pause", undefined, "same");
    assert.equal(story.table.state, "searching");
  });

  test("a job ends at its deadline or max_job_time after its open runs; moved on, the search goes on", async () => {
    const story = new Story({ totalRuns: 9, maxJobSeconds: 10 });
    await story.claim();
    story.wait(8000);
    assert.match(await story.edit({ deadline: 9000 }), /^ok: deadline 1970-01-01T00:00:09.000Z/);
    await story.renew(alice, 1);
    story.test.now = 9000;
    // A claim also enforces the rules, between two ticks of the clock.
    assert.match(String(await story.claim(bob)), /job1 is stopping: the deadline .* has passed/);
    await story.edit({ deadline: null });
    assert.equal(await story.claim(bob), 2);
    story.wait(1500);
    assert.match(story.table.reason, /max_job_time is over: 10 s/);
    assert.match(await story.edit({ deadline: 100 }), /^refused: the deadline .* has passed/);
    story.check();
  });

  test("an order for an unknown, held or ended job is refused, with what to type", async () => {
    const story = new Story({ totalRuns: 1, hold: true });
    assert.match(
      await story.do("pause", { kind: "job", job: "job9" as JobName }),
      /^refused: there is no job9; .*nexus list jobs/,
    );
    await story.claim();
    story.say(alice, 1, "result");
    assert.match(await story.do("cancel"), /^refused: job1 has ended and holds its nodes; .*nexus release job1/);
    assert.match(
      await story.edit({ totalRuns: 1 }),
      /^refused: job1 has ended after 1 of 1 runs, so nothing would start/,
    );
  });
});

describe("a job that is edited", () => {
  test("a job edited to a higher total goes on; to a lower one, it starts nothing, and open runs count", async () => {
    const story = new Story({ totalRuns: 2 });
    await story.claim();
    await story.claim();
    assert.match(String(await story.claim()), /^wait/);
    assert.equal(await story.edit({ totalRuns: 3 }), "ok: total_runs 3");
    assert.equal(await story.claim(), 3);
    story.say(alice, 1, "result");
    await story.edit({ totalRuns: 1 });
    assert.equal(story.table.state, "searching");
    assert.match(String(await story.claim()), /started all its 1 runs, 2 still open/);
    story.say(alice, 2, "result");
    story.say(alice, 3, "result");
    assert.equal(story.table.state, "completed");
    assert.equal(story.table.reason, "all 3 runs have ended; total_runs was lowered to 1");
    const record = story.test.events.find(({ type }) => type === "job-edited");
    assert.ok(record?.type === "job-edited");
    assert.deepEqual([record.by, record.changes, record.settings.totalRuns], ["andreas", { totalRuns: 3 }, 3]);
    story.check();
  });

  test("a job edited to no more runs than have ended, with none open, ends", async () => {
    const story = new Story({ totalRuns: 5 });
    await story.claim();
    story.say(alice, 1, "result");
    await story.edit({ totalRuns: 1 });
    assert.equal(story.table.state, "completed");
  });

  test("a job edited to have more values tries them, and its earlier runs keep their settings", async () => {
    const story = new Story({ totalRuns: 40, hpTuning: "grid" });
    for (let n = 1; n <= 8; n += 1) {
      await story.claim();
      story.say(alice, n, "result");
    }
    const before = [...story.table.trials].map(({ configuration }) => [...configuration]);
    assert.equal(await story.edit({ addValues: { a: [2.5], b: ["z"] } }), "ok: a also 2.5, b also z");
    const answer = await answerClaim(story.test.reign, alice, claim("grown"));
    assert.ok(answer?.kind === "assigned");
    assert.deepEqual(answer.settings, [2.5, "x"]);
    assert.deepEqual(
      [...story.table.trials].slice(0, 8).map(({ configuration }) => [...configuration]),
      before,
    );
    assert.deepEqual(story.table.submitted.hyperparameters[0]?.dial, [0, 1, 4, 2, 3]);
    assert.equal(await story.edit({ addValues: { a: [9] } }), "ok: a also 9");
    assert.match(await story.edit({ addValues: { a: [9] } }), /^refused: a already has the value 9/);
    assert.match(await story.edit({ addValues: { c: [9] } }), /^refused: the job has no hyperparameter "c"/);
    story.check();
  });

  test("an edit to a value that the spec cannot have is refused with the reader's own words", async () => {
    const story = new Story({ totalRuns: 4 });
    assert.match(
      await story.edit({ addValues: { b: ["<nothing>"] } }),
      /^refused: .*nothing replaces <nothing>[\s\S]*nothing was changed/,
    );
    assert.equal(story.table.edits.length, 0);
  });

  test("a job edited to fewer nodes gives nothing to the workers that came last, which leave as runs end", async () => {
    const story = new Story({ totalRuns: 40 });
    for (const worker of [alice, bob, alice, bob]) await story.claim(worker);
    await story.edit({ computeNodes: 1 });
    assert.equal(await story.claim(alice), 5);
    assert.match(String(await story.claim(bob)), /runs on more nodes than its 1 \(compute_nodes\), and bob came last/);
    story.say(bob, 2, "result");
    story.say(bob, 4, "result");
    assert.match(String(await story.claim(bob)), /runs on its 1 node already/);
    await story.edit({ computeNodes: null });
    assert.equal(await story.claim(bob), 6);
    story.check();
  });

  test("a job's running and later runs are told an edited max_run_time or grace", async () => {
    const story = new Story({ totalRuns: 4 });
    const first = await answerClaim(story.test.reign, alice, claim("a"));
    assert.ok(first?.kind === "assigned" && first.limits === null);
    await story.edit({ maxRunSeconds: 60, graceSeconds: 120, checkpointLimit: 5000 });
    const held = [{ job: story.job, n: 1, attempt: 1, iters: 1 }];
    const renewed = await answerRenewal(story.test.reign, alice, { kind: "renew", bootId: "boot", held });
    assert.deepEqual(renewed?.verdicts[0]?.limits, { maxRunSeconds: 60, graceSeconds: 120 });
    const second = await answerClaim(story.test.reign, alice, claim("b"));
    assert.ok(second?.kind === "assigned");
    assert.deepEqual(second.limits, { maxRunSeconds: 60, graceSeconds: 120 });
    assert.equal(second.checkpointLimit, 5000);
  });

  test("an edit resumes a job that its own rule had stopped, but not one that a person had stopped", async () => {
    const story = new Story({ totalRuns: 9, stopWhen: { name: "runs", op: ">=", value: 1 } });
    await story.claim();
    await story.claim();
    story.say(alice, 1, "result");
    assert.equal(story.table.state, "stopping");
    await story.edit({ stopWhen: null });
    assert.equal(story.table.state, "searching");
    await story.do("stop");
    await story.edit({ totalRuns: 20 });
    assert.equal(story.table.state, "stopping");
    story.check();
  });
});

describe("a run", () => {
  test("a paused run is told to stand still and keeps its lease; resumed, it goes on", async () => {
    const story = new Story({ totalRuns: 2 });
    await story.claim();
    assert.equal(await story.doRuns("pause", 1), "ok: 1 run paused");
    assert.ok(story.test.told.some(({ worker, kind }) => worker === alice && kind === "renew"));
    for (let i = 0; i < 5; i += 1) {
      assert.equal(await story.renew(alice, 1), "pause");
      story.wait(leaseMs / 2);
    }
    assert.equal(story.table.trial(1)?.status, "running");
    assert.match(await story.doRuns("pause", 1), /^ok: none of these runs of job1 can be paused/);
    await story.doRuns("resume", 1);
    assert.equal(await story.renew(alice, 1), "continue");
    // A result that was in flight when its run was paused again counts, and nothing is paused any more.
    await story.doRuns("pause", 1);
    story.say(alice, 1, "result");
    assert.deepEqual([story.table.ended, story.table.paused.size], [1, 0]);
    story.check();
  });

  test("a paused run that is lost is given to nobody but its holder, when that is back", async () => {
    const story = new Story({ totalRuns: 2 });
    await story.claim();
    await story.doRuns("pause", 1);
    story.wait(2 * leaseMs);
    assert.equal(story.table.trial(1)?.status, "waiting");
    assert.equal(await story.claim(bob), 2);
    assert.match(String(await story.claim(bob)), /started all its 2 runs, 2 still open, 1 of them paused/);
    assert.equal(await story.renew(alice, 1), "pause");
    assert.equal(story.table.trial(1)?.attempts.length, 2);
    story.check();
  });

  test("a stopped run is pruned: it counts in total_runs, and in no mean", async () => {
    const story = new Story({ totalRuns: 2 });
    await story.claim();
    assert.equal(await story.doRuns("stop", 1), "ok: 1 run pruned");
    const [trial] = story.table.trials;
    assert.deepEqual([trial?.status, trial?.reason], ["pruned", "stopped by andreas"]);
    assert.deepEqual([story.table.ended, story.table.runSets.totals.completed], [1, 0]);
    assert.equal(await story.renew(alice, 1), "stop");
    assert.equal(await story.claim(), 2);
    assert.match(String(await story.claim()), /^wait/);
    story.check();
  });

  test("a cancelled run frees its place, whether it was running or waiting", async () => {
    const story = new Story({ totalRuns: 2 });
    await story.claim();
    await story.claim(bob);
    story.say(bob, 2, "released");
    assert.equal(await story.doRuns("cancel", 1, 2, 7), "ok: 2 runs cancelled");
    assert.deepEqual([story.table.open, story.table.ended, story.table.outcomes.cancelled], [0, 0, 2]);
    assert.equal(await story.claim(), 3);
    assert.equal(await story.claim(), 4);
    story.say(alice, 3, "result");
    story.say(alice, 4, "result");
    assert.equal(story.table.state, "completed");
    story.check();
  });

  test("an order leaves a run that has ended as it is, and runs cannot be drained", async () => {
    const story = new Story({ totalRuns: 2 });
    await story.claim();
    story.say(alice, 1, "result");
    assert.match(await story.doRuns("cancel", 1), /^ok: none of these runs/);
    assert.equal(story.table.trial(1)?.status, "completed");
    assert.match(await story.doRuns("drain", 1), /^refused: runs cannot be drained/);
  });
});

describe("a worker", () => {
  test("a paused worker gets nothing new and keeps what it holds", async () => {
    const story = new Story({ totalRuns: 9 });
    await story.claim();
    assert.equal(await story.doWorker("pause", alice), "ok: paused, 1 run in hand");
    assert.match(String(await story.claim()), /^wait: alice was paused by andreas; .*nexus resume alice/);
    assert.equal(await story.renew(alice, 1), "continue");
    assert.equal(await story.claim(bob), 2);
    await story.doWorker("resume", alice);
    assert.equal(await story.claim(), 3);
    story.check();
  });

  test("a drained worker is told to leave, and keeps what it holds", async () => {
    const story = new Story({ totalRuns: 9 });
    await story.claim();
    await story.doWorker("drain", alice);
    const answer = await answerClaim(story.test.reign, alice, claim("d1"));
    assert.ok(answer?.kind === "refused" && answer.leave && /alice was drained by andreas/.test(answer.reason));
    assert.equal(await story.renew(alice, 1), "continue");
    story.say(alice, 1, "result");
    assert.equal(story.table.outcomes.completed, 1);
    story.check();
  });

  test("a stopped worker is asked to hand its runs back; after 10 s the others are taken, uncharged", async () => {
    const story = new Story({ totalRuns: 9 });
    await story.claim();
    await story.claim();
    await story.doWorker("stop", alice);
    assert.equal(await story.renew(alice, 1), "handback");
    story.say(alice, 1, "released");
    assert.equal(story.table.trial(1)?.status, "waiting");
    assert.equal(await story.claim(bob), 1);
    for (let i = 0; i < 12; i += 1) {
      await story.renew(alice, 2);
      await story.renew(bob, 1);
      story.wait(leaseMs / 3);
    }
    assert.equal(story.table.trial(2)?.status, "waiting");
    assert.deepEqual([story.table.reclaimed, story.table.trial(2)?.charged], [2, 0]);
    assert.equal(await story.renew(alice, 2), "stop");
    assert.match(String(await story.claim()), /^refused: alice was stopped by andreas/);
    story.check();
  });

  test("a cancelled worker loses its runs at once, uncharged, even if it would go on with them", async () => {
    const story = new Story({ totalRuns: 9 });
    await story.claim();
    await story.doWorker("cancel", alice);
    assert.deepEqual([story.table.waiting.size, story.table.reclaimed, story.table.trial(1)?.charged], [1, 1, 0]);
    assert.equal(await story.renew(alice, 1), "stop");
    assert.equal(await story.claim(bob), 1);
    await story.doWorker("resume", alice);
    assert.equal(await story.claim(), 2);
    story.check();
  });

  test("an order for a worker that nobody knows is refused", async () => {
    const story = new Story();
    assert.match(await story.doWorker("pause", bob), /^refused: there is no worker bob/);
  });
});
