import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { carryOut } from "../../../../../coordinator/leader/orders/orders.ts";
import { resumePurges } from "../../../../../coordinator/leader/orders/resume-purges.ts";
import { evidenceToPurge, piecesToPurge } from "../../../../../coordinator/leader/orders/what-to-purge.ts";
import { judgeEvidence } from "../../../../../coordinator/leader/workers/evidence.ts";
import { answerClaim } from "../../../../../coordinator/leader/workers/search-loop.ts";
import { EvidenceGaps } from "../../../../../shared/broker/store/evidence-gaps.ts";
import type { JournalEvent } from "../../../../../shared/domain/fold/events.ts";
import { restoreSnapshot, takeSnapshot } from "../../../../../shared/domain/fold/snapshot.ts";
import { apply, emptyWorkspace } from "../../../../../shared/domain/fold/workspace-state.ts";
import { InvariantCheck } from "../../../../../shared/domain/invariants/invariants.ts";
import type { JobName, WorkerId } from "../../../../../shared/domain/names.ts";
import type { Bus, StoredMessage } from "../../../../../shared/ports.ts";
import type { OrderAnswer } from "../../../../../shared/wire/messages.ts";
import { encodeEvents } from "../../../../../shared/wire/messages.ts";
import { eventually } from "../../../../support/patience.ts";
import { claim, TestReign } from "../../../../support/stories/reign.ts";
import { SubjectStore } from "../../../../support/stories/subject-store.ts";

const mal = "mal" as WorkerId;
const bob = "bob" as WorkerId;

/** mal completed trial 1, lost trial 2 to bob, who completed it; trial 3 waits, after mal held it. */
async function story(): Promise<{ readonly test: TestReign; readonly store: SubjectStore }> {
  const test = new TestReign();
  const store = new SubjectStore();
  test.purger = store;
  test.lastEvidence = 90;
  const job = test.submit({ totalRuns: 10 });
  const take = async (worker: WorkerId, id: string): Promise<void> => {
    await answerClaim(test.reign, worker, claim(id, `boot-${worker}`));
  };
  for (const id of ["a", "b", "c"]) await take(mal, id);
  judgeEvidence(test.reign, test.message(mal, job, 1, "result", 1));
  judgeEvidence(test.reign, test.message(mal, job, 2, "released", 1));
  judgeEvidence(test.reign, test.message(mal, job, 3, "released", 1));
  await take(bob, "d");
  judgeEvidence(test.reign, test.message(bob, job, 2, "result", 2));
  return { test, store };
}

const order = (test: TestReign, kind: "bench" | "admit" | "purge", op: string, all = false): Promise<OrderAnswer> =>
  carryOut(test.reign, "ann", kind === "purge" ? { kind, op, worker: mal, all } : { kind, op, worker: mal }, () => 1);

const purgesIn = (test: TestReign): unknown[] =>
  test.events.flatMap((event) => (event.type === "worker-purged" ? [[event.before, event.messages, event.op]] : []));

describe("nexus purge worker", () => {
  test("nexus purge worker refuses a worker that works, or that nobody knows", async () => {
    const { test: it } = await story();
    assert.match((await order(it, "purge", "1")).reason, /mal works here, .*nexus bench mal.*nexus workers revoke mal/);
    const unknown = await carryOut(
      it.reign,
      "ann",
      { kind: "purge", op: "2", worker: "eve" as WorkerId, all: true },
      () => 1,
    );
    assert.equal(unknown.code, "not found");
    assert.deepEqual(purgesIn(it), []);
  });

  test("a purge is journalled before anything is deleted, and then how much is gone", async () => {
    const { test: it, store } = await story();
    await order(it, "bench", "1");
    store.subjects = ["ev.mal.job1.4.report", "ev.mal.x", "ck.mal.job1.3.1.state-1.0"];
    let stored = (): void => undefined;
    it.storing = new Promise((resolve) => {
      stored = resolve;
    });
    const answer = order(it, "purge", "2");
    await eventually("it is in the journal", () => purgesIn(it).length === 1);
    resumePurges(it.reign);
    assert.deepEqual(store.asked, []);
    stored();
    assert.equal((await answer).reason, "2 messages and 1 piece of states and files deleted");
    assert.deepEqual(purgesIn(it), [
      [90, null, "2"],
      [90, 2, ""],
    ]);
    assert.deepEqual(store.asked, ["ev.mal.> before 90", "ck.mal.>"]);
    // The same order again does nothing.
    assert.equal((await order(it, "purge", "2")).reason, "it was deleted");
    assert.equal(purgesIn(it).length, 2);
    assert.deepEqual(it.reign.state.purges, { messages: 2, before: 90, open: [], deleting: [] });
  });

  test("a purge is ended by the next leader, which counts what the one before had deleted", async () => {
    const { test: it, store } = await story();
    await order(it, "bench", "1");
    store.subjects = ["ev.mal.job1.4.report", "ev.mal.x"];
    // The first leader dies when it has deleted some of it.
    it.storing = new Promise(() => undefined);
    void order(it, "purge", "2");
    await eventually("it is in the journal", () => purgesIn(it).length === 1);
    const state = emptyWorkspace();
    for (const event of it.events) apply(state, event);
    store.gone += 5;
    const next = new TestReign(restoreSnapshot(structuredClone(takeSnapshot(state))));
    next.purger = store;
    resumePurges(next.reign);
    resumePurges(next.reign);
    await eventually("it is over", () => purgesIn(next).length === 1);
    assert.deepEqual(purgesIn(next), [[90, 7, ""]]);
    assert.deepEqual(next.reign.state.purges, { messages: 7, before: 90, open: [], deleting: [] });
  });

  test("a purge leaves curves and files on which results and open runs rest, unless all is to go", async () => {
    const { test: it } = await story();
    const { state } = it.reign;
    const found = [
      ...["ev.mal.job1.1.result", "ev.mal.job1.1.report", "ev.mal.job1.1.junk", "ev.mal.job1.2.report"],
      ...["ev.mal.job1.3.report", "ev.mal.job1.3.checkpoint", "ev.mal.job1.7.report", "ev.mal.job1.7.failed"],
      ...["ev.mal.job2.1.report", "ev.mal.*.1.report", "ev.mal.deep.er.and.deeper", "ev.mal.x"],
    ];
    assert.deepEqual(evidenceToPurge(state, mal, false, found).sort(), [
      ...["ev.mal.deep.>", "ev.mal.job1.1.junk", "ev.mal.job1.2.>", "ev.mal.job1.7.>", "ev.mal.job2.>", "ev.mal.x"],
    ]);
    assert.deepEqual(evidenceToPurge(state, mal, true, found), ["ev.mal.>"]);
    assert.deepEqual(evidenceToPurge(state, mal, false, []), []);
    const pieces = ["ck.mal.job1.1.1.files.0", "ck.mal.job1.1.1.state-1.0", "ck.mal.job1.3.1.state-1.0", "ck.mal.x"];
    const kept = {
      worker: mal,
      attempt: 1,
      stage: 1,
      iters: 5,
      key: new Uint8Array(32),
      size: 1,
      sha256: "",
      chunks: 1,
    };
    void it.reign.record({ type: "checkpoint", job: "job1" as JobName, n: 3, blob: "state-1", ev: 50, ...kept });
    assert.deepEqual(piecesToPurge(state, mal, false, pieces), ["ck.mal.job1.1.1.state-1.0", "ck.mal.x"]);
    assert.deepEqual(piecesToPurge(state, mal, true, pieces), ["ck.mal.job1.1.>", "ck.mal.x"]);
  });
});

test("nexus purge worker leaves what an infeasible result rests on: it counts as a result", async () => {
  const it = new TestReign();
  const job = it.submit({ require: ["memory_gb <= 8"] });
  await answerClaim(it.reign, mal, claim("a", "boot-mal"));
  judgeEvidence(it.reign, it.message(mal, job, 1, "result", 1, 1, "", { "s1-memory_gb": 9 }));
  assert.equal(it.reign.state.jobs.get(job)?.trial(1)?.status, "infeasible");
  const found = ["ev.mal.job1.1.result", "ev.mal.x"];
  assert.deepEqual(evidenceToPurge(it.reign.state, mal, false, found), ["ev.mal.x"]);
  const pieces = ["ck.mal.job1.1.1.files.0", "ck.mal.x"];
  assert.deepEqual(piecesToPurge(it.reign.state, mal, false, pieces), ["ck.mal.x"]);
});

describe("the promises about a purge", () => {
  const violations = (events: readonly JournalEvent[], more: readonly object[]): readonly string[] => {
    const check = new InvariantCheck({ evidenceFrom: 1000 });
    for (const event of events) check.event(event);
    for (const event of more) check.event({ at: 0, by: "ann", op: "", worker: mal, ...event } as JournalEvent); // complete with these
    return check.violations();
  };
  const begins = { type: "worker-purged", before: 90, all: true, messages: null };
  const benched = { type: "worker-state", state: "benched", reason: "" };

  test("the invariants demand that only benched workers are purged, and that each purge ends once", async () => {
    const { events } = (await story()).test;
    assert.deepEqual(violations(events, [benched, begins, { ...begins, messages: 4 }]), []);
    assert.match(violations(events, [begins]).join(), /mal was purged, but neither benched nor revoked/);
    assert.match(
      violations(events, [benched, { ...begins, messages: 4 }]).join(),
      /a purge of mal ended that had not begun/,
    );
    assert.match(
      violations(events, [benched, begins, { ...begins, messages: 99 }]).join(),
      /99 messages of mal before 90/,
    );
  });

  test("the invariants let a purge take what results rest on only if all was to go", async () => {
    const { events } = (await story()).test;
    const missing = (all: boolean): readonly string[] => {
      const check = new InvariantCheck();
      for (const event of events) check.event(event);
      const by = { at: 0, by: "ann", op: "", worker: mal };
      check.event({ type: "worker-state", state: "benched", reason: "", ...by });
      check.event({ type: "worker-purged", before: 90, all, messages: null, ...by });
      return [...check.violations(), ...check.gaps()].filter((each) => each.includes("trial 1:"));
    };
    assert.equal(missing(false).length, 2, "its result and its curve");
    assert.deepEqual(missing(true), []);
  });
});

describe("gaps in EV", () => {
  /** A journal with these purges. */
  const busWith = (...events: readonly object[]): Bus => {
    const messages = events.map(
      (event, i): StoredMessage => ({
        seq: i + 1,
        subject: "jrn.ws.purge",
        msgId: `1.x.${i}`,
        data: encodeEvents([
          { type: "worker-purged", at: 0, by: "ann", op: "", worker: mal, all: true, ...event } as JournalEvent,
        ]), // complete with these
      }),
    );
    return {
      lastSeq: async () => messages.length,
      read: async (_stream: string, _from: number, handler: (message: StoredMessage) => void) => {
        for (const message of messages) handler(message);
        return { caughtUp: Promise.resolve(), stop: async () => undefined };
      },
    } as unknown as Bus; // only the journal is read
  };
  const troubles = (present: readonly number[], last: number, ...events: readonly object[]): Promise<string[]> => {
    const gaps = new EvidenceGaps();
    for (const seq of present) gaps.take(seq);
    gaps.endAt(last);
    return gaps.troubles(busWith(...events));
  };

  test("gaps in EV are damage, except where no more is missing than was purged", async () => {
    assert.deepEqual(await troubles([1, 2, 3], 3), []);
    assert.deepEqual(await troubles([2, 5], 6), [
      "message 1 of the evidence is missing",
      "messages 3 to 4 of the evidence are missing",
      "message 6 of the evidence is missing",
    ]);
    const purge = { before: 5, messages: 3 };
    assert.deepEqual(await troubles([2, 5], 5, purge), []);
    assert.deepEqual(await troubles([5], 5, purge), [
      "4 messages of the evidence are missing, and only 3 were deleted by order (nexus purge worker, nexus delete)",
    ]);
    assert.deepEqual(await troubles([2, 5], 6, purge), ["message 6 of the evidence is missing"]);
    assert.deepEqual(await troubles([5], 5, { before: 5, messages: null }), [], "it is under way");
  });
});
