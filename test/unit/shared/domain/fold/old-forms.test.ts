import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { progressLine } from "../../../../../coordinator/words/progress.ts";
import type { JournalEvent } from "../../../../../shared/domain/fold/events.ts";
import { apply, emptyWorkspace, type WorkspaceState } from "../../../../../shared/domain/fold/workspace-state.ts";
import type { JobName, WorkerId } from "../../../../../shared/domain/names.ts";
import * as messages from "../../../../../shared/wire/messages.ts";
import { open } from "../../../../../shared/wire/sealed-chunks.ts";
import { decodeSnapshot, decodeSnapshotPlace } from "../../../../../shared/wire/snapshots.ts";
import { type EvidenceKind, parseEvidence } from "../../../../../shared/wire/subjects.ts";
import { testimonyOf } from "../../../../../shared/wire/testimony.ts";
import { FileSpool } from "../../../../../worker/node/spool.ts";
import { Story } from "../../../../support/stories/control-story.ts";
import { fromBase64, inJson, oldForms, oldJson, oldMessages, told } from "../../../../support/stories/old-forms.ts";
import { plain } from "../../../../support/stories/reign.ts";

const journal = oldMessages("journal.jsonl.gz");
const evidence = oldMessages("evidence.jsonl.gz");
const expected = oldJson<{
  readonly told: unknown;
  readonly atSnapshot: unknown;
  readonly records: Readonly<Record<string, number>>;
  readonly sentences: readonly unknown[];
  readonly evidence: Readonly<Record<string, number>>;
  readonly spool: readonly unknown[];
}>("expected.json");

/** Folds the messages from one sequence to another into a state. */
function foldOn(state: WorkspaceState, to = Number.POSITIVE_INFINITY): WorkspaceState {
  for (const { seq, msgId, data } of journal) {
    if (seq <= state.seq || seq > to) continue;
    assert.ok(messages.isJournalRecord(msgId), msgId);
    for (const event of messages.decodeEvents(data)) apply(state, event);
    state.seq = seq;
  }
  return state;
}

const records: readonly { readonly seq: number; readonly event: JournalEvent }[] = journal.flatMap(({ seq, data }) =>
  messages.decodeEvents(data).map((event) => ({ seq, event })),
);

function storedSnapshot(): { readonly state: WorkspaceState; readonly seq: number } {
  const { entry, pieces } = oldJson<{ entry: string; pieces: readonly { subject: string; data: string }[] }>(
    "snapshot.json",
  );
  const place = decodeSnapshotPlace(fromBase64(entry));
  const opened = open(
    pieces.map(({ data }) => fromBase64(data)),
    place.key,
    place,
  );
  return { state: decodeSnapshot(opened), seq: place.seq };
}

/** What a message of the evidence says, beside what its subject does. */
const bodyOf =
  (kind: EvidenceKind) =>
  (bytes: Uint8Array): unknown => {
    const { kind: _, ...body } = messages.decodeEvidence({ kind }, bytes);
    return body;
  };

const count = (words: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
};

describe("data stored before records had codes", () => {
  test("a journal from before records had codes folds to the jobs, runs and workers of that time", () => {
    assert.deepEqual(told(foldOn(emptyWorkspace())), expected.told);
  });

  test("a snapshot from before records had codes opens and equals the fold of the journal up to there", () => {
    const { state, seq } = storedSnapshot();
    assert.equal(state.seq, seq);
    assert.deepEqual(told(state), expected.atSnapshot);
    assert.deepEqual(plain(state), plain(foldOn(emptyWorkspace(), seq)));
  });

  test("a snapshot from before records had codes and the rest of its journal equal the whole journal's fold", () => {
    const { state } = storedSnapshot();
    const whole = foldOn(emptyWorkspace());
    assert.deepEqual(plain(foldOn(state)), plain(whole));
    assert.deepEqual(told(state), expected.told);
  });

  test("the fixture from before records had codes has each of the stored sentences", () => {
    assert.deepEqual(count(records.map(({ event }) => event.type)), expected.records);
    const found = new Set(
      records.flatMap(({ event }) => {
        if (!("reason" in event)) return [];
        const what = "outcome" in event ? event.outcome : "state" in event ? event.state : "";
        const charged = "charged" in event ? event.charged : null;
        return JSON.stringify([event.type, what, charged, "by" in event ? event.by : "", event.reason]);
      }),
    );
    assert.deepEqual([...found].sort(), expected.sentences.map((each) => JSON.stringify(each)).sort());
  });

  test("evidence from before records had codes is read message by message", () => {
    assert.deepEqual(count(evidence.map(({ subject }) => parseEvidence(subject)?.kind ?? subject)), expected.evidence);
    for (const message of evidence) assert.ok(testimonyOf(message), `${message.seq} ${message.subject}`);
  });

  test("a result in a worker's spool from before records had codes is read", () => {
    const spool = new FileSpool(join(oldForms, "spool"));
    const found = spool.names().map((name) => {
      const { subject, msgId, data } = spool.read(name);
      assert.equal(parseEvidence(subject)?.kind, "result");
      return inJson({ name, subject, msgId, result: bodyOf("result")(data) });
    });
    assert.deepEqual(found, expected.spool);
    assert.equal(readdirSync(join(oldForms, "spool")).length, found.length);
  });
});

describe("messages of an earlier version", () => {
  const decoders: Readonly<Record<string, (bytes: Uint8Array) => unknown>> = {
    ask: (bytes) => {
      const ask = messages.decodeAsk(bytes);
      if (ask.kind !== "renew") return ask;
      // Earlier workers said nothing of their owners: they lend.
      const { lending, lendingWhy, lendingUntil, lendingMs, ...renewal } = ask;
      assert.deepEqual([lending, lendingWhy, lendingUntil, lendingMs], ["open", "", "", 0]);
      return renewal;
    },
    answer: messages.decodeAnswer,
    control: messages.decodeControl,
    order: messages.decodeOrder,
    "order answer": (bytes) => {
      const { code: _, ...answer } = messages.decodeOrderAnswer(bytes);
      return answer;
    },
    enrolment: (bytes) => {
      // An earlier version signed nothing, and named no invitation.
      const { invite: _, inviteProof: __, ownProof: ___, ...enrolment } = messages.decodeEnrolment(bytes);
      return enrolment;
    },
    report: bodyOf("report"),
    checkpoint: bodyOf("checkpoint"),
    result: bodyOf("result"),
    failed: bodyOf("failed"),
    released: bodyOf("released"),
    status: (bytes) => {
      const { onlyResults, ...status } = messages.decodeStatus(bytes);
      // Earlier leaders did not say whether reports wait for room.
      assert.equal(onlyResults, null);
      // Earlier workers said nothing of their owners, their GPUs and their machines, which reads as null.
      const workers = status.workers.map(({ lending, lendingWhy, lendingUntil, lendingMs, refusal, ...rest }) => {
        const { gpus, fetches, unfit, diskFree, memoryFree, load, cpu, memory, gpu, left, ...row } = rest;
        assert.deepEqual([gpus, fetches, unfit], [null, null, null]);
        assert.deepEqual([diskFree, memoryFree, load], [null, null, null]);
        assert.deepEqual([cpu, memory, gpu, left], [null, null, null, null]);
        assert.deepEqual([lending, lendingWhy, lendingUntil, lendingMs, refusal], [null, null, null, null, null]);
        return row;
      });
      return { ...status, workers };
    },
    leader: messages.decodeLeader,
    snapshot: decodeSnapshotPlace,
  };
  const examples =
    oldJson<
      readonly { readonly name: string; readonly form: string; readonly bytes: string; readonly value: unknown }[]
    >("wire.json.gz");

  test("the fixture of an earlier version's messages has an example of each form", () => {
    assert.deepEqual(Object.keys(count(examples.map(({ form }) => form))).sort(), Object.keys(decoders).sort());
  });

  test("an earlier version's answer to an order is understood by its wording, without a code", () => {
    const answers = examples.filter(({ form }) => form === "order answer");
    const codes = answers.map(({ name, bytes }) => [name, messages.decodeOrderAnswer(fromBase64(bytes)).code]);
    assert.deepEqual(Object.fromEntries(codes), {
      "order answer: no": "refused",
      "order answer: there is no job": "not found",
      "order answer: there is no worker": "not found",
      "order answer: yes": "done",
      "order answer: yes with a word": "done",
    });
  });

  for (const { name, form, bytes, value } of examples) {
    test(`an earlier version's "${name}" is read with its meaning`, () => {
      assert.deepEqual(inJson(decoders[form]?.(fromBase64(bytes))), value);
    });
  }
});

describe("a coordinator with an old journal", () => {
  /** The first record of which this holds. */
  function first(what: (event: JournalEvent) => boolean): { readonly seq: number; readonly event: JournalEvent } {
    const found = records.find(({ event }) => what(event));
    assert.ok(found);
    return found;
  }
  /** A coordinator that takes over right after that record's message. */
  const takenOverAt = (seq: number, job: JobName): Story => new Story({}, foldOn(emptyWorkspace(), seq), job);
  const startedAnew = (attempt: number) => (event: JournalEvent) =>
    event.type === "lost" && event.attempt === attempt && event.reason.endsWith(" started anew");

  test("a coordinator with an old journal charges a trial for its worker's second restart, not the first", async () => {
    for (const attempt of [1, 2]) {
      const { seq, event } = first(startedAnew(attempt));
      assert.ok(event.type === "lost");
      const { job, n, worker } = event;
      const story = takenOverAt(seq - 1, job);
      await story.claim(worker, "another boot");
      const lost = story.test.events.find((each) => each.type === "lost");
      assert.ok(lost?.type === "lost");
      assert.deepEqual([lost.n, lost.attempt, lost.charged, lost.reason], [n, attempt, attempt === 2, event.reason]);
    }
  });

  test("in an old journal, lifting a rule resumes the search it stopped, but not one that a person stopped", async () => {
    const isStop =
      (isOwn: boolean) =>
      (event: JournalEvent): boolean =>
        event.type === "job-state" && event.state === "stopping" && (event.by === "coordinator") === isOwn;
    for (const isOwn of [true, false]) {
      const { seq, event } = first(isStop(isOwn));
      assert.ok(event.type === "job-state");
      const story = takenOverAt(seq, event.job);
      assert.equal(story.table.state, "stopping");
      assert.match(await story.edit({ stopWhen: null, totalRuns: 600 }), /^ok/);
      assert.equal(story.table.state, isOwn ? "searching" : "stopping");
    }
  });

  test("a lost trial in an old journal shows as queued", () => {
    const { seq, event } = first(
      ({ type, ...more }) => type === "lost" && "reason" in more && more.reason.startsWith("no sign of life"),
    );
    assert.ok(event.type === "lost");
    const table = foldOn(emptyWorkspace(), seq).jobs.get(event.job);
    assert.ok(table);
    assert.match(progressLine(table, 0), /1 queued.* 1 lost and queued/);
  });

  test("in an old journal, runs of a worker benched by a rule are lost, of one by a person reclaimed", () => {
    for (const [worker, outcome] of [
      ["carol", "lost"],
      ["bob", "reclaimed"],
    ] as const) {
      const { event: taken } = first(
        (each) => each.type === "lost" && each.worker === worker && each.reason.startsWith(`${worker} is benched`),
      );
      assert.ok(taken.type === "lost");
      const { seq } = first(
        (each) => each.type === "worker-state" && each.worker === worker && each.state === "benched",
      );
      const story = takenOverAt(seq, taken.job);
      story.wait(100);
      const ends = story.test.events.filter((each) => each.type === "lost" && each.worker === (worker as WorkerId));
      assert.deepEqual(
        ends.map((each) => each.type === "lost" && [each.n, each.outcome, each.charged, each.reason]),
        [[taken.n, outcome, false, taken.reason]],
      );
    }
  });
});
