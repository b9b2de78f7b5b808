import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { pruneRun, prunerOf } from "../../../../../coordinator/leader/pruning/pruning.ts";
import { takeSnapshot } from "../../../../../shared/domain/fold/snapshot.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../../../shared/wire/snapshots.ts";
import { alice, bob } from "../../../../support/stories/control-story.ts";
import { plain } from "../../../../support/stories/reign.ts";
import { type Curves, reports, searching } from "./curves-story.ts";

describe("pruning in the leader", () => {
  test("pruning ends a run by its reports, with the reason, and has its worker ask at once", async () => {
    const story = searching("median");
    await story.learned();
    const n = Number(await story.claim(bob));
    story.report(n, 5, 0, 2, bob);
    assert.equal(story.table.trial(n)?.status, "running");
    const other = Number(await story.claim(bob));
    story.report(other, 0, 0, 2, bob);
    const trial = story.table.trial(other);
    assert.deepEqual([trial?.status, trial?.iters, trial?.hpmax], ["pruned", 2, null]);
    assert.match(trial?.reason ?? "", /^0\.005 by then, the median is 3\.5/);
    assert.deepEqual(story.test.told.at(-1), { worker: bob, kind: "renew" });
    assert.equal(await story.renew(bob, other), "stop");
    assert.equal(await story.renew(bob, n), "continue");
    assert.deepEqual([story.table.ended, story.table.outcomes.pruned, story.table.outcomes.completed], [7, 1, 6]);
    assert.equal(story.table.runSets.totals.completed, 6);
    story.check();
  });

  test("a pruned run counts once, whatever its worker still sends", async () => {
    const story = searching("median");
    await story.learned();
    const n = Number(await story.claim(bob));
    story.report(n, 0, 0, 4, bob);
    story.report(n, 0, 4, 6, bob);
    story.say(bob, n, "failed");
    story.end(n, 0, 6, bob);
    story.end(n, 0, 6, bob);
    assert.equal(story.pruned.length, 1);
    const trial = story.table.trial(n);
    assert.deepEqual([trial?.status, trial?.late, story.table.ended, story.table.open], ["pruned", 2, 7, 0]);
    story.check();
  });

  test("a job whose last runs are pruned ends with its counts right", async () => {
    const story = searching("median", { totalRuns: 8 });
    await story.learned();
    for (const _ of [1, 2]) story.report(Number(await story.claim(bob)), 0, 0, 4, bob);
    assert.equal(story.table.state, "completed");
    assert.deepEqual([story.table.outcomes.pruned, story.table.outcomes.completed, story.table.ended], [2, 6, 8]);
    story.check();
  });

  test("a job that is opened again prunes by the curves that it had", async () => {
    const story = searching("median", { totalRuns: 6 });
    await story.learned();
    assert.equal(story.table.state, "completed");
    assert.match(await story.edit({ totalRuns: 8 }), /^ok: /);
    const n = Number(await story.claim(bob));
    story.report(n, 5, 0, 4, bob);
    assert.deepEqual(story.pruned, []);
    story.report(Number(await story.claim(bob)), 0, 0, 4, bob);
    assert.equal(story.pruned.length, 1);
  });

  test("the curves of the eight jobs that were over last are kept, until one is deleted", async () => {
    const story = searching("median");
    const { reign } = story.test;
    const jobs = Array.from({ length: 10 }, () => story.test.submit({ pruning: "median", hpTuning: "random" }));
    for (const job of jobs) {
      const table = reign.state.jobs.get(job);
      assert.ok(table && prunerOf(reign, table));
      await story.do("stop", { kind: "job", job });
      assert.equal(table.isOver, true);
    }
    const kept = jobs.slice(2);
    assert.deepEqual([...reign.pruners.keys()], kept);
    const deleted = kept.pop();
    assert.ok(deleted);
    void reign.record({ type: "job-deleted", job: deleted, before: 1, messages: null, by: "ann", op: "d" });
    assert.deepEqual([...reign.pruners.keys()], kept);
  });

  test("pruning compares with no result that was passed over or came late, under the next leader either", async () => {
    const story = searching("median");
    await story.learned();
    const n = Number(await story.claim(bob));
    await story.order({ kind: "bench", worker: bob, reason: "" });
    story.end(n, 1e6, 0, bob);
    assert.equal(await story.claim(), n);
    story.end(n, 3, 0, alice, 2);
    story.end(n, 1e6, 0, alice, 2);
    for (const by of [story, await story.heir()]) {
      const next = Number(await by.claim(alice, `boot ${by.test.reign.term}`));
      by.report(next, 3.2, 0, 6);
      assert.equal(by.table.trial(next)?.status, "running", "the median is 3");
      by.report(Number(await by.claim(alice, `boot ${by.test.reign.term}`)), 2.8, 0, 6);
      assert.equal(by.pruned.length, 1);
    }
  });

  test("pruning compares with no report of a holder that was sent away, under the next leader either", async () => {
    const story = searching("median");
    await story.learned();
    const n = Number(await story.claim(bob));
    story.report(n, 1e6, 0, 9, bob);
    await story.order({ kind: "bench", worker: bob, reason: "" });
    assert.equal(await story.claim(), n);
    story.end(n, 3, 0, alice, 2);
    for (const by of [story, await story.heir()]) {
      const next = Number(await by.claim(alice, `boot ${by.test.reign.term}`));
      by.report(next, 3.2, 0, 6);
      assert.equal(by.table.trial(next)?.status, "running", "the median is 3");
    }
  });

  test("the next leader compares with what an earlier one counted of a worker that was sent away", async () => {
    const story = searching("median");
    await story.learned();
    const n = Number(await story.claim(bob));
    story.report(n, 5, 0, 4, bob);
    await story.order({ kind: "bench", worker: bob, reason: "" });
    story.end(n, 5, 4, bob);
    assert.equal(story.table.trial(n)?.status, "waiting");
    const { job } = story;
    const values = { hpmax: 5.045, iters: reports, metrics: {} };
    void story.test.reign.record({ type: "completed", job, n, attempt: 1, worker: bob, ...values, ev: 1 });
    const next = await story.heir();
    next.report(Number(await next.claim(alice, "boot2")), 3.8, 0, 2);
    assert.equal(next.pruned.length, 1, "the median is 4");
  });

  for (const ends of [false, true]) {
    const what = ends ? "counts for later ones when it ends" : "is judged by them";
    test(`a run with a checkpoint whose worker's reports come before it is back ${what}`, async () => {
      const story = searching("median");
      await story.learned();
      const n = Number(await story.claim(bob));
      story.save(n, 5, 2, bob);
      story.wait(60_000);
      story.report(n, 6, 2, 6, bob);
      assert.deepEqual([story.table.trial(n)?.status, story.test.reign.itersOf(story.job, n)], ["waiting", 0]);
      if (ends) {
        story.end(n, 5, 6, bob);
        story.report(Number(await story.claim()), 3.8, 0, 2);
        assert.equal(story.pruned.length, 1, "the median is 4");
      } else {
        assert.equal(await story.renew(bob, n), "continue");
        story.report(n, 0, 6, 9, bob, 2);
        assert.deepEqual(story.pruned, [], "its mean is 3.8, without the four reports 2");
      }
    });
  }

  for (const when of ["waits", "has another holder"]) {
    test(`late reports of an earlier holder judge no run that ${when}, under the next leader either`, async () => {
      const story = searching("median");
      await story.learned();
      const n = Number(await story.claim(bob));
      story.report(n, 5, 0, 2, bob);
      story.wait(60_000);
      if (when === "waits") story.report(n, 0, 2, 8, bob);
      assert.equal(await story.claim(), n);
      if (when !== "waits") story.report(n, 0, 2, 8, bob);
      assert.equal(story.test.reign.itersOf(story.job, n), 0);
      story.report(n, 5, 0, 6, alice, 2);
      assert.deepEqual([story.pruned, story.test.reign.itersOf(story.job, n)], [[], 6]);
      const next = await story.heir();
      next.report(n, 5, 6, 9, alice, 2);
      assert.deepEqual(next.pruned, []);
      story.report(n, 5, 6, 7, alice, 2);
      story.report(n, 0, 7, 9, alice, 2);
      assert.deepEqual(story.pruned, []);
      story.check();
    });
  }

  test("a run of which the earlier holder came to a result is no curve to compare others with", async () => {
    const story = searching("median");
    await story.learned();
    const n = Number(await story.claim(bob));
    story.report(n, 3.6, 0, 2, bob);
    story.wait(60_000);
    assert.equal(await story.claim(), n);
    story.report(n, 1e6, 0, 4, alice, 2);
    story.report(n, 3.6, 2, 8, bob);
    story.end(n, 3.6, 8, bob);
    assert.equal(story.table.trial(n)?.status, "completed");
    const next = await story.heir();
    story.report(Number(await story.claim()), 3.55, 0, 6);
    assert.deepEqual(story.pruned, [], "the median is 3.5");
    next.report(Number(await next.claim(alice, "boot2")), 3.8, 0, 6);
    assert.deepEqual(next.pruned, [], "the next leader reads all that the earlier holder said: the median is 3.6");
  });

  test("pruning compares with no infeasible run, rejected or not, under the next leader either", async () => {
    const story = searching("median", { require: ["val < 4"] });
    for (const [worker, value, runs] of [
      [bob, 5, 8],
      [alice, 3, 5],
    ] as const) {
      for (let i = 0; i < runs; i += 1) {
        const n = Number(await story.claim(worker));
        story.report(n, value, 0, 4, worker);
        story.end(n, value, 4, worker);
      }
    }
    /** Whether a run like the feasible ones goes on. */
    const goesOn = async (by: Curves): Promise<boolean> => {
      const n = Number(await by.claim(alice, `boot ${by.test.reign.term}`));
      by.report(n, 3, 0, 6);
      const { status } = by.table.trial(n) ?? {};
      if (status === "running") by.end(n, 3, 6);
      return status === "running";
    };
    assert.deepEqual([story.table.runSets.totals.completed, story.table.runSets.totals.infeasible], [5, 8]);
    assert.equal(await goesOn(story), true);
    const order = { job: story.job, trials: [], worker: bob, reason: "" };
    await story.order({ kind: "reject", ...order });
    const next = await story.heir();
    assert.equal(await goesOn(next), true);
    await next.order({ kind: "accept", ...order });
    assert.equal(next.table.runSets.totals.infeasible, 8);
    assert.equal(await goesOn(next), true);
  });

  for (const [what, settings] of [
    ["without pruning", { pruning: "none" }],
    ["that repeats one configuration", { pruning: "median", hpTuning: false }],
  ] as const) {
    test(`in a job ${what}, no run is stopped by its reports`, async () => {
      const story = searching(settings.pruning, settings);
      await story.learned();
      const n = Number(await story.claim());
      story.report(n, 0, 0, 8);
      assert.equal(story.table.trial(n)?.status, "running");
      assert.equal(story.test.reign.pruners.size, 0);
    });
  }

  test("pruning leaves a run that waits for a worker alone, and judges it once it runs again", async () => {
    const story = searching("median");
    await story.learned();
    const n = Number(await story.claim(bob));
    story.say(bob, n, "released");
    story.report(n, 0, 0, 4, bob);
    assert.equal(story.table.trial(n)?.status, "waiting");
    assert.equal(await story.claim(alice), n);
    story.report(n, 0, 4, 6, alice, 2);
    assert.equal(story.table.trial(n)?.status, "pruned");
    story.check();
  });

  test("pruning leaves a run that a person has paused alone, until it is resumed", async () => {
    const story = searching("median");
    await story.learned();
    const n = Number(await story.claim(bob));
    assert.match(await story.doRuns("pause", n), /^ok/);
    story.report(n, 0, 0, 4, bob);
    assert.equal(story.table.trial(n)?.status, "running");
    assert.match(await story.doRuns("resume", n), /^ok/);
    story.report(n, 0, 4, 6, bob);
    assert.equal(story.table.trial(n)?.status, "pruned");
    story.check();
  });

  for (const rule of ["median", "asha"] as const) {
    test(`pruning by ${rule} forgets rejected results, under this leader and the next, and accepted ones count again`, async () => {
      const story = searching(rule, { totalRuns: 40 });
      await story.learned();
      for (let i = 0; i < 8; i += 1) {
        const n = Number(await story.claim(bob));
        story.report(n, 1e6, 0, 8, bob);
        story.end(n, 1e6, 8, bob);
      }
      /** Whether a run that is better than all honest ones is stopped. */
      const isStopped = async (by: Curves, boot = "boot"): Promise<boolean> => {
        const n = Number(await by.claim(alice, boot));
        by.report(n, 7, 0, 6);
        const { status } = by.table.trial(n) ?? {};
        if (status === "running") by.end(n, 7, 6);
        return status === "pruned";
      };
      assert.equal(await isStopped(story), true);
      const order = { job: story.job, trials: [], worker: bob, reason: "" };
      const { reason } = await story.order({ kind: "reject", ...order });
      assert.match(
        reason,
        /; run1\.7, pruned since the first of them came, stays pruned; for as many runs more: nexus edit job1 --total-runs 41$/,
      );
      assert.equal(await isStopped(story), false);
      const next = await story.heir();
      assert.equal(await isStopped(next, "boot2"), false);
      await next.order({ kind: "accept", ...order });
      assert.equal(await isStopped(next, "boot2"), true);
    });
  }

  test("pruning keeps a prediction for the search, apart from results, also through a snapshot", async () => {
    const story = searching("asha");
    await story.learned();
    for (const [hpmax, weight] of [
      [0.1, 0.25],
      [0.7, 0.5],
      [0.3, 0.125],
    ] as const) {
      const n = Number(await story.claim());
      const trial = story.table.trial(n);
      assert.ok(trial);
      pruneRun(story.test.reign, story.table, trial, { reason: "hopeless", iters: 4, predicted: { hpmax, weight } });
    }
    const sets = [...story.table.runSets];
    assert.equal(
      sets.reduce((sum, { predictedWeight }) => sum + predictedWeight, 0),
      0.875,
    );
    const sum = sets.reduce(
      (all, set) => all + (set.predictedWeight > 0 ? set.predictedWeight * set.predictedMean : 0),
      0,
    );
    assert.ok(Math.abs(sum - (0.025 + 0.35 + 0.0375)) < 1e-12);
    assert.equal(story.table.runSets.totals.completed, 6);
    story.check();
    const { state } = story.test.reign;
    assert.deepEqual(plain(decodeSnapshot(encodeSnapshot(takeSnapshot(state)))), plain(state));
  });
});
