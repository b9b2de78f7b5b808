import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { enrolWorker } from "../../../../coordinator/leader/orders/enrolment.ts";
import { Reign } from "../../../../coordinator/leader/reign/reign.ts";
import { judgeEvidence } from "../../../../coordinator/leader/workers/evidence.ts";
import { answerClaim } from "../../../../coordinator/leader/workers/search-loop.ts";
import { inviteKey, newInviteCode } from "../../../../shared/broker/access/invite-code.ts";
import type { WorkerId } from "../../../../shared/domain/names.ts";
import { alice, bob, Story } from "../../../support/stories/control-story.ts";
import { signedEnrolment } from "../../../support/stories/enrolments.ts";
import { claim, leaseMs } from "../../../support/stories/reign.ts";

describe("a sick worker", () => {
  /** Bob completes a run; alice fails at three more, and holds a fourth. */
  async function sick(kind: "failed" | "result" = "failed", totalRuns = 9): Promise<Story> {
    const story = new Story({ totalRuns });
    await story.claim(bob);
    story.say(bob, 1, "result");
    for (const n of [2, 3, 4, 5]) assert.equal(await story.claim(), n);
    for (const n of [2, 3, 4]) story.say(alice, n, kind, Number.NaN);
    return story;
  }

  for (const kind of ["failed", "result"] as const) {
    test(`a worker with three bad runs in a row (${kind}) is benched; its trials go elsewhere, uncharged`, async () => {
      const story = await sick(kind);
      assert.equal(story.test.reign.state.workers.get(alice)?.state, "benched");
      story.wait(10);
      assert.deepEqual([...story.table.waiting], [2, 3, 4, 5]);
      assert.deepEqual([story.table.ended, story.table.outcomes.failed, story.table.reopened], [1, 0, 3]);
      assert.deepEqual([story.table.lost, story.table.reclaimed], [1, 0]);
      assert.ok([...story.table.trials].every(({ charged }) => charged === 0));
      assert.equal(story.table.runSets.totals.inFlight, 4);
      assert.match(String(await story.claim()), /^refused: alice is benched: its last 3 runs failed/);
      assert.equal(await story.renew(alice, 5), "stop");
      for (const n of [2, 3, 4, 5]) assert.equal(await story.claim(bob), n);
      story.say(bob, 2, "failed");
      assert.equal(story.table.outcomes.failed, 1);
      story.check();
    });
  }

  test("a job goes on if the failure that would have ended it benches its worker", async () => {
    const story = await sick("failed", 5);
    story.wait(10);
    assert.equal(story.table.state, "searching");
    for (const n of [2, 3, 4, 5]) {
      assert.equal(await story.claim(bob), n);
      story.say(bob, n, "result");
    }
    assert.equal(story.table.state, "completed");
    assert.equal(story.table.outcomes.completed, 5);
    story.check();
  });

  test("a worker that failed before, also under another leader, is benched when another completes a run", async () => {
    const story = new Story({ totalRuns: 6 });
    assert.equal(await story.claim(bob), 1);
    for (let n = 2; n <= 6; n += 1) {
      assert.equal(await story.claim(alice), n);
      story.say(alice, n, "failed");
    }
    assert.equal(story.test.reign.state.workers.get(alice)?.state, "admitted");
    assert.deepEqual([story.table.ended, story.table.outcomes.failed], [5, 5]);
    const { failing } = new Reign(story.test.reign.state, 9, 30_000, story.test.reign.ports, () => undefined);
    assert.deepEqual([...failing], [alice]);
    story.say(bob, 1, "result");
    assert.equal(story.test.reign.state.workers.get(alice)?.state, "benched");
    assert.deepEqual([story.table.state, story.table.outcomes.failed, story.table.reopened], ["searching", 0, 5]);
    for (const n of [2, 3, 4, 5, 6]) {
      assert.equal(await story.claim(bob), n);
      story.say(bob, n, "result");
    }
    assert.deepEqual([story.table.state, story.table.outcomes.completed], ["completed", 6]);
    story.check();
  });

  test("a benched worker stays benched when it enrols again, and works again once admitted", async () => {
    const story = await sick();
    const code = newInviteCode(60_000);
    await story.order({
      kind: "invite",
      publicKey: inviteKey(code).publicKey,
      expiresAt: 60_000,
      uses: 1,
      targets: [],
    });
    const { id } = inviteKey(code);
    const answer = await enrolWorker(story.test.reign, id, signedEnrolment(code, alice));
    assert.equal(answer?.ok, true);
    assert.equal(story.test.reign.state.workers.get(alice)?.state, "benched");
    assert.equal((await story.order({ kind: "admit", worker: alice })).ok, true);
    assert.equal(typeof (await story.claim()), "number");
    // The count of failures in a row begins anew.
    story.say(alice, 2, "failed");
    assert.equal(story.test.reign.state.workers.get(alice)?.state, "admitted");
    story.check();
  });

  test("a failure that a worker tells after it was benched is not counted", async () => {
    const story = await sick();
    story.say(alice, 5, "failed");
    assert.equal(story.table.trial(5)?.status, "waiting");
    assert.equal(story.table.trial(5)?.charged, 0);
  });

  test("a worker can be benched by hand, and its run goes to others, uncharged", async () => {
    const story = new Story({ totalRuns: 9 });
    await story.claim();
    const { reason } = await story.order({ kind: "bench", worker: alice });
    assert.equal(reason, "it gets no runs until it is admitted; its run goes to other workers");
    assert.equal(await story.claim(bob), 1);
    assert.equal(story.table.trial(1)?.charged, 0);
    // Runs that a person takes away are reclaimed: no machine was lost.
    assert.deepEqual([story.table.lost, story.table.reclaimed], [0, 1]);
    story.check();
  });
});

describe("outcomes", () => {
  test("a run that kills its runner every time fails after its retries, with its last console lines", async () => {
    const story = new Story({ totalRuns: 1, retries: 2 });
    for (let i = 0; i < 3; i += 1) {
      const worker = i % 2 === 0 ? alice : bob;
      assert.equal(await story.claim(worker), 1);
      const message = story.test.message(worker, story.job, 1, "died", i + 1);
      judgeEvidence(story.test.reign, message);
    }
    const [trial] = story.table.trials;
    assert.equal(trial?.status, "failed");
    assert.match(trial?.reason ?? "", /^lost 3 times, last: the runner died/);
    assert.equal(trial?.console, "last line 3\n");
    assert.deepEqual([story.table.lost, story.table.outcomes.failed, story.table.state], [2, 1, "completed"]);
    story.check();
  });

  test("the journal keeps the last whole lines of a failed run's console", async () => {
    const story = new Story({ totalRuns: 1 });
    await story.claim();
    const text = Array.from({ length: 400 }, (_, i) => `line ${i}\n`).join("");
    judgeEvidence(story.test.reign, story.test.message(alice, story.job, 1, "failed", 1, 0, text));
    const console = story.table.trial(1)?.console ?? "";
    assert.ok(console.length <= 1500 && console.startsWith("line ") && console.endsWith("line 399\n"));
  });

  test("a hand-back or failure with an older attempt number of the same stay is heard", async () => {
    for (const [kind, status] of [
      ["released", "waiting"],
      ["failed", "failed"],
    ] as const) {
      const story = new Story({ totalRuns: 3 });
      await story.claim();
      story.wait(2 * leaseMs);
      assert.equal(await story.renew(alice, 1), "continue");
      assert.equal(story.table.trial(1)?.attempts.length, 2);
      story.say(alice, 1, kind, 1, 1);
      assert.equal(story.table.trial(1)?.status, status);
      story.check();
    }
  });

  test("a hand-back or failure of another stay is not heard", async () => {
    const story = new Story({ totalRuns: 3 });
    await story.claim();
    story.wait(2 * leaseMs);
    assert.equal(await story.claim(bob), 1);
    story.say(alice, 1, "failed", 1, 1);
    story.say(alice, 1, "released", 1, 1);
    assert.equal(story.table.trial(1)?.status, "running");
  });

  test("the answer to a claim names the attempt that was granted, whatever happens while it is stored", async () => {
    const story = new Story({ totalRuns: 3 });
    let stored: () => void = () => undefined;
    story.test.storing = new Promise((resolve) => {
      stored = resolve;
    });
    const asked = [answerClaim(story.test.reign, alice, claim("x"))];
    while (story.table.trials.length < 1) await Promise.resolve();
    // The worker asks again, before and after the trial has moved on.
    asked.push(answerClaim(story.test.reign, alice, claim("x")));
    for (let i = 0; i < 5; i += 1) await Promise.resolve();
    story.say(alice, 1, "released");
    asked.push(answerClaim(story.test.reign, bob, claim("y")));
    while (story.table.trial(1)?.attempts.length === 1) await Promise.resolve();
    asked.push(answerClaim(story.test.reign, alice, claim("x")));
    stored();
    const answers = await Promise.all(asked);
    assert.deepEqual(
      answers.map((answer) => (answer?.kind === "assigned" ? answer.attempt : answer?.kind)),
      [1, 1, 2, "wait"],
    );
    assert.equal(story.test.reign.leases.of(story.job, 1)?.worker, bob);
  });

  test("a job has at most a thousand metric columns, a worker three hundred of them", async () => {
    const story = new Story({ totalRuns: 30 });
    const result = async (worker: WorkerId, n: number): Promise<void> => {
      await story.claim(worker);
      const metrics = Object.fromEntries(Array.from({ length: 99 }, (_, i) => [`s1-m${n}x${i}`, i]));
      const message = story.test.message(worker, story.job, n, "result", 1, 1, "", { "s1-val": n, ...metrics });
      judgeEvidence(story.test.reign, message);
    };
    for (let n = 1; n <= 10; n += 1) await result(alice, n);
    assert.equal(story.table.columns.length, 300);
    for (let n = 11; n <= 20; n += 1) await result([bob, "carol", "dave"][n % 3] as WorkerId, n);
    assert.equal(story.table.columns.length, 1000);
    await result("eve" as WorkerId, 21);
    assert.equal(story.table.trial(21)?.metrics[0], 21);
    const last = story.test.events.at(-1);
    assert.deepEqual(last?.type === "completed" && Object.keys(last.metrics), ["s1-val"]);
    story.check();
  });

  test("idle workers are woken when a place of compute_nodes stays free", async () => {
    const story = new Story({ totalRuns: 9, computeNodes: 1 });
    await story.claim();
    assert.match(String(await story.claim(bob)), /runs on its 1 node already/);
    story.wait(10);
    story.test.told.length = 0;
    story.say(alice, 1, "result");
    assert.deepEqual(story.test.told, []);
    story.wait(10);
    assert.deepEqual(story.test.told, [{ worker: null, kind: "work" }]);
    assert.equal(await story.claim(bob), 2);
  });
});
