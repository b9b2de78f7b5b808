import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { InviteCare } from "../../../../../coordinator/leader/invite-care.ts";
import { enrolWorker } from "../../../../../coordinator/leader/orders/enrolment.ts";
import { cutOff } from "../../../../../coordinator/leader/rules/quotas.ts";
import { answerClaim } from "../../../../../coordinator/leader/workers/search-loop.ts";
import { inviteKey, newInviteCode } from "../../../../../shared/broker/access/invite-code.ts";
import { newUserPair, signAs } from "../../../../../shared/broker/nkey.ts";
import { restoreSnapshot, takeSnapshot } from "../../../../../shared/domain/fold/snapshot.ts";
import type { WorkerId } from "../../../../../shared/domain/names.ts";
import { type Enrolment, enrolmentText } from "../../../../../shared/wire/messages.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../../../shared/wire/snapshots.ts";
import { alice, bob, Story } from "../../../../support/stories/control-story.ts";
import { Door, hourMs, refusal, signedEnrolment } from "../../../../support/stories/enrolments.ts";
import { claim, leaseMs, plain } from "../../../../support/stories/reign.ts";

describe("a machine that holds a code", () => {
  test("a machine joins once the broker was told, under its name or with a number", async () => {
    const door = await Door.open();
    const told = door.story.test.published;
    assert.equal((await door.enrol(signedEnrolment(door.code, "lab")))?.name, "lab");
    assert.equal((await door.enrol(signedEnrolment(door.code, "lab")))?.name, "lab-2");
    assert.deepEqual(door.workers, ["lab", "lab-2"]);
    assert.equal(door.story.test.published, told + 2);
    assert.equal(door.story.test.reign.state.invites.get(door.invite)?.used, 2);
    door.story.check();
  });

  test("a repeated enrolment gets the same answer, also from the next leader, and uses its invitation once", async () => {
    const door = await Door.open({ uses: 1 });
    const asked = signedEnrolment(door.code, "lab");
    for (let i = 0; i < 3; i += 1) assert.equal((await door.enrol(asked))?.name, "lab");
    assert.deepEqual(door.workers, ["lab"]);
    const next = new Story({}, door.story.test.reign.state, door.story.job);
    assert.equal((await enrolWorker(next.test.reign, door.invite, asked))?.name, "lab");
    assert.deepEqual(
      next.test.events.map(({ type }) => type),
      ["led"],
    );
  });

  test("a machine cannot enrol another's key, nor change what was signed", async () => {
    const door = await Door.open();
    const pair = newUserPair();
    const good = signedEnrolment(door.code, "lab", { pair });
    const text = enrolmentText(good);
    const other = newUserPair();
    const bad: readonly Enrolment[] = [
      { ...good, worker: bob },
      { ...good, host: "elsewhere" },
      { ...good, op: "another" },
      { ...good, publicKey: other.publicKey },
      { ...good, inviteProof: new Uint8Array(0) },
      { ...good, inviteProof: signAs(other.seed, text) },
      { ...good, ownProof: new Uint8Array(64) },
      { ...good, ownProof: signAs(other.seed, text) },
      { ...good, ownProof: good.inviteProof, inviteProof: good.ownProof },
    ];
    for (const enrolment of bad)
      assert.match(refusal(await door.enrol(enrolment)), /is not signed with the code's key/);
    assert.deepEqual(door.workers, []);
    assert.equal((await door.enrol(good))?.ok, true);
  });

  test("a machine cannot enrol by another invitation's subject, or by one that is not there", async () => {
    const door = await Door.open();
    const other = newInviteCode(hourMs);
    const { publicKey, id } = inviteKey(other);
    await door.ask({ kind: "invite", publicKey });
    assert.match(refusal(await door.enrol(signedEnrolment(door.code, "lab"), id)), /there is no invitation/);
    assert.match(refusal(await door.enrol(signedEnrolment(other, "lab"))), /there is no invitation/);
    assert.match(
      refusal(await door.enrol(signedEnrolment(newInviteCode(hourMs), "lab"), "aaaaaaaa")),
      /there is no invitation aaaaaaaa/,
    );
    const hostile = refusal(await door.enrol(signedEnrolment(door.code, "lab"), "\u001b[2J"));
    assert.ok(!hostile.includes("\u001b"));
    assert.deepEqual(door.workers, []);
  });

  test("a machine with a key of a wrong checksum, or a reserved name, is not enrolled", async () => {
    const door = await Door.open();
    const pair = newUserPair();
    const broken = { ...pair, publicKey: pair.publicKey.slice(0, -1) + (pair.publicKey.endsWith("A") ? "B" : "A") };
    refusal(await door.enrol(signedEnrolment(door.code, "lab", { pair: broken })));
    assert.match(refusal(await door.enrol(signedEnrolment(door.code, "all"))), /is reserved/);
    assert.deepEqual(door.workers, []);
  });
});

describe("an invitation", () => {
  test("an invitation is over once it is used up: at once for others, for the broker a little later", async () => {
    const door = await Door.open({ uses: 2 });
    for (const name of ["a", "b"]) assert.equal((await door.enrol(signedEnrolment(door.code, name)))?.ok, true);
    assert.match(
      refusal(await door.enrol(signedEnrolment(door.code, "c"))),
      /it was for 2 machines, and is used up\n {2}ask for a new line/,
    );
    door.care.look();
    assert.equal(door.ended, "");
    door.story.test.now += 31_000;
    assert.equal(door.care.look(), true);
    assert.equal(door.ended, "it was for 2 machines, and is used up");
    assert.equal(door.care.look(), false);
    door.story.check();
  });

  test("an invitation expires by the leader's clock, and stays over when that is set back", async () => {
    const door = await Door.open();
    door.story.test.now = hourMs;
    assert.match(refusal(await door.enrol(signedEnrolment(door.code, "lab"))), /it expired at 1970-01-01T01:00/);
    assert.equal(door.care.look(), true);
    door.story.test.now = 0;
    assert.match(refusal(await door.enrol(signedEnrolment(door.code, "lab"))), /it expired at/);
    assert.match(refusal(await door.ask({ kind: "invite" })), /is over: it expired/);
    door.story.check();
  });

  test("an invitation is made once, and withdrawn once", async () => {
    const door = await Door.open();
    const before = door.story.test.events.length;
    assert.equal((await door.ask({ kind: "invite" })).name, door.invite);
    assert.equal(door.story.test.events.length, before);
    const told = door.story.test.published;
    const withdrawn = await door.story.order({ kind: "withdraw", invite: door.invite });
    assert.equal(withdrawn.reason, "withdrawn; nobody joined with it");
    assert.equal(door.story.test.published, told + 1);
    assert.match(
      (await door.story.order({ kind: "withdraw", invite: door.invite })).reason,
      /over already: withdrawn by/,
    );
    assert.equal((await door.story.order({ kind: "withdraw", invite: "aaaaaaaa" })).code, "not found");
    assert.match(refusal(await door.enrol(signedEnrolment(door.code, "lab"))), /is over: withdrawn by andreas/);
    door.story.check();
  });

  test("an invitation that makes no sense is refused", async () => {
    const door = await Door.open();
    const fresh = (): string => inviteKey(newInviteCode(hourMs)).publicKey;
    const bad: readonly [object, RegExp][] = [
      [{ publicKey: "U".repeat(56) }, /needs the public key/],
      [{ publicKey: fresh(), expiresAt: 999 }, /one of the clocks is wrong/],
      [{ publicKey: fresh(), expiresAt: 400 * 24 * hourMs }, /from a minute to 366 days/],
      [{ publicKey: fresh(), uses: 10_001 }, /at most 10000/],
      [{ publicKey: fresh(), targets: ["a b"] }, /expected names of letters/],
    ];
    door.story.test.now = 1000;
    for (const [fields, why] of bad) assert.match(refusal(await door.ask({ kind: "invite", ...fields })), why);
  });

  test("an invitation limits what its workers may serve, and the leader cuts their claims to that", async () => {
    const door = await Door.open({ targets: ["gpu", "big"] });
    const gpu = door.story.job;
    assert.ok(gpu);
    await door.enrol(signedEnrolment(door.code, "lab"));
    const lab = "lab" as WorkerId;
    assert.deepEqual(door.story.test.reign.state.workers.get(lab)?.pools, ["gpu", "big"]);
    const { reign } = door.story.test;
    const cpuJob = door.story.test.submit({ computeTarget: "cpu", totalRuns: 5 });
    const jobOf = async (id: string, targets: readonly string[]): Promise<string | undefined> => {
      const answer = await answerClaim(reign, lab, claim(id, "boot", { targets }));
      return answer?.kind === "assigned" ? answer.job : answer && "reason" in answer ? answer.reason : undefined;
    };
    const given = new Set<string | undefined>();
    for (let i = 0; i < 6; i += 1) given.add(await jobOf(`c${i}`, i % 2 === 0 ? [] : ["gpu", "cpu"]));
    assert.ok(!given.has(cpuJob), "it would serve cpu, but was not invited for that");
    assert.ok(given.has(gpu), "what is for no pool is for everybody");
    assert.match(
      (await jobOf("c9", ["cpu"])) ?? "",
      /lab serves cpu, but was invited for gpu, big; start it again: nexus-worker --target gpu,big/,
    );
    door.story.check();
  });

  test("the coordinator's own invitation is made once, and made anew at once if it was withdrawn", () => {
    const story = new Story();
    const codes = [newInviteCode(hourMs), newInviteCode(hourMs)];
    let at = 0;
    const care = new InviteCare(
      story.test.reign,
      (_, isOver) => {
        if (isOver(inviteKey(codes[at] ?? "").id)) at += 1;
        return { publicKey: inviteKey(codes[at] ?? "").publicKey, expiresAt: hourMs, line: "lab1" };
      },
      () => undefined,
    );
    assert.equal(care.look(), true);
    assert.equal(care.look(), false);
    const [first] = story.test.reign.state.invites.values();
    assert.deepEqual([first?.line, first?.uses, first?.by], ["lab1", null, "coordinator"]);
    assert.ok(first);
    void story.test.reign.record({ type: "invite-ended", invite: first.id, reason: "withdrawn", by: "ann", op: "o1" });
    assert.equal(care.look(), true);
    assert.equal([...story.test.reign.state.invites.values()].filter(({ ended }) => ended === "").length, 1);
    story.check();
  });

  test("an invitation is remembered for a while after its end", async () => {
    const story = new Story();
    for (let i = 0; i < 105; i += 1) {
      const { publicKey, id } = inviteKey(newInviteCode(hourMs));
      await story.order({ kind: "invite", publicKey, expiresAt: hourMs, uses: 1, targets: [] });
      await story.order({ kind: "withdraw", invite: id });
    }
    assert.equal(story.test.reign.state.invites.size, 100);
    story.check();
  });
});

test("a snapshot keeps invitations, and what workers may serve", async () => {
  const door = await Door.open({ uses: 3, targets: ["gpu"] });
  await door.enrol(signedEnrolment(door.code, "lab"));
  await door.story.order({ kind: "withdraw", invite: door.invite });
  const { state } = door.story.test.reign;
  assert.deepEqual(plain(decodeSnapshot(encodeSnapshot(takeSnapshot(state)))), plain(state));
  // Earlier versions knew neither invitations nor pools.
  const { invites: _, workers, ...rest } = takeSnapshot(state);
  const old = { ...rest, workers: workers.map(({ invite: __, pools: ___, ...worker }) => worker) };
  const restored = restoreSnapshot(old);
  assert.equal(restored.invites.size, 0);
  assert.deepEqual(restored.workers.get("lab" as WorkerId)?.pools, []);
});

describe("a worker that is cut off", () => {
  test("a flooder's invitation ends with it; others that joined by it stay, and the journal says why", async () => {
    const door = await Door.open();
    for (const id of ["mal", "bob"]) await door.enrol(signedEnrolment(door.code, id));
    const { state } = door.story.test.reign;
    cutOff(door.story.test.reign, "mal" as WorkerId, "it sent far more than 6000 messages a second");
    const why = "it sent far more than 6000 messages a second";
    assert.equal(door.ended, `mal, which had joined with it, was cut off: ${why}`);
    assert.equal(
      state.workers.get("mal" as WorkerId)?.reason,
      `${why}; the invitation that it came by, ${door.invite}, is withdrawn`,
    );
    assert.equal(state.workers.get(bob)?.state, "admitted");
    assert.match(refusal(await door.enrol(signedEnrolment(door.code, "mal2"))), /is over: mal, which had joined/);
    assert.equal((await door.story.order({ kind: "admit", worker: "mal" })).ok, true);
    assert.match(door.ended, /^mal, which/, "who is let in again brings nobody along");
    door.story.check();
  });

  test("the second worker of an invitation that fills the store ends it, not the first, which may be honest", async () => {
    const door = await Door.open();
    const { reign } = door.story.test;
    for (const id of ["mal1", "mal2"]) {
      assert.equal(door.ended, "");
      await door.enrol(signedEnrolment(door.code, id));
      cutOff(reign, id as WorkerId, "it has stored 2 GB of messages, where 1 GB are allowed", "fills");
      assert.equal(reign.state.workers.get(id as WorkerId)?.isCutOff, true);
    }
    assert.match(door.ended, /^mal2, which had joined with it, was cut off: it has stored 2 GB/);
    door.story.check();
  });
});

describe("a worker that is revoked", () => {
  test("a revoked worker loses runs uncharged, and its invitation; the broker hears before the answer", async () => {
    const door = await Door.open();
    await door.enrol(signedEnrolment(door.code, alice));
    const { story } = door;
    assert.equal(await story.claim(), 1);
    const told = story.test.published;
    const { ok, reason } = await story.order({ kind: "revoke", worker: alice, reason: "not ours" });
    assert.equal(ok, true);
    assert.equal(
      reason,
      `cut off, and its key opens nothing any more; 1 run goes to other workers; the invitation that it came by, ${door.invite}, is withdrawn`,
    );
    assert.equal(story.test.published, told + 1);
    assert.equal(door.ended, "alice, which had joined with it, was revoked by andreas");
    assert.equal(await story.claim(bob), 1);
    assert.deepEqual([story.table.trial(1)?.charged, story.table.reclaimed], [0, 1]);
    assert.equal(await story.claim(), "refused: alice was revoked: not ours");
    assert.equal(await story.renew(alice, 1), "stop");
    assert.match((await story.order({ kind: "admit", worker: alice })).reason, /was revoked/);
    assert.match((await story.order({ kind: "revoke", worker: alice })).reason, /revoked already: not ours/);
    story.check();
  });

  test("a failure that a revoked worker sends does not end a trial that another is to try", async () => {
    const { story } = await Door.open();
    assert.equal(await story.claim(), 1);
    await story.order({ kind: "revoke", worker: alice });
    story.say(alice, 1, "failed");
    assert.equal(story.table.trial(1)?.status, "waiting");
    story.check();
  });

  test("a revoked worker cannot come back by name or key; once it is forgotten, its name is free", async () => {
    const door = await Door.open();
    const pair = newUserPair();
    await door.enrol(signedEnrolment(door.code, "mal", { pair }));
    await door.story.order({ kind: "revoke", worker: "mal" });
    const code = newInviteCode(hourMs);
    const { publicKey, id } = inviteKey(code);
    await door.ask({ kind: "invite", publicKey });
    assert.match(
      refusal(await door.enrol(signedEnrolment(code, "mal"), id)),
      /mal was revoked.*\n.*nexus workers forget mal/,
    );
    assert.match(refusal(await door.enrol(signedEnrolment(code, "other", { pair }), id)), /mal was revoked/);
    assert.equal((await door.story.order({ kind: "forget", worker: "mal" })).ok, true);
    assert.equal((await door.enrol(signedEnrolment(code, "mal"), id))?.name, "mal");
    door.story.check();
  });
});

describe("a worker that is forgotten", () => {
  test("a forgotten worker leaves lists and broker; its results stay, and no more of them come", async () => {
    const { story } = await Door.open();
    assert.equal(await story.claim(), 1);
    story.say(alice, 1, "result");
    assert.equal(await story.claim(), 2);
    assert.match(
      (await story.order({ kind: "forget", worker: alice })).reason,
      /alice holds 1 run\n.*nexus workers revoke alice/,
    );
    await story.order({ kind: "revoke", worker: alice });
    const told = story.test.published;
    assert.equal((await story.order({ kind: "forget", worker: alice })).ok, true);
    assert.equal(story.test.published, told + 1);
    assert.equal(story.test.reign.state.workers.has(alice), false);
    assert.equal(story.table.outcomes.completed, 1);
    story.say(alice, 2, "result");
    assert.equal(story.table.outcomes.completed, 1);
    assert.equal(story.test.reign.state.workers.has(alice), false);
    assert.equal((await story.order({ kind: "forget", worker: alice })).code, "not found");
    story.check();
  });

  test("a result of a worker that fell silent counts, also if it comes after the worker was forgotten", async () => {
    const { story } = await Door.open();
    assert.equal(await story.claim(), 1);
    story.wait(60_000);
    assert.equal((await story.order({ kind: "forget", worker: alice })).ok, true);
    story.say(alice, 1, "result");
    assert.equal(story.table.outcomes.completed, 1);
    assert.equal(story.test.reign.state.workers.has(alice), false);
    story.check();
  });

  test("a worker is forgotten only after a lease of silence, unless it was revoked", async () => {
    const { story } = await Door.open();
    assert.equal(await story.claim(), 1);
    story.say(alice, 1, "result");
    assert.match(
      (await story.order({ kind: "forget", worker: alice })).reason,
      /alice was heard of 0 s ago, so it is still there\n/,
    );
    story.test.now += leaseMs;
    assert.equal((await story.order({ kind: "forget", worker: alice })).ok, true);
    story.check();
  });

  test("an order to revoke or forget a worker that is repeated is carried out once", async () => {
    const { story } = await Door.open();
    await story.order({ kind: "revoke", worker: bob });
    assert.equal((await story.order({ kind: "revoke", worker: bob })).code, "not found");
    await story.claim(bob);
    story.say(bob, 1, "result");
    await story.order({ kind: "revoke", worker: bob }, "same");
    await story.order({ kind: "forget", worker: bob }, "f");
    assert.equal((await story.order({ kind: "forget", worker: bob }, "f")).ok, true);
    story.check();
  });
});
