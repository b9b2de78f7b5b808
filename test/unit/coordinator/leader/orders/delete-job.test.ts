import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { carryOut } from "../../../../../coordinator/leader/orders/orders.ts";
import { resumePurges } from "../../../../../coordinator/leader/orders/resume-purges.ts";
import { sweepStates } from "../../../../../coordinator/leader/workers/checkpoints.ts";
import { judgeEvidence } from "../../../../../coordinator/leader/workers/evidence.ts";
import { eventText } from "../../../../../coordinator/words/event-words.ts";
import { EvidenceGaps } from "../../../../../shared/broker/store/evidence-gaps.ts";
import type { PiecedBundle } from "../../../../../shared/domain/code-bundle.ts";
import type { JournalEvent } from "../../../../../shared/domain/fold/events.ts";
import { takeSnapshot } from "../../../../../shared/domain/fold/snapshot.ts";
import { apply, emptyWorkspace } from "../../../../../shared/domain/fold/workspace-state.ts";
import { InvariantCheck } from "../../../../../shared/domain/invariants/invariants.ts";
import type { JobName } from "../../../../../shared/domain/names.ts";
import type { JobSettings } from "../../../../../shared/domain/runspec/job-settings.ts";
import type { Bus, StoredMessage } from "../../../../../shared/ports.ts";
import { pieceNames } from "../../../../../shared/wire/bundles/pieced-bundle.ts";
import { encodeEvents } from "../../../../../shared/wire/messages.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../../../shared/wire/snapshots.ts";
import { eventually } from "../../../../support/patience.ts";
import { alice, Story } from "../../../../support/stories/control-story.ts";
import { plain, TestReign } from "../../../../support/stories/reign.ts";
import { SubjectStore } from "../../../../support/stories/subject-store.ts";

const job1 = "job1" as JobName;
const job2 = "job2" as JobName;

/** A job of two runs that have completed, and what alice stored of them and of another job. */
async function finished(settings: Partial<JobSettings> = {}): Promise<{ story: Story; store: SubjectStore }> {
  const story = new Story({ totalRuns: 2, ...settings });
  const store = new SubjectStore();
  store.endsAt = 90;
  store.subjects = [
    ...["ev.alice.job1.1.result", "ev.alice.job1.2.result", "ev.bob.job1.2.report", "ev.alice.job10.1.result"],
    ...["ck.alice.job1.1.1.files.0", "ck.alice.job1.2.1.state-1.0", "ck.alice.job10.1.1.files.0"],
  ];
  story.test.purger = store;
  for (let n = 1; n <= 2; n += 1) story.say(alice, Number(await story.claim()), "result", n);
  assert.equal(story.table.isOver, true);
  return { story, store };
}

const deletion = (story: Story, op?: string, job = job1) => story.order({ kind: "delete", job }, op);

const deletionsIn = ({ events }: TestReign): unknown[] =>
  events.flatMap((event) =>
    event.type === "job-deleted" ? [[event.job, event.before, event.messages, event.by, event.op]] : [],
  );

function violations(events: readonly JournalEvent[], more: readonly object[] = []): readonly string[] {
  const check = new InvariantCheck();
  for (const event of events) check.event(event);
  for (const event of more) check.event({ at: 0, by: "ann", op: "", job: job1, ...event } as JournalEvent); // complete with these
  return check.violations().filter((each) => !/its curve has a gap|rests on evidence/.test(each));
}

const begins = { type: "job-deleted", before: 90, messages: null };

describe("nexus delete", () => {
  test("nexus delete refuses a job that is not over, with what ends it, and one that nobody knows", async () => {
    const story = new Story({ totalRuns: 5 });
    await story.claim();
    const early = await deletion(story);
    assert.deepEqual([early.ok, early.code], [false, "refused"]);
    assert.equal(
      early.reason,
      "job1 is not over: it is searching, with a run open; only a job that is over can be deleted; end it first: nexus stop job1 (its runs finish), or nexus cancel job1 (they end now)",
    );
    await story.do("stop");
    assert.match((await deletion(story)).reason, /it is stopping, .*it ends by itself; .*nexus cancel job1/);
    assert.equal((await deletion(story, undefined, job2)).code, "not found");
    const held = (await finished({ hold: true })).story;
    assert.match((await deletion(held)).reason, /job1 holds its nodes; .*nexus release job1/);
    assert.deepEqual([deletionsIn(story.test), deletionsIn(held.test)], [[], []]);
  });

  test("nexus delete takes a job away at once, and its messages and pieces once that is journalled", async () => {
    const { story, store } = await finished();
    let stored = (): void => undefined;
    story.test.storing = new Promise((resolve) => {
      stored = resolve;
    });
    const answer = deletion(story, "d");
    await eventually("it is in the journal", () => deletionsIn(story.test).length === 1);
    assert.equal(story.test.reign.state.jobs.size, 0);
    story.upkeep.tick();
    assert.deepEqual(store.asked, []);
    stored();
    assert.equal((await answer).reason, "3 messages and 2 pieces of states and files deleted");
    assert.deepEqual(store.subjects, ["ev.alice.job10.1.result", "ck.alice.job10.1.1.files.0"]);
    const by = story.user;
    assert.deepEqual(deletionsIn(story.test), [
      ["job1", 90, null, by, "d"],
      ["job1", 90, 3, by, ""],
    ]);
    assert.deepEqual(violations(story.test.events), []);
    // The same order again, and another one.
    assert.deepEqual([(await deletion(story, "d")).reason, deletionsIn(story.test).length], ["it was deleted", 2]);
    const again = await deletion(story);
    assert.deepEqual([again.code, again.reason], ["not found", `job1 was deleted by ${by} on 1970-01-01 00:00 UTC`]);
    assert.equal(await story.edit({ totalRuns: 9 }), `refused: ${again.reason}`);
    assert.equal(await story.do("cancel"), `refused: ${again.reason}`);
    assert.deepEqual(
      story.test.events.slice(-2).map((event) => eventText(event, undefined)?.text),
      [`job1 deleted by ${by}`, `of job1 3 stored messages were deleted, as ${by} had ordered`],
    );
  });

  test("no job gets a deleted job's number, and what comes late for it counts nothing", async () => {
    const { story } = await finished();
    const late = story.test.message(alice, job1, 1, "result", 1);
    await deletion(story);
    const { reign, events } = story.test;
    const [count, completed] = [events.length, reign.state.workers.get(alice)?.completed];
    judgeEvidence(reign, late);
    judgeEvidence(reign, story.test.message(alice, job1, 2, "failed", 1));
    assert.deepEqual([events.length, reign.state.workers.get(alice)?.completed], [count, completed]);
    assert.equal(reign.evidence.judged, late.seq + 1);
    // Pieces of states and files that come late are swept.
    story.test.stateSubjects.push("ck.alice.job1.1.1.files.0", "ck.alice.job7.1.1.files.0");
    await sweepStates(reign, new Set());
    await reign.ports.flushed();
    assert.deepEqual(story.test.discarded.slice(-1), ["ck.alice.job1.1.1.files.*"]);
    assert.equal(story.test.submit({ totalRuns: 1 }), "job2");
    assert.equal(reign.state.jobs.get(job2)?.submitted.firstParent, reign.state.nextRun);
    assert.deepEqual(violations(events), []);
    assert.match(
      violations(events, [{ type: "late", n: 1, attempt: 1, worker: alice, ev: 99, hpmax: 1 }]).join(),
      /"late" of job1, which was deleted/,
    );
    const again = new InvariantCheck();
    for (const event of events) again.event(event);
    const first = events.find(({ type }) => type === "job");
    assert.ok(first);
    again.event(first);
    assert.match(again.violations().join(), /job1 was submitted twice/);
    assert.throws(() => apply(reign.state, first), /job1 was submitted twice/);
  });

  test("a snapshot before, amid or after a job's deletion folds to the same state", async () => {
    const { story } = await finished();
    await deletion(story);
    story.test.submit({ totalRuns: 1 });
    const { events, reign } = story.test;
    for (let cut = 0; cut <= events.length; cut += 1) {
      const before = emptyWorkspace();
      for (const event of events.slice(0, cut)) apply(before, structuredClone(event));
      const state = decodeSnapshot(encodeSnapshot(takeSnapshot(before)));
      for (const event of events.slice(cut)) apply(state, structuredClone(event));
      assert.deepEqual(plain(state), plain(reign.state), `cut at ${cut}`);
      assert.deepEqual([...state.deleted.values()], [...reign.state.deleted.values()]);
      const check = new InvariantCheck();
      for (const event of events) check.event(event);
      check.compare(state);
      assert.deepEqual(
        check.violations().filter((each) => /fold|deleted/.test(each)),
        [],
      );
    }
    // A snapshot that an earlier version wrote.
    const { deleted: _, purges: __, ...earlier } = takeSnapshot(emptyWorkspace());
    assert.deepEqual(decodeSnapshot(encodeSnapshot(earlier)), emptyWorkspace());
    const purged = { ...earlier, purges: { messages: 3, before: 9, open: [] } };
    assert.deepEqual(decodeSnapshot(encodeSnapshot(purged)).purges, { messages: 3, before: 9, open: [], deleting: [] });
  });

  test("a job's deletion is ended by the next leader, which counts what the one before had deleted", async () => {
    const { story, store } = await finished();
    const bundle = (mark: number): PiecedBundle => {
      const pieces = new Uint8Array(32).fill(mark);
      return { sha256: String(mark).repeat(64), files: 1, bytes: 1, listBytes: 1, secret: new Uint8Array(32), pieces };
    };
    const [own, shared] = [bundle(1), bundle(2)];
    story.table.submitted = { ...story.table.submitted, largeCode: own, inputs: shared };
    const other = story.test.submit({ totalRuns: 1 });
    const table = story.test.reign.state.jobs.get(other);
    assert.ok(table);
    table.submitted = { ...table.submitted, inputs: shared };
    // The first leader dies when it has deleted a part.
    store.subjects = store.subjects.slice(1);
    store.gone += 1;
    story.test.storing = new Promise(() => undefined);
    void deletion(story, "d");
    await eventually("it is in the journal", () => deletionsIn(story.test).length === 1);
    const saved = decodeSnapshot(encodeSnapshot(takeSnapshot(story.test.reign.state)));
    const next = new TestReign(saved);
    next.purger = store;
    const names = [own, shared].flatMap(pieceNames);
    const dropped: number[] = [];
    next.bundles = {
      pieces: async () => new Map(names.map((name, i) => [name, [i + 1]])),
      drop: async (seq) => void dropped.push(seq),
    };
    // The order comes again before the clock has begun it anew.
    const repeated = await carryOut(next.reign, story.user, { kind: "delete", op: "d", job: job1 }, () => 1);
    assert.match(
      repeated.reason,
      /^the coordinator goes on with it by itself \(it begins anew\); nexus view events job1/,
    );
    resumePurges(next.reign);
    resumePurges(next.reign);
    await eventually("it is over", () => deletionsIn(next).length === 1);
    assert.deepEqual(deletionsIn(next), [["job1", 90, 3, story.user, ""]]);
    assert.deepEqual(next.reign.state.purges, { messages: 3, before: 90, open: [], deleting: [] });
    assert.deepEqual(
      dropped,
      pieceNames(own).map((name) => names.indexOf(name) + 1),
    );
    resumePurges(next.reign);
    assert.equal(next.reign.purges.of("job1"), undefined);
  });

  test("nexus delete keeps EV's last message in a store that is full", async () => {
    const { story, store } = await finished();
    store.endsAt = undefined;
    story.test.lastEvidence = 2;
    assert.equal((await deletion(story)).ok, true);
    assert.deepEqual(store.asked, ["ev.*.job1.> before 2", "ck.*.job1.>"]);
  });

  test("a deletion is refused if the job opens again while the broker is asked, and an edit if it goes", async () => {
    const { story, store } = await finished();
    let end = (_seq: number): void => undefined;
    store.end = () =>
      new Promise((resolve) => {
        end = resolve;
      });
    const late = deletion(story);
    await story.edit({ totalRuns: 3 });
    end(90);
    assert.match((await late).reason, /job1 is not over: it is searching/);
    const other = (await finished()).story;
    const inputs = { sha256: "0".repeat(64), files: 1, bytes: 1, listBytes: 1, secret: new Uint8Array(32) };
    other.table.submitted = { ...other.table.submitted, inputs: { ...inputs, pieces: new Uint8Array(32) } };
    const asked: (() => void)[] = [];
    const pieces = () => new Promise<Map<string, number[]>>((resolve) => asked.push(() => resolve(new Map())));
    other.test.bundles = { pieces, drop: async () => undefined };
    const edit = other.edit({ totalRuns: 3 });
    const deleted = deletion(other);
    await eventually("both have asked for the pieces", () => asked.length === 2);
    for (const answer of asked) answer();
    assert.match(await edit, /^refused: job1 was deleted by/);
    assert.equal((await deleted).ok, true);
    assert.deepEqual(violations(other.test.events), []);
  });
});

describe("the promises about a deletion", () => {
  test("the invariants demand that only a job that is over is deleted, once, and its deletion ends once", async () => {
    const { events } = (await finished()).story.test;
    assert.deepEqual(violations(events, [begins, { ...begins, messages: 4 }]), []);
    assert.match(violations(events, [begins, begins]).join(), /job1 was deleted twice/);
    assert.match(
      violations(events, [{ ...begins, messages: 4 }]).join(),
      /a deletion of job1 ended that had not begun/,
    );
    assert.match(violations(events, [begins, { ...begins, messages: 99 }]).join(), /99 messages of job1 before 90/);
    const running = new Story({ totalRuns: 5 });
    await running.claim();
    assert.match(violations(running.test.events, [begins]).join(), /job1 was deleted, but it was searching/);
    assert.throws(
      () => apply(running.test.reign.state, { at: 0, by: "ann", op: "", job: job1, ...begins } as JournalEvent),
      /job1 was deleted, but it was searching/,
    );
  });

  test("the invariants expect no evidence of a deleted job, but that of a job that was not deleted", async () => {
    const { events } = (await finished()).story.test;
    const check = new InvariantCheck();
    for (const event of events) check.event(event);
    const missing = (): readonly string[] => [...check.violations(), ...check.gaps()];
    assert.equal(missing().length, 4, "two results and two curves");
    check.event({ at: 0, by: "ann", op: "", job: job1, ...begins } as JournalEvent); // complete with these
    assert.deepEqual(missing(), []);
  });

  test("the gaps that a deleted job leaves in EV are no damage, but what is missing beside them is", async () => {
    const troubles = async (present: readonly number[], ...told: readonly object[]): Promise<string[]> => {
      const messages = told.map((event, seq): StoredMessage => {
        const whole = { at: 0, by: "ann", op: "", job: job1, ...event } as JournalEvent; // complete with these
        return { seq: seq + 1, subject: "jrn.ws.purge", msgId: `1.x.${seq}`, data: encodeEvents([whole]) };
      });
      const bus = {
        lastSeq: async () => messages.length,
        read: async (_stream: string, _from: number, handler: (message: StoredMessage) => void) => {
          for (const message of messages) handler(message);
          return { caughtUp: Promise.resolve(), stop: async () => undefined };
        },
      } as unknown as Bus; // only the journal is read
      const gaps = new EvidenceGaps();
      for (const seq of present) gaps.take(seq);
      gaps.endAt(9);
      return gaps.troubles(bus);
    };
    const begun = { type: "job-deleted", before: 8, messages: null };
    assert.deepEqual(await troubles([1, 8, 9], begun), []);
    assert.deepEqual(await troubles([1, 8, 9], begun, { ...begun, messages: 6 }), []);
    assert.match(
      (await troubles([8, 9], begun, { ...begun, messages: 6 })).join(),
      /7 messages .* only 6 were deleted/,
    );
    assert.deepEqual(await troubles([1, 8], begun), ["message 9 of the evidence is missing"]);
  });
});
