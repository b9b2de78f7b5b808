import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { judgeEvidence } from "../../../../coordinator/leader/workers/evidence.ts";
import { answerRenewal } from "../../../../coordinator/leader/workers/renewals.ts";
import { answerClaim } from "../../../../coordinator/leader/workers/search-loop.ts";
import type { JournalEvent } from "../../../../shared/domain/fold/events.ts";
import type { JobName, WorkerId } from "../../../../shared/domain/names.ts";
import type { StoredMessage } from "../../../../shared/ports.ts";
import { claim, TestReign } from "../../../support/stories/reign.ts";

const [ann, bob] = ["ann", "bob"] as [WorkerId, WorkerId];

/** Records that decide something; a late result is kept, labelled, and never counted. */
const decisions = ({ events }: TestReign): JournalEvent[] => events.filter(({ type }) => type !== "late");

/** A message that lies in EV once more, as the newest. */
let again = 1000;
const replayed = (message: StoredMessage): StoredMessage => {
  again += 1;
  return { ...message, seq: again, msgId: `${again}` };
};

async function running(test_: TestReign): Promise<JobName> {
  const job = test_.submit({ totalRuns: 1, retries: 2 });
  assert.equal((await answerClaim(test_.reign, ann, claim("c1")))?.kind, "assigned");
  return job;
}

describe("what is sent once more", () => {
  for (const kind of ["result", "failed", "released", "died"] as const) {
    test(`a ${kind} message sent once more decides nothing, also while the next holder has the run`, async () => {
      const test_ = new TestReign();
      const job = await running(test_);
      const message = test_.message(ann, job, 1, kind, 1);
      judgeEvidence(test_.reign, message);
      judgeEvidence(test_.reign, replayed(message));
      const next = await answerClaim(test_.reign, bob, claim("c2", "boot-bob"));
      const before = decisions(test_).length;
      for (let i = 0; i < 3; i += 1) judgeEvidence(test_.reign, replayed(message));
      assert.equal(decisions(test_).length, before, test_.events.map(({ type }) => type).join());
      const trial = test_.reign.state.jobs.get(job)?.trial(1);
      assert.equal(trial?.status === "running", next?.kind === "assigned");
    });
  }

  test("a claim sent once more gets the answer that it got, and nothing new", async () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 5 });
    const first = await answerClaim(test_.reign, ann, claim("c1"));
    const before = test_.events.length;
    assert.deepEqual(await answerClaim(test_.reign, ann, claim("c1")), first);
    assert.equal(test_.events.length, before);
    // Claims of a process that another one has replaced.
    assert.equal((await answerClaim(test_.reign, ann, claim("c2", "newer")))?.kind, "assigned");
    assert.equal((await answerClaim(test_.reign, ann, claim("c1")))?.kind, "refused");
    assert.equal((await answerClaim(test_.reign, ann, claim("c3")))?.kind, "refused");
    assert.equal(test_.reign.state.jobs.get(job)?.running, 1);
  });

  test("a renewal of a run that another worker has now keeps nothing and takes nothing", async () => {
    const test_ = new TestReign();
    const job = await running(test_);
    judgeEvidence(test_.reign, test_.message(ann, job, 1, "released", 1));
    assert.equal((await answerClaim(test_.reign, bob, claim("c2", "boot-bob")))?.kind, "assigned");
    const before = test_.events.length;
    const held = { job, n: 1, attempt: 1, iters: 5 };
    await answerRenewal(test_.reign, ann, { kind: "renew", bootId: "boot", sentAt: null, held: [held] });
    assert.equal(test_.events.length, before);
    const holder = [...test_.reign.leases.all()].map(({ worker }) => worker);
    assert.deepEqual(holder, [bob]);
  });
});
