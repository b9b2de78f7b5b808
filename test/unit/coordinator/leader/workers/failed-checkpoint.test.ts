import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { edit } from "../../../../../coordinator/leader/orders/edit-job.ts";
import { piecesToPurge } from "../../../../../coordinator/leader/orders/what-to-purge.ts";
import { RoomWatch } from "../../../../../coordinator/leader/room-watch.ts";
import { sweepStates } from "../../../../../coordinator/leader/workers/checkpoints.ts";
import { judgeEvidence } from "../../../../../coordinator/leader/workers/evidence.ts";
import { takeSnapshot } from "../../../../../shared/domain/fold/snapshot.ts";
import { apply, emptyWorkspace, type WorkspaceState } from "../../../../../shared/domain/fold/workspace-state.ts";
import { InvariantCheck } from "../../../../../shared/domain/invariants/invariants.ts";
import type { JobName, WorkerId } from "../../../../../shared/domain/names.ts";
import { JobPruner } from "../../../../../shared/domain/pruning/job-pruner.ts";
import { quotasWith } from "../../../../../shared/domain/quotas.ts";
import type { JobSettings } from "../../../../../shared/domain/runspec/job-settings.ts";
import { decodeEvents, encodeEvents } from "../../../../../shared/wire/messages.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../../../shared/wire/snapshots.ts";
import { announces, assigned, lose, nextSeq, says, settled } from "../../../../support/checkpoints.ts";
import { plain, TestReign } from "../../../../support/stories/reign.ts";

const [ann, bob] = ["ann", "bob"] as [WorkerId, WorkerId];

describe("the checkpoint of a run that fails on another machine", () => {
  const carol = "carol" as WorkerId;

  function ends(test_: TestReign, worker: WorkerId, job: JobName, n: number, kind: "result" | "failed"): void {
    const attempt = test_.reign.state.jobs.get(job)?.trial(n)?.attempts.length ?? 0;
    judgeEvidence(test_.reign, { ...test_.message(worker, job, n, kind, attempt), seq: nextSeq() });
  }

  const stateOf = ({ reign }: TestReign, n = 1): [string | undefined, string | undefined] => {
    const trial = reign.state.jobs.get("job1" as JobName)?.trial(n);
    return [trial?.status, trial?.checkpoint?.blob];
  };

  /** Ann's checkpoint of run 1 goes to bob, on whom the run fails. Meanwhile bob has begun runs 2 and 3, and carol completed one. */
  async function failed(settings: Partial<JobSettings> = {}) {
    const test_ = new TestReign(undefined, undefined, quotasWith({ states: "500B" }));
    const job = test_.submit({ totalRuns: 9, hpTuning: "random", ...settings });
    await assigned(test_, ann);
    const blob = says(test_, ann, job, 1, 1, 900);
    lose(test_, job);
    const table = test_.reign.state.jobs.get(job) ?? assert.fail();
    assert.equal((await assigned(test_, bob)).resume?.blob, blob);
    if (table.hasRoom) {
      for (const n of [2, 3]) assert.equal((await assigned(test_, bob)).n, n);
      ends(test_, carol, job, (await assigned(test_, carol)).n, "result");
    }
    ends(test_, bob, job, 1, "failed");
    await settled();
    return { test_, job, blob, all: `ck.ann.job1.1.1.${blob}.*` };
  }

  const replayed = ({ events }: TestReign): WorkspaceState =>
    decodeEvents(encodeEvents(events)).reduce((state, event) => apply(state, event), emptyWorkspace());

  /** Further runs of bob's fail, until it is benched. */
  async function isBenched(test_: TestReign, job: JobName, runs = [2, 3]): Promise<void> {
    for (const n of runs) ends(test_, bob, job, n, "failed");
    assert.equal(test_.reign.state.workers.get(bob)?.state, "benched");
    await settled();
  }

  test("a run whose failure is taken back goes on from the checkpoint that it had", async () => {
    const { test_, job, blob, all } = await failed();
    assert.deepEqual(stateOf(test_), ["failed", undefined]);
    await sweepStates(test_.reign, new Set([all]));
    await settled();
    assert.deepEqual(piecesToPurge(test_.reign.state, ann, true, test_.stateSubjects), []);
    announces(test_, ann, job, 1, 1, 900, blob);
    assert.deepEqual(test_.discarded, []);
    await isBenched(test_, job);
    assert.deepEqual(stateOf(test_), ["waiting", blob]);
    assert.deepEqual(test_.reign.state.workers.get(bob)?.failureRow, []);
    const { resume, attempt } = await assigned(test_, ann);
    assert.deepEqual([resume?.blob, attempt], [blob, 3]);
    assert.deepEqual(test_.discarded, []);
    assert.deepEqual(plain(replayed(test_)), plain(test_.reign.state));
    const check = new InvariantCheck({ evidenceFrom: Number.POSITIVE_INFINITY });
    for (const event of test_.events) check.event(event);
    assert.deepEqual(check.violations(), []);
    says(test_, ann, job, 3, 1, 950);
    await settled();
    assert.deepEqual(test_.discarded, [all], "its successor is stored");
  });

  test("a new leader too gives back the checkpoint; a snapshot of an earlier version has none", async () => {
    const { test_, job, blob } = await failed();
    const snapshot = takeSnapshot(test_.reign.state);
    const older = snapshot.workers.map((worker) => ({
      ...worker,
      failureRow: worker.failureRow.map(({ checkpoint: _, ...each }) => each),
    }));
    for (const [state, expected] of [
      [decodeSnapshot(encodeSnapshot(snapshot)), blob],
      [replayed(test_), blob],
      [decodeSnapshot(encodeSnapshot({ ...snapshot, workers: older })), undefined],
    ] as const) {
      const next = new TestReign(state);
      await isBenched(next, job);
      assert.deepEqual(stateOf(next), ["waiting", expected]);
    }
  });

  test("a checkpoint of a run whose failure stands is deleted once its worker completes a run", async () => {
    const { test_, job, all } = await failed();
    ends(test_, bob, job, 2, "result");
    await settled();
    assert.deepEqual(test_.discarded, [all]);
  });

  test("a failed run's checkpoint is not deleted before its worker's completion is stored", async () => {
    const { test_, job, blob, all } = await failed();
    const slow = (): (() => void) => {
      let store = (): void => undefined;
      test_.storing = new Promise((resolve) => {
        store = resolve;
      });
      return store;
    };
    const earlier = slow();
    announces(test_, ann, job, 1, 1, 900, blob);
    const completion = slow();
    ends(test_, bob, job, 2, "result");
    earlier();
    await settled();
    assert.deepEqual(test_.discarded, [], "a leader that does not know of the completion may take the failure back");
    completion();
    await settled();
    assert.deepEqual(new Set(test_.discarded), new Set([all]));
  });

  test("a failed run has its checkpoint deleted at once if its job is over or its worker made it", async () => {
    const { test_, all } = await failed({ totalRuns: 1 });
    assert.deepEqual(test_.discarded, [all]);
    const own = new TestReign();
    const job = own.submit({ totalRuns: 9 });
    await assigned(own, ann);
    const blob = says(own, ann, job, 1, 1, 900);
    ends(own, ann, job, 1, "failed");
    await settled();
    assert.deepEqual(own.discarded, [`ck.ann.job1.1.1.${blob}.*`]);
  });

  test("a job that is opened again takes no failure back to a checkpoint deleted when it was over", async () => {
    const { test_, job, all } = await failed({ totalRuns: 4 });
    const own = { worker: bob, attempt: 1 };
    for (const n of [2, 3])
      void test_.reign.record({ type: "ended", job, n, ...own, outcome: "timed out", reason: "", ev: 0 });
    assert.equal(test_.reign.state.jobs.get(job)?.state, "completed");
    await sweepStates(test_.reign, new Set());
    await settled();
    assert.deepEqual(test_.discarded, [all]);
    const who = { by: "ann", op: "op-more" };
    await edit(test_.reign, who, { kind: "edit", op: who.op, job, changes: { totalRuns: 9 } });
    for (const n of [5, 6]) assert.equal((await assigned(test_, bob)).n, n);
    await isBenched(test_, job, [5, 6]);
    assert.deepEqual(stateOf(test_), ["waiting", undefined]);
    assert.deepEqual(plain(replayed(test_)), plain(test_.reign.state));
  });

  for (const [how, leave] of [
    ["admitted anew", { type: "worker-state", worker: bob, state: "admitted", reason: "", by: "ann", op: "" }],
    ["forgotten", { type: "worker-forgotten", worker: bob, by: "ann", op: "" }],
  ] as const)
    test(`a checkpoint of a run that failed on a worker since ${how} is deleted by the next sweep`, async () => {
      const { test_, all } = await failed();
      void test_.reign.record(leave);
      await sweepStates(test_.reign, new Set());
      await settled();
      assert.deepEqual(test_.discarded, [all]);
    });

  test("a failed run's checkpoint is not counted against the worker that made it", async () => {
    const { test_, job } = await failed();
    const { reign, stateSubjects } = test_;
    const fullness = async (of: string) => ({ bytes: of === "blob" ? 600 : 0, messages: 1, lastSeq: 1, most: 1000 });
    const sizes = async (_of: string, _first: number, _last: number, hear: (subject: string, bytes: number) => void) =>
      stateSubjects.forEach((subject) => void hear(subject, 600));
    const isCutOff = async (): Promise<boolean | undefined> => {
      await new RoomWatch(reign, { fullness, sizes, pieces: async () => stateSubjects }).lookAtTotals();
      return reign.state.workers.get(ann)?.isCutOff;
    };
    assert.equal(await isCutOff(), false);
    ends(test_, bob, job, 2, "result");
    assert.equal(await isCutOff(), true);
  });

  test("a pruner keeps the curve of a failed run as long as it may go on from its checkpoint", async (t) => {
    const { mock } = t.mock.method(JobPruner.prototype, "forget");
    const { test_, job } = await failed({ pruning: "median" });
    const forgotten = (): unknown[] => mock.calls.map(({ arguments: [n] }) => n);
    ends(test_, bob, job, 2, "failed");
    assert.deepEqual(forgotten(), [2]);
    ends(test_, bob, job, 3, "result");
    assert.deepEqual(forgotten(), [2, 1]);
  });
});
