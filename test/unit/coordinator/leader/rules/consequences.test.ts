import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type JobStateName, type JournalEvent, ownDecision } from "../../../../../shared/domain/fold/events.ts";
import { apply, emptyWorkspace } from "../../../../../shared/domain/fold/workspace-state.ts";
import type { JobSettings } from "../../../../../shared/domain/runspec/job-settings.ts";
import { alice, bob, Story } from "../../../../support/stories/control-story.ts";

const carol = "carol" as typeof alice;

/** A story in which alice and bob hold a trial each; carol and dave were sent away. */
async function begun(settings: Partial<JobSettings> = {}): Promise<Story> {
  const story = new Story({ totalRuns: 9, runsPerNode: 1, computeNodes: 2, ...settings });
  story.test.reign.waiting.wake();
  assert.equal(await story.claim(alice), 1);
  assert.equal(await story.claim(bob), 2);
  assert.match(String(await story.claim(carol)), /^wait/);
  story.test.told.length = 0;
  return story;
}

/** Records an event, as anybody may. Returns the events after it in the journal, a word each. */
function record(story: Story, event: JournalEvent): string[] {
  const from = story.test.events.length;
  void story.test.reign.record(event);
  assert.equal(story.test.events[from]?.type, event.type);
  story.check();
  return story.test.events.slice(from + 1).map((each) => {
    if (each.type === "job-state" || each.type === "worker-state") return each.state;
    return "n" in each ? `${each.type === "ended" ? each.outcome : each.type} ${each.n}` : each.type;
  });
}

const toldOf = (story: Story): string[] => story.test.told.map(({ worker, kind }) => `${kind} ${worker ?? "all"}`);

const jobState = (
  { job }: Story,
  state: JobStateName,
  who: { by: string; op: string } = ownDecision,
): JournalEvent => ({
  type: "job-state",
  job,
  state,
  reason: "told to",
  ...who,
  at: 0,
});
const ended = (
  { job }: Story,
  n: number,
  outcome: "failed" | "pruned" | "cancelled",
  worker = alice,
): JournalEvent => ({
  type: "ended",
  ...{ job, n, worker, outcome },
  attempt: 1,
  reason: "told to",
  ...(outcome === "pruned" && { prunedBy: "operator" }),
  ev: 0,
  at: 0,
});
const completed = ({ job }: Story, n: number, worker = alice): JournalEvent => ({
  type: "completed",
  ...{ job, n, worker },
  attempt: 1,
  hpmax: 1,
  iters: 10,
  metrics: {},
  ev: 0,
  at: 0,
});
const lost = ({ job }: Story, n: number): JournalEvent => ({
  type: "lost",
  ...{ job, n, worker: alice },
  attempt: 1,
  outcome: "lost",
  cause: "silent",
  charged: true,
  reason: "no sign of life",
  ev: 0,
  at: 0,
});
const workerState = (worker: typeof alice, state: "benched" | "admitted" | "stopped" | "paused" | "working") =>
  ({ type: "worker-state", worker, state, reason: "told to", by: "ann", op: "o1", at: 0 }) as const;

describe("the record of a job", () => {
  test("the record of a new job wakes the workers that wait", async () => {
    const story = await begun();
    story.test.submit();
    assert.deepEqual(toldOf(story), ["work all"]);
  });

  test("the record of a job's cancelling ends what is open, then the job, and its holders are told", async () => {
    const story = await begun();
    assert.deepEqual(record(story, jobState(story, "cancelling")), ["cancelled 1", "cancelled 2", "cancelled"]);
    assert.deepEqual(toldOf(story), ["renew alice", "renew bob"]);
    assert.equal(story.test.reign.leases.size, 0);
  });

  test("the record that a job is stopping or draining ends it only where nothing is open", async () => {
    const story = await begun();
    assert.deepEqual(record(story, jobState(story, "draining")), []);
    assert.deepEqual(record(story, completed(story, 1)), []);
    assert.deepEqual(record(story, completed(story, 2, bob)), ["paused"]);
    assert.deepEqual(record(story, jobState(story, "stopping")), ["completed"]);
  });

  test("the record that a job searches again wakes the workers that wait; that it is paused, nobody", async () => {
    const story = await begun();
    record(story, jobState(story, "paused"));
    assert.deepEqual(toldOf(story), []);
    record(story, jobState(story, "searching"));
    assert.deepEqual(toldOf(story), ["work all"]);
  });

  test("the record of a job's completion lets held nodes go, and tells nobody where it held none", async () => {
    for (const hold of [true, false]) {
      const story = new Story({ totalRuns: 1, hold });
      await story.claim(alice);
      record(story, completed(story, 1));
      story.test.told.length = 0;
      if (hold) record(story, jobState(story, "completed", { by: "ann", op: "o1" }));
      assert.equal(story.table.state, "completed");
      assert.deepEqual(toldOf(story), hold ? ["released all"] : []);
    }
  });

  test("the record of an edit resumes a search that rules had stopped, checks them, and tells holders", async () => {
    const edited = (story: Story, settings: Partial<JobSettings>): JournalEvent => {
      const { job, submitted } = story.table;
      const { hyperparameters } = submitted;
      return {
        type: "job-edited",
        ...{ job, hyperparameters, settings: { ...submitted.settings, ...settings } },
        changes: {},
        by: "ann",
        op: "o1",
        at: 0,
      };
    };
    const story = await begun();
    record(story, jobState(story, "stopping"));
    assert.deepEqual(record(story, edited(story, { priority: 2 })), ["searching"]);
    assert.deepEqual(toldOf(story), ["work all", "renew alice", "renew bob"]);
    record(story, jobState(story, "stopping", { by: "coordinator", op: "o2" }));
    assert.deepEqual(record(story, edited(story, { priority: 3 })), []);
    const reached = await begun();
    const rule = { name: "runs", op: ">=", value: 0 } as const;
    assert.deepEqual(record(reached, edited(reached, { stopWhen: rule })), ["stopping"]);
  });
});

describe("the record of a trial", () => {
  test("the record of a trial's assignment begins its lease", async () => {
    const story = await begun();
    assert.deepEqual(
      [...story.test.reign.leases.all()].map(({ n, worker }) => [n, worker]),
      [
        [1, alice],
        [2, bob],
      ],
    );
  });

  for (const outcome of ["failed", "pruned", "cancelled"] as const) {
    test(`the record of a trial's end (${outcome}) ends its lease; the last one's ends the job`, async () => {
      const story = await begun({ totalRuns: 2 });
      assert.deepEqual(record(story, ended(story, 1, outcome)), []);
      assert.equal(story.test.reign.leases.size, 1);
      assert.deepEqual(record(story, completed(story, 2, bob)), outcome === "cancelled" ? [] : ["completed"]);
    });
  }

  test("the record of a trial's end or completion stops a search whose rule is reached", async () => {
    const stopWhen = { name: "runs", op: ">=", value: 1 } as const;
    for (const event of [ended, completed]) {
      const story = await begun({ stopWhen });
      assert.deepEqual(record(story, event === ended ? ended(story, 1, "failed") : completed(story, 1)), ["stopping"]);
      assert.deepEqual(record(story, completed(story, 2, bob)), ["completed"]);
    }
  });

  test("the record of a trial's loss ends its lease, and wakes a few that may take it", async () => {
    const story = await begun();
    assert.deepEqual(record(story, lost(story, 1)), []);
    assert.deepEqual(toldOf(story), ["work carol"]);
    assert.equal(story.test.reign.leases.size, 1);
  });

  test("the record of a third failure in a row benches its worker and takes its failures back", async () => {
    const story = new Story({ totalRuns: 4, hpTuning: "random" });
    for (let n = 1; n <= 3; n += 1) assert.equal(await story.claim(alice), n);
    assert.equal(await story.claim(bob), 4);
    assert.deepEqual(record(story, ended(story, 1, "failed")), []);
    assert.deepEqual(record(story, ended(story, 2, "failed")), []);
    assert.deepEqual(record(story, completed(story, 4, bob)), []);
    const followed = record(story, ended(story, 3, "failed"));
    assert.deepEqual(followed, ["benched", "reopened 1", "reopened 2", "reopened 3"]);
    assert.equal(story.table.state, "searching");
  });

  test("the record of another's completion shows whose fault a row of failures was", async () => {
    const story = new Story({ totalRuns: 5, hpTuning: "random" });
    for (let n = 1; n <= 4; n += 1) assert.equal(await story.claim(alice), n);
    assert.equal(await story.claim(bob), 5);
    for (const n of [1, 2, 3]) assert.deepEqual(record(story, ended(story, n, "failed")), []);
    const followed = record(story, completed(story, 5, bob));
    assert.deepEqual(followed, ["benched", "reopened 1", "reopened 2", "reopened 3", "lost 4"]);
  });

  test("the record of a job's first completion takes back the failures there of a worker benched before", async () => {
    const story = new Story({ totalRuns: 9, hpTuning: "random" });
    for (const worker of [alice, alice, alice, bob]) await story.claim(worker);
    for (const n of [1, 2, 3]) record(story, ended(story, n, "failed"));
    await story.do("pause");
    const other = story.test.submit({ totalRuns: 9, hpTuning: "random" });
    assert.deepEqual([await story.claim(alice), await story.claim(bob)], [1, 2]);
    story.hear(story.test.message(bob, other, 2, "result", 1));
    story.hear(story.test.message(alice, other, 1, "failed", 1));
    assert.equal(story.test.reign.state.workers.get(alice)?.state, "benched");
    assert.deepEqual([story.table.outcomes.failed, story.table.reopened], [3, 0], "the job itself may be at fault");
    const state = story.test.events.reduce((folded, event) => apply(folded, event), emptyWorkspace());
    const next = new Story({}, state, story.job);
    void next.test.reign.record(completed(next, 4, bob));
    assert.deepEqual([next.table.outcomes.failed, next.table.reopened], [0, 3], "the next leader does so too");
    assert.deepEqual(record(story, completed(story, 4, bob)), ["reopened 1", "reopened 2", "reopened 3"]);
  });

  test("the record of a checkpoint says how far its trial is, and of what size the job's states are", async () => {
    const story = await begun();
    const { job } = story;
    const place = { worker: alice, attempt: 1, stage: 1, iters: 70, blob: "state-1", key: Buffer.alloc(32) };
    const sum = { size: 5, sha256: "", chunks: 1 };
    assert.deepEqual(record(story, { type: "checkpoint", job, n: 1, ...place, ...sum, ev: 0, at: 0 }), []);
    assert.deepEqual([story.test.reign.itersOf(job, 1), story.test.reign.stateBytes(job)], [70, 5]);
  });

  test("the record of a late result has no consequence", async () => {
    const story = await begun();
    record(story, completed(story, 1));
    const { job } = story;
    const late = { type: "late", job, n: 1, attempt: 1, worker: alice, hpmax: 2, ev: 0, at: 0 } as const;
    assert.deepEqual([record(story, late), toldOf(story)], [[], []]);
  });
});

describe("the record of an order", () => {
  for (const [order, followed] of [
    ["pruned", ["pruned 1"]],
    ["cancelled", ["cancelled 1"]],
    ["paused", []],
  ] as const) {
    test(`the record of an order for runs (${order}) tells their holders, and ends those that are to end`, async () => {
      const story = await begun();
      const { job } = story;
      const event = { type: "runs-ordered", job, trials: [1], order, by: "ann", op: "o1", at: 0 } as const;
      assert.deepEqual(record(story, event), followed);
      assert.ok(toldOf(story).includes("renew alice") && !toldOf(story).includes("renew bob"), toldOf(story).join());
    });
  }

  test("the record of a benched worker takes its runs at once; that of an admitted one wakes who waits", async () => {
    const story = await begun();
    assert.deepEqual(record(story, workerState(alice, "benched")), ["lost 1"]);
    assert.deepEqual(toldOf(story), ["work carol", "renew alice"]);
    assert.deepEqual([story.table.reclaimed, story.table.lost], [1, 0]);
    story.test.reign.waiting.sentAway(carol);
    assert.deepEqual(record(story, workerState(alice, "admitted")), []);
    assert.deepEqual(toldOf(story).slice(2), ["work all"]);
  });

  test("the record of a stopped worker lets it hand its runs back, and takes them when it does not", async () => {
    const story = await begun();
    assert.deepEqual(record(story, workerState(alice, "stopped")), []);
    assert.deepEqual(toldOf(story), ["work alice", "renew alice"]);
    // The worker renews all the while.
    for (let i = 0; i < 12; i += 1) {
      story.wait(1000);
      await story.renew(alice, 1);
      await story.renew(bob, 2);
    }
    assert.deepEqual([story.table.reclaimed, story.table.lost], [1, 0]);
  });
});
