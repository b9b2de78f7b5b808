import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Upkeep } from "../../../../../coordinator/leader/upkeep.ts";
import { judgeEvidence } from "../../../../../coordinator/leader/workers/evidence.ts";
import { answerRenewal } from "../../../../../coordinator/leader/workers/renewals.ts";
import { answerClaim } from "../../../../../coordinator/leader/workers/search-loop.ts";
import { apply, emptyWorkspace, type WorkspaceState } from "../../../../../shared/domain/fold/workspace-state.ts";
import type { JobName, WorkerId } from "../../../../../shared/domain/names.ts";
import { decodeEvents, encodeEvents } from "../../../../../shared/wire/messages.ts";
import { claim, leaseMs, TestReign } from "../../../../support/stories/reign.ts";

const alice = "alice" as WorkerId;
const bob = "bob" as WorkerId;

/** The journal, as it would lie in the broker, folded anew. */
function replay(events: TestReign["events"]): WorkspaceState {
  return decodeEvents(encodeEvents(events)).reduce((state, event) => apply(state, event), emptyWorkspace());
}

describe("claims", () => {
  test("a claim asked again gets the same trial, also from the next leader", async () => {
    const first = new TestReign();
    first.submit({ totalRuns: 5 });
    const a = await answerClaim(first.reign, alice, claim("c1"));
    const b = await answerClaim(first.reign, alice, claim("c1"));
    assert.equal(a?.kind, "assigned");
    assert.deepEqual(b, a);
    const next = new TestReign(replay(first.events));
    const c = await answerClaim(next.reign, alice, claim("c1"));
    assert.deepEqual(c, { ...a, term: 2 });
    assert.equal(next.reign.state.jobs.get("job1" as JobName)?.trials.length, 1);
  });

  test("a claim whose trial has moved on meanwhile gets none of another's work", async () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 1 });
    await answerClaim(test_.reign, alice, claim("c1"));
    judgeEvidence(test_.reign, test_.message(alice, job, 1, "released", 1));
    await answerClaim(test_.reign, bob, claim("c2"));
    const again = await answerClaim(test_.reign, alice, claim("c1"));
    assert.equal(again?.kind, "wait");
    assert.equal(test_.reign.state.jobs.get(job)?.trial(1)?.attempts.at(-1)?.worker, bob);
  });

  test("a job's ended and open runs never exceed total_runs; a claim beyond them waits and says why", async () => {
    const test_ = new TestReign();
    test_.submit({ totalRuns: 2 });
    await answerClaim(test_.reign, alice, claim("c1"));
    await answerClaim(test_.reign, alice, claim("c2"));
    const third = await answerClaim(test_.reign, bob, claim("c3"));
    assert.ok(third?.kind === "wait" && third.reason === "job1 has started all its 2 runs, 2 still open");
  });

  test("a search's choice uses every result up to the claim's lastResultSeq", async () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 9 });
    await answerClaim(test_.reign, alice, claim("c1"));
    let answered = false;
    const second = answerClaim(test_.reign, alice, claim("c2", "boot", { lastResultSeq: 1 })).then((answer) => {
      answered = true;
      return answer;
    });
    await Promise.resolve();
    assert.equal(answered, false);
    judgeEvidence(test_.reign, test_.message(alice, job, 1, "result", 1, 3));
    assert.equal((await second)?.kind, "assigned");
    const kinds = test_.events.map(({ type }) => type);
    assert.deepEqual(kinds, ["led", "job", "assigned", "completed", "assigned"]);
  });

  test("a claim waits for no result that the broker no longer holds, as after a backup was put back", async () => {
    const test_ = new TestReign();
    test_.submit({ totalRuns: 9 });
    test_.lastEvidence = 0;
    const awake = setInterval(() => undefined, 1000); // a reign's own timers keep no process alive
    const answer = await answerClaim(test_.reign, alice, claim("c1", "boot", { lastResultSeq: 70 }));
    clearInterval(awake);
    assert.equal(answer?.kind, "assigned");
    assert.deepEqual(test_.waitsMs, [250], "the moment in which it might have been arriving, and no longer");
  });

  test("a deposed leader answers nothing", async () => {
    const test_ = new TestReign();
    test_.submit({ totalRuns: 2 });
    test_.leads = false;
    assert.equal(await answerClaim(test_.reign, alice, claim("c1")), undefined);
  });

  test("a worker started anew loses its older process's trials uncharged, and that process is refused", async () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 4 });
    await answerClaim(test_.reign, alice, claim("c1", "old"));
    const anew = await answerClaim(test_.reign, alice, claim("c2", "new"));
    assert.ok(anew?.kind === "assigned" && anew.n === 1 && anew.attempt === 2);
    const trial = test_.reign.state.jobs.get(job)?.trial(1);
    assert.equal(trial?.charged, 0);
    assert.equal((await answerClaim(test_.reign, alice, claim("c3", "old")))?.kind, "refused");
    const renewed = await answerRenewal(test_.reign, alice, {
      kind: "renew",
      bootId: "old",
      held: [{ job, n: 1, attempt: 1, iters: 0 }],
    });
    assert.equal(renewed?.verdicts[0]?.verdict, "stop");
  });

  test("an older process that renews its run does not take the place of the one that a new leader has heard", async () => {
    const first = new TestReign();
    const job = first.submit({ totalRuns: 4 });
    await answerClaim(first.reign, alice, claim("c1", "old"));
    const next = new TestReign(first.reign.state);
    const takes = { version: "test", slots: 4, targets: [], opportunistic: false, noCode: false };
    const held = [{ job, n: 1, attempt: 1, iters: 0 }];
    await answerRenewal(next.reign, alice, { kind: "renew", bootId: "new", held: [], lending: "frozen", takes });
    await answerRenewal(next.reign, alice, { kind: "renew", bootId: "old", held, takes });
    assert.equal(next.reign.presence.get(alice)?.bootId, "new");
  });

  test("a trial under which a worker had to start anew twice is charged for it", async () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 1, retries: 1 });
    for (let i = 1; i <= 4; i += 1) await answerClaim(test_.reign, alice, claim(`c${i}`, `boot${i}`));
    const trial = test_.reign.state.jobs.get(job)?.trial(1);
    // The first restart is free; of the two that follow, the trial survives one.
    assert.equal(trial?.status, "failed");
    assert.equal(trial.reason, "lost 2 times, last: alice started anew");
  });

  test("cores_per_run counts the runs of all jobs on a worker", async () => {
    const test_ = new TestReign();
    const broad = test_.submit({ totalRuns: 9, coresPerRun: 3 });
    const narrow = test_.submit({ totalRuns: 9, coresPerRun: 1 });
    const answers = [];
    for (let i = 0; i < 4; i += 1) answers.push(await answerClaim(test_.reign, alice, claim(`a${i}`)));
    assert.deepEqual(
      answers.map((answer) => (answer?.kind === "assigned" ? answer.job : answer?.kind)),
      [broad, narrow, "wait", "wait"],
    );
    const reason = answers[2]?.kind === "wait" ? answers[2].reason : "";
    assert.equal(
      reason,
      "alice has 4 slots, of which 4 are taken, and a run of job1 takes 3 (cores_per_run); " +
        "alice has 4 slots, of which 4 are taken, and a run of job2 takes 1 (cores_per_run)",
    );
  });

  test("cores_per_run bounds the runs of a job on one worker, and leaves at least one", async () => {
    const test_ = new TestReign();
    test_.submit({ totalRuns: 9, coresPerRun: 2 });
    const kinds: (string | undefined)[] = [];
    for (let i = 0; i < 3; i += 1) kinds.push((await answerClaim(test_.reign, alice, claim(`a${i}`)))?.kind);
    assert.deepEqual(kinds, ["assigned", "assigned", "wait"]);
    const small = await answerClaim(test_.reign, bob, claim("b", "boot", { slots: 1 }));
    assert.equal(small?.kind, "assigned");
  });

  test("jobs share slots by running trials, weighted by priority", async () => {
    const test_ = new TestReign();
    const light = test_.submit({ totalRuns: 100, priority: 1 });
    const heavy = test_.submit({ totalRuns: 100, priority: 3 });
    for (let i = 0; i < 40; i += 1) await answerClaim(test_.reign, alice, claim(`c${i}`, "boot", { slots: 40 }));
    assert.equal(test_.reign.state.jobs.get(light)?.running, 10);
    assert.equal(test_.reign.state.jobs.get(heavy)?.running, 30);
  });
});

describe("leases", () => {
  test("a silent worker loses its trial after one lease, charged; a renewal keeps it", async () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 2 });
    await answerClaim(test_.reign, alice, claim("c1"));
    await answerClaim(test_.reign, bob, claim("c2"));
    const upkeep = new Upkeep(test_.reign);
    for (let i = 0; i < 9; i += 1) {
      test_.now += leaseMs / 4;
      await answerRenewal(test_.reign, bob, {
        kind: "renew",
        bootId: "boot",
        held: [{ job, n: 2, attempt: 1, iters: 5 }],
      });
      upkeep.tick();
    }
    const table = test_.reign.state.jobs.get(job);
    assert.equal(table?.trial(1)?.status, "waiting");
    assert.equal(table?.trial(1)?.charged, 1);
    assert.equal(table?.trial(2)?.status, "running");
  });

  test("after the coordinator's own stall every lease gets a full period, and losing it is not charged", async () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 1 });
    await answerClaim(test_.reign, alice, claim("c1"));
    const upkeep = new Upkeep(test_.reign);
    test_.now += 10 * leaseMs;
    upkeep.tick();
    assert.equal(test_.reign.state.jobs.get(job)?.trial(1)?.status, "running");
    for (let i = 0; i < 5; i += 1) {
      test_.now += leaseMs / 4;
      upkeep.tick();
    }
    const trial = test_.reign.state.jobs.get(job)?.trial(1);
    assert.equal(trial?.status, "waiting");
    assert.equal(trial?.charged, 0);
  });

  test("nobody loses a trial while no question can reach the coordinator", async () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 1 });
    await answerClaim(test_.reign, alice, claim("c1"));
    let hears = false;
    const upkeep = new Upkeep(test_.reign, () => hears);
    const status = (): string | undefined => test_.reign.state.jobs.get(job)?.trial(1)?.status;
    const period = (): void => {
      for (let i = 0; i < 5; i += 1) {
        test_.now += leaseMs / 4;
        upkeep.tick();
      }
    };
    period();
    assert.equal(status(), "running");
    hears = true;
    upkeep.silenceWasOurs("it hears again");
    upkeep.tick();
    assert.equal(status(), "running");
    period();
    assert.equal(status(), "waiting");
  });

  test("an old holder back before anyone else took its trial goes on under a new attempt number", async () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 1 });
    await answerClaim(test_.reign, alice, claim("c1"));
    const upkeep = new Upkeep(test_.reign);
    for (let i = 0; i < 5; i += 1) {
      test_.now += leaseMs / 4;
      upkeep.tick();
    }
    const held = [{ job, n: 1, attempt: 1, iters: 7 }];
    const renewed = await answerRenewal(test_.reign, alice, { kind: "renew", bootId: "boot", held });
    assert.deepEqual(
      renewed?.verdicts.map(({ verdict, newAttempt }) => [verdict, newAttempt]),
      [["continue", 2]],
    );
    // The answer was lost: a worker that asks again with the old number gets the same.
    const again = await answerRenewal(test_.reign, alice, { kind: "renew", bootId: "boot", held });
    assert.deepEqual(
      again?.verdicts.map(({ verdict, newAttempt }) => [verdict, newAttempt]),
      [["continue", 2]],
    );
  });

  test("a holder goes on though the answer with its new number was lost, and the trial lost again", async () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 1 });
    await answerClaim(test_.reign, alice, claim("c1"));
    const upkeep = new Upkeep(test_.reign);
    const held = [{ job, n: 1, attempt: 1, iters: 7 }];
    const verdicts: unknown[] = [];
    for (let lost = 0; lost < 2; lost += 1) {
      for (let i = 0; i < 5; i += 1) {
        test_.now += leaseMs / 4;
        upkeep.tick();
      }
      const renewed = await answerRenewal(test_.reign, alice, { kind: "renew", bootId: "boot", held });
      verdicts.push(...(renewed?.verdicts ?? []).map(({ verdict, newAttempt }) => [verdict, newAttempt]));
    }
    assert.deepEqual(verdicts, [
      ["continue", 2],
      ["continue", 3],
    ]);
  });
});

describe("evidence", () => {
  test("a result of a run that had the same number before a backup was put back is not this run's", async () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 2 });
    await answerClaim(test_.reign, alice, claim("c1"));
    const told = (hpmax: number, claimed: string | undefined): void =>
      judgeEvidence(test_.reign, test_.message(alice, job, 1, "result", 1, hpmax, "", {}, claimed));
    told(9, "c-of-another-life");
    const table = test_.reign.state.jobs.get(job);
    assert.equal(test_.reign.dropped, 1);
    assert.equal(table?.trial(1)?.status, "running");
    told(4, "c1");
    assert.equal(table?.trial(1)?.hpmax, 4);
    // A worker of an earlier version names no claim.
    await answerClaim(test_.reign, alice, claim("c2"));
    judgeEvidence(test_.reign, test_.message(alice, job, 2, "result", 1, 5));
    assert.equal(table?.trial(2)?.hpmax, 5);
  });

  test("the first result of a named holder counts, later ones are late; strangers are dropped", async () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 1 });
    await answerClaim(test_.reign, alice, claim("c1"));
    judgeEvidence(test_.reign, test_.message(bob, job, 1, "result", 1, 9));
    assert.equal(test_.reign.dropped, 1);
    judgeEvidence(test_.reign, test_.message(alice, job, 1, "result", 1, 4));
    judgeEvidence(test_.reign, test_.message(alice, job, 1, "result", 1, 5));
    const table = test_.reign.state.jobs.get(job);
    assert.equal(table?.trial(1)?.hpmax, 4);
    assert.equal(table?.late, 1);
    assert.equal(table?.ended, 1);
    assert.equal(table?.state, "completed");
  });

  test("a job whose own code always fails benches nobody", async () => {
    const test_ = new TestReign();
    const good = test_.submit({ totalRuns: 1 });
    await answerClaim(test_.reign, bob, claim("b1"));
    judgeEvidence(test_.reign, test_.message(bob, good, 1, "result", 1, 1));
    const bad = test_.submit({ totalRuns: 9 });
    for (let n = 1; n <= 4; n += 1) {
      assert.equal((await answerClaim(test_.reign, alice, claim(`a${n}`)))?.kind, "assigned");
      judgeEvidence(test_.reign, test_.message(alice, bad, n, "failed", 1));
    }
    assert.equal(test_.reign.state.workers.get(alice)?.state, "admitted");
  });

  test("three failures in a row on one worker while others succeed bench it", async () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 9 });
    await answerClaim(test_.reign, bob, claim("b1"));
    judgeEvidence(test_.reign, test_.message(bob, job, 1, "result", 1, 1));
    for (let n = 2; n <= 4; n += 1) {
      await answerClaim(test_.reign, alice, claim(`a${n}`));
      judgeEvidence(test_.reign, test_.message(alice, job, n, "failed", 1));
    }
    const refused = await answerClaim(test_.reign, alice, claim("a9"));
    assert.ok(
      refused?.kind === "refused" && /benched: its last 3 runs failed while others succeed/.test(refused.reason),
    );
  });

  test("where every third run fails anyway, three failures in a row bench nobody, but eight do", async () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 60 });
    let n = 0;
    const end = async (worker: typeof alice, kind: "result" | "failed"): Promise<void> => {
      n += 1;
      await answerClaim(test_.reign, worker, claim(`c${n}`));
      judgeEvidence(test_.reign, test_.message(worker, job, n, kind, 1, 1));
    };
    for (let i = 0; i < 10; i += 1) for (const kind of ["result", "failed", "result"] as const) await end(bob, kind);
    const state = () => test_.reign.state.workers.get(alice)?.state;
    for (let i = 0; i < 7; i += 1) await end(alice, "failed");
    assert.equal(state(), "admitted");
    await end(alice, "failed");
    assert.equal(state(), "benched");
  });

  test("runs that fail again on the next worker bench no other", async () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 9 });
    for (const [n, worker] of [
      [1, bob],
      [2, alice],
    ] as const) {
      await answerClaim(test_.reign, worker, claim(`ok${n}`));
      judgeEvidence(test_.reign, test_.message(worker, job, n, "result", 1, 1));
    }
    for (const [attempt, worker] of [
      [1, alice],
      [2, bob],
    ] as const)
      for (let n = 3; n <= 5; n += 1) {
        await answerClaim(test_.reign, worker, claim(`${worker}${n}`));
        judgeEvidence(test_.reign, test_.message(worker, job, n, "failed", attempt));
      }
    const { workers, jobs } = test_.reign.state;
    assert.equal(jobs.get(job)?.outcomes.failed, 3);
    assert.deepEqual([workers.get(alice)?.state, workers.get(bob)?.state], ["benched", "admitted"]);
  });
});
