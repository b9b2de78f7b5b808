import assert from "node:assert/strict";
import { describe, mock, test } from "node:test";
import { Upkeep } from "../../../../../coordinator/leader/upkeep.ts";
import { checkpointSeconds, sweepStates } from "../../../../../coordinator/leader/workers/checkpoints.ts";
import { judgeEvidence } from "../../../../../coordinator/leader/workers/evidence.ts";
import { answerClaim } from "../../../../../coordinator/leader/workers/search-loop.ts";
import { apply, emptyWorkspace } from "../../../../../shared/domain/fold/workspace-state.ts";
import type { JobName, WorkerId } from "../../../../../shared/domain/names.ts";
import { BusError } from "../../../../../shared/ports.ts";
import { chunk } from "../../../../../shared/wire/subjects.ts";
import { announces, assigned, lose, nextSeq, says, settled } from "../../../../support/checkpoints.ts";
import { claim, TestReign } from "../../../../support/stories/reign.ts";

const [ann, bob] = ["ann", "bob"] as [WorkerId, WorkerId];
/** A worker says that the state it was given cannot be read, or that one of its own was not carried. */
function complains(
  test_: TestReign,
  worker: WorkerId,
  job: JobName,
  attempt: number,
  what: "unread" | "unsaved",
  more: { readonly reason?: string; readonly given?: { readonly attempt: number; readonly blob: string } } = {},
): void {
  const lost = { what, stage: 1, iters: 0, reason: "a piece is not there", blob: "", ...more };
  judgeEvidence(test_.reign, {
    ...test_.said(worker, job, 1, "report", { attempt, reports: [], lost }),
    seq: nextSeq(),
  });
}

const keptOf = (test_: TestReign, job: JobName): string | undefined =>
  test_.reign.state.jobs.get(job)?.trial(1)?.checkpoint?.blob;

describe("checkpoints on the coordinator", () => {
  test("a trial's next holder goes on from the furthest checkpoint, even one told late by an earlier one", async () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 1 });
    assert.equal((await assigned(test_, ann)).resume, null);
    says(test_, ann, job, 1, 1, 100);
    const best = says(test_, ann, job, 1, 2, 10);
    lose(test_, job);
    const { resume, attempt } = await assigned(test_, bob);
    assert.equal(attempt, 2);
    assert.deepEqual(
      [resume?.worker, resume?.attempt, resume?.stage, resume?.iters, resume?.blob],
      [ann, 1, 2, 10, best],
    );
    says(test_, bob, job, 2, 2, 20);
    const late = says(test_, ann, job, 1, 2, 90);
    await settled();
    lose(test_, job);
    assert.equal((await assigned(test_, ann)).resume?.blob, late);
  });

  test("a checkpoint that is not further on, or comes after the end, is deleted", async () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 1 });
    await assigned(test_, ann);
    says(test_, ann, job, 1, 1, 100);
    const older = says(test_, ann, job, 1, 1, 90);
    await settled();
    assert.deepEqual(test_.discarded, [`ck.ann.job1.1.1.${older}.*`]);
    judgeEvidence(test_.reign, { ...test_.message(ann, job, 1, "result", 1), seq: nextSeq() });
    const after = says(test_, ann, job, 1, 3, 1);
    await settled();
    assert.ok(test_.discarded.includes(`ck.ann.job1.1.1.${after}.*`));
    assert.equal(test_.reign.state.jobs.get(job)?.trial(1)?.checkpoint, null);
  });

  test("the newest of a run's checkpoints counts, though nothing was reported between them", async () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 1 });
    await assigned(test_, ann);
    /** What the run goes on from once a worker has told of a state. */
    const after = async (worker: WorkerId, attempt: number, blob: string): Promise<string | undefined> => {
      says(test_, worker, job, attempt, 1, 0, blob);
      await settled();
      return keptOf(test_, job);
    };
    assert.equal(await after(ann, 1, "state-9"), "state-9");
    assert.equal(await after(ann, 1, "state-10"), "state-10");
    assert.deepEqual(test_.discarded, ["ck.ann.job1.1.1.state-9.*"]);
    assert.equal(await after(ann, 1, "state-9"), "state-10", "told once more");
    lose(test_, job);
    assert.equal((await assigned(test_, bob)).resume?.blob, "state-10");
    assert.equal(await after(bob, 2, "state-1"), "state-1");
    assert.equal(await after(ann, 1, "state-11"), "state-1", "an earlier attempt's comes late");
    assert.ok(!test_.discarded.includes("ck.bob.job1.1.2.state-1.*"));
    const replayed = test_.events.reduce((state, event) => apply(state, event), emptyWorkspace());
    assert.equal(replayed.jobs.get(job)?.trial(1)?.checkpoint?.blob, "state-1");
  });

  test("a checkpoint that an earlier version deleted, as it was no further on, does not count", async () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 1 });
    await assigned(test_, ann);
    const first = says(test_, ann, job, 1, 1, 100);
    announces(test_, ann, job, 1, 1, 100, "state-800");
    await settled();
    assert.equal(keptOf(test_, job), first);
    assert.deepEqual(test_.discarded, ["ck.ann.job1.1.1.state-800.*"]);
    const third = says(test_, ann, job, 1, 1, 100, "state-900");
    await settled();
    assert.equal(keptOf(test_, job), third);
  });

  test("a checkpoint that is told once more is not deleted", async () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 1 });
    await assigned(test_, ann);
    const blob = says(test_, ann, job, 1, 1, 100);
    says(test_, ann, job, 1, 1, 100, blob);
    lose(test_, job);
    await settled();
    assert.deepEqual(test_.discarded, []);
    assert.equal((await assigned(test_, bob)).resume?.blob, blob);
  });

  test("a checkpoint is deleted once its successor is stored, or once the run's end is", async () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 1 });
    await assigned(test_, ann);
    const first = says(test_, ann, job, 1, 1, 100);
    const second = says(test_, ann, job, 1, 1, 200);
    await settled();
    assert.deepEqual(test_.discarded, [`ck.ann.job1.1.1.${first}.*`]);
    lose(test_, job);
    await assigned(test_, bob);
    // This comes from the previous holder: the present one may still be fetching the older state.
    says(test_, ann, job, 1, 1, 300);
    await settled();
    assert.ok(!test_.discarded.includes(`ck.ann.job1.1.1.${second}.*`));
    const last = says(test_, bob, job, 2, 1, 400);
    await settled();
    judgeEvidence(test_.reign, { ...test_.message(bob, job, 1, "result", 2), seq: nextSeq() });
    await settled();
    assert.ok(test_.discarded.includes(`ck.bob.job1.1.2.${last}.*`));
  });

  test("no checkpoint is deleted before the record that makes it needless is stored", async () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 1 });
    await assigned(test_, ann);
    const kept = says(test_, ann, job, 1, 1, 100);
    let store = (): void => undefined;
    test_.storing = new Promise((resolve) => {
      store = resolve;
    });
    judgeEvidence(test_.reign, { ...test_.message(ann, job, 1, "result", 1), seq: nextSeq() });
    const after = says(test_, ann, job, 1, 3, 1);
    await settled();
    assert.deepEqual(test_.discarded, [], "a leader that does not know of this end may need both");
    store();
    await settled();
    assert.deepEqual(test_.discarded.sort(), [`ck.ann.job1.1.1.${kept}.*`, `ck.ann.job1.1.1.${after}.*`].sort());
  });

  test("a coordinator that leads no more deletes no checkpoint, even one that its sweep found before", async () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 1 });
    await assigned(test_, ann);
    test_.stateSubjects.push(chunk(ann, job, 9, 1, "state-1", 0));
    const sweeping = sweepStates(test_.reign, new Set());
    test_.leads = false;
    await sweeping;
    await settled();
    assert.deepEqual(test_.discarded, []);
  });

  test("only the holder named in the journal is believed about checkpoints", async () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 1 });
    await assigned(test_, ann);
    says(test_, bob, job, 1, 9, 999);
    assert.equal(test_.reign.state.jobs.get(job)?.trial(1)?.checkpoint, null);
    assert.equal(test_.reign.dropped, 1);
  });

  test("many large states stretch the time between checkpoints, to keep within the budget", async () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 10, checkpointEverySeconds: 5 });
    const table = test_.reign.state.jobs.get(job);
    assert.ok(table);
    for (let i = 0; i < 4; i += 1) await answerClaim(test_.reign, ann, claim(`c${i}`, "boot", { slots: 4 }));
    assert.equal(checkpointSeconds(test_.reign, table), 5);
    test_.reign.sizeOfState(job, 40 * 2 ** 20);
    assert.equal(checkpointSeconds(test_.reign, table), 20); // 4 states of 40 MB at 8 MB a second
  });

  test("the sweep deletes states that no open trial needs; those perhaps in flight get one round more", async () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 2 });
    await assigned(test_, ann);
    const kept = says(test_, ann, job, 1, 1, 100);
    lose(test_, job);
    await assigned(test_, bob);
    const piece = (n: number, blob: string): string => chunk(ann, job, n, 1, blob, 0);
    test_.stateSubjects.push(piece(1, "state-777"), piece(9, "state-1"), piece(9, "files"));
    test_.stateSubjects.push(chunk(ann, job, 9, 1, "state-1", 1), chunk(ann, job, 1, 2, "state-1", 0));
    const suspects = await sweepStates(test_.reign, new Set());
    await settled();
    assert.deepEqual(test_.discarded, ["ck.ann.job1.9.1.state-1.*"]);
    const ofTheOpen = ["ck.ann.job1.1.1.state-777.*", "ck.ann.job1.1.2.state-1.*"];
    assert.deepEqual([...suspects], ofTheOpen, "the second under the holder's attempt, but of another worker");
    await sweepStates(test_.reign, suspects);
    await settled();
    assert.deepEqual(new Set(test_.discarded), new Set(["ck.ann.job1.9.1.state-1.*", ...ofTheOpen]));
    assert.ok(!test_.discarded.some((subject) => subject.includes(`${kept}.`) || subject.includes("files")));
  });

  test("a state that a run's holder is storing is swept only when it holds the run no more", async () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 1 });
    await assigned(test_, ann);
    const sweeps = async (): Promise<string[]> => {
      const before = test_.discarded.length;
      await sweepStates(test_.reign, await sweepStates(test_.reign, new Set()));
      await settled();
      const blobs = test_.discarded.slice(before).map((subject) => subject.split(".").slice(4, 6).join("."));
      return [...new Set(blobs)].sort();
    };
    const stores = (attempt: number, count: number): void => {
      test_.stateSubjects.push(chunk(ann, job, 1, attempt, `state-${count}`, 0));
    };
    stores(1, 1);
    assert.deepEqual(await sweeps(), [], "its first");
    says(test_, ann, job, 1, 1, 100, "state-9");
    stores(1, 10);
    assert.deepEqual(await sweeps(), ["1.state-1"], "the tenth may be on its way, the first no more");
    lose(test_, job);
    await assigned(test_, ann);
    stores(2, 1);
    assert.deepEqual(await sweeps(), ["1.state-1"], "the same process goes on");
    says(test_, ann, job, 2, 1, 200, "state-1");
    assert.deepEqual(await sweeps(), ["1.state-1", "1.state-10", "1.state-9"], "it has stored a later one");
    stores(2, 2);
    judgeEvidence(test_.reign, { ...test_.message(ann, job, 1, "result", 2), seq: nextSeq() });
    await settled();
    assert.ok((await sweeps()).includes("2.state-2"), "the run has ended");
  });

  for (const leader of ["the same leader", "another leader"]) {
    test(`a checkpoint that was swept while its run was lost does not count: ${leader} hears of it`, async () => {
      let test_ = new TestReign();
      const job = test_.submit({ totalRuns: 1 });
      await assigned(test_, ann);
      const first = says(test_, ann, job, 1, 1, 100, "state-1");
      test_.stateSubjects.push(chunk(ann, job, 1, 1, "state-2", 0));
      lose(test_, job);
      await sweepStates(test_.reign, await sweepStates(test_.reign, new Set()));
      await settled();
      assert.deepEqual(test_.discarded, ["ck.ann.job1.1.1.state-2.*"]);
      if (leader === "another leader") {
        test_ = new TestReign(test_.reign.state);
        test_.stateSubjects.push(chunk(ann, job, 1, 1, first, 0));
      }
      // To the same leader the broker still lists what it is deleting.
      await assigned(test_, ann);
      announces(test_, ann, job, 1, 1, 200, "state-2");
      await settled();
      assert.equal(keptOf(test_, job), first);
      assert.equal(test_.discarded.at(-1), "ck.ann.job1.1.1.state-2.*", "the pieces that were stored since");
      const third = says(test_, ann, job, 1, 1, 300, "state-3");
      await settled();
      assert.equal(keptOf(test_, job), third);
    });
  }

  describe("a checkpoint that a run's holder announces under an attempt that was lost", () => {
    /** Ann holds the run again, and announces a state of her first attempt. */
    async function announced(look: () => Promise<void>) {
      const test_ = new TestReign();
      const job = test_.submit({ totalRuns: 1 });
      await assigned(test_, ann);
      lose(test_, job);
      await assigned(test_, ann);
      const { ports } = test_.reign;
      const lookUp = ports.stateSubjects;
      mock.method(ports, "stateSubjects", async (pattern: string) => {
        await look();
        return lookUp(pattern);
      });
      const later: (() => void)[] = [];
      mock.method(ports.clock, "after", (_ms: number, action: () => void) => {
        later.push(action);
        return { cancel: () => undefined, unref: () => undefined };
      });
      return { test_, job, later, blob: says(test_, ann, job, 1, 1, 100) };
    }
    const handsBack = (test_: TestReign, job: JobName): void =>
      judgeEvidence(test_.reign, { ...test_.message(ann, job, 1, "released", 2), seq: nextSeq() });

    test("a hand-back that follows a checkpoint waits until that has been looked for", async () => {
      let answer: () => void = () => undefined;
      const answered = new Promise<void>((resolve) => {
        answer = resolve;
      });
      const { test_, job, blob } = await announced(() => answered);
      handsBack(test_, job);
      assert.equal((await answerClaim(test_.reign, bob, claim("too early", "boot-bob")))?.kind, "wait");
      answer();
      await settled();
      assert.equal((await assigned(test_, bob)).resume?.blob, blob);
    });

    test("a checkpoint is not deleted, but looked for again, if the broker does not say whether it is there", async () => {
      let isSilent = true;
      const { test_, job, later, blob } = await announced(async () => {
        if (isSilent) throw new BusError("no answer in time", "the stream's subjects");
      });
      handsBack(test_, job);
      await settled();
      assert.equal(test_.reign.state.jobs.get(job)?.trial(1)?.status, "waiting", "the hand-back waits no longer");
      assert.deepEqual(test_.discarded, []);
      isSilent = false;
      for (const look of later) look();
      await settled();
      assert.equal((await assigned(test_, bob)).resume?.blob, blob);
    });
  });

  test("a checkpoint that cannot be read is deleted, but not another that the run has by then", async () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 1 });
    await assigned(test_, ann);
    const damaged = says(test_, ann, job, 1, 1, 100);
    lose(test_, job);
    await assigned(test_, bob);
    const newer = says(test_, ann, job, 1, 1, 200);
    await settled();
    complains(test_, bob, job, 2, "unread", { given: { attempt: 1, blob: damaged } });
    await settled();
    assert.equal(keptOf(test_, job), newer);
    assert.deepEqual(test_.discarded, []);
    lose(test_, job);
    assert.equal((await assigned(test_, ann)).resume?.blob, newer);
    complains(test_, ann, job, 3, "unread", { given: { attempt: 1, blob: newer } });
    await settled();
    assert.equal(keptOf(test_, job), undefined);
    assert.deepEqual(test_.discarded, [`ck.ann.job1.1.1.${newer}.*`]);
  });

  test("a worker of an earlier version does not say which checkpoint cannot be read: the run's", async () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 1 });
    await assigned(test_, ann);
    says(test_, ann, job, 1, 1, 100);
    lose(test_, job);
    await assigned(test_, bob);
    complains(test_, bob, job, 2, "unread");
    assert.equal(keptOf(test_, job), undefined);
  });

  test("a checkpoint that cannot be read is deleted however many were not carried before", async () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 1 });
    await assigned(test_, ann);
    const damaged = says(test_, ann, job, 1, 1, 100);
    lose(test_, job);
    await assigned(test_, bob);
    for (let mb = 1; mb <= 50; mb += 1) complains(test_, bob, job, 2, "unsaved", { reason: `it has ${mb} MB` });
    assert.equal(test_.events.filter(({ type }) => type === "checkpoint-lost").length, 20);
    complains(test_, bob, job, 2, "unread", { given: { attempt: 1, blob: damaged } });
    assert.equal(keptOf(test_, job), undefined);
  });

  test("a state that a dying worker stored in part is deleted two minutes after the loss", async () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 1 });
    await assigned(test_, ann);
    const upkeep = new Upkeep(test_.reign);
    const passes = async (seconds: number): Promise<void> => {
      for (let second = 0; second < seconds; second += 1) {
        test_.now += 1000;
        test_.reign.leases.extendAll(test_.now);
        upkeep.tick();
        await settled();
      }
    };
    await passes(100);
    test_.stateSubjects.push(chunk(ann, job, 1, 1, "state-1", 0));
    await passes(1000);
    assert.deepEqual(test_.discarded, []);
    lose(test_, job);
    await passes(119);
    assert.deepEqual(test_.discarded, []);
    await passes(2);
    assert.deepEqual(test_.discarded, ["ck.ann.job1.1.1.state-1.*"]);
  });
});
