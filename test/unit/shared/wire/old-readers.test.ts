import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as codec from "../../../../shared/wire/codec.ts";
import * as messages from "../../../../shared/wire/messages.ts";
import { decodeSnapshotPlace, encodeSnapshotPlace } from "../../../../shared/wire/snapshots.ts";
import type { EvidenceKind } from "../../../../shared/wire/subjects.ts";
import { fromBase64, inJson, oldJson, oldMessages } from "../../../support/stories/old-forms.ts";

/** Reads a message and writes it again, as this version would. */
type Anew = (bytes: Uint8Array) => Uint8Array;

const anew =
  <Message>(decode: (bytes: Uint8Array) => Message, encode: (message: Message) => Uint8Array): Anew =>
  (bytes) =>
    encode(decode(bytes));

const evidence =
  (kind: EvidenceKind): Anew =>
  (bytes) => {
    const { kind: _, ...body } = messages.decodeEvidence({ kind }, bytes);
    return messages.encodeEvidence(body as Parameters<typeof messages.encodeEvidence>[0]); // the body of that kind
  };

const forms: Readonly<Record<string, Anew>> = {
  ask: anew(messages.decodeAsk, messages.encodeAsk),
  answer: anew(messages.decodeAnswer, messages.encodeAnswer),
  control: anew(messages.decodeControl, messages.encodeControl),
  order: anew(messages.decodeOrder, messages.encodeOrder),
  "order answer": anew(messages.decodeOrderAnswer, messages.encodeOrderAnswer),
  enrolment: anew(messages.decodeEnrolment, messages.encodeEnrolment),
  report: evidence("report"),
  checkpoint: evidence("checkpoint"),
  result: evidence("result"),
  failed: evidence("failed"),
  released: evidence("released"),
  status: anew(messages.decodeStatus, messages.encodeStatus),
  leader: anew(messages.decodeLeader, messages.encodeLeader),
  snapshot: anew(decodeSnapshotPlace, encodeSnapshotPlace),
};

/**
 * What an old reader would miss or find changed, as `place: then, now`. New fields do no harm: readers skip what they
 * do not know.
 */
function missing(then: unknown, now: unknown, place: string): string[] {
  if (Array.isArray(then) && Array.isArray(now) && then.length === now.length)
    return then.flatMap((item, i) => missing(item, now[i], `${place}[${i}]`));
  if (isObject(then) && isObject(now))
    return Object.keys(then).flatMap((key) => missing(then[key], now[key], `${place}.${key}`));
  return JSON.stringify(then) === JSON.stringify(now)
    ? []
    : [`${place}: ${JSON.stringify(then)}, ${JSON.stringify(now)}`];
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const raw = (bytes: Uint8Array): unknown => inJson(codec.decode(bytes));

/** Workers, coordinators and commands of both versions work with each other: docs/control.md, "For programs, and for other versions". */
describe("programs of an earlier version", () => {
  const examples =
    oldJson<readonly { readonly name: string; readonly form: string; readonly bytes: string }[]>("wire.json.gz");
  for (const { name, form, bytes } of examples) {
    test(`a program of an earlier version finds all that it reads in our "${name}"`, () => {
      const then = fromBase64(bytes);
      const now = forms[form]?.(then);
      assert.ok(now, `no form ${form}`);
      assert.deepEqual(missing(raw(then), raw(now), form), []);
    });
  }

  test("a program of an earlier version finds all that it reads in every record of our journal", () => {
    const then = oldMessages("journal.jsonl.gz").filter(({ msgId }) => messages.isJournalRecord(msgId));
    assert.ok(then.length > 100);
    for (const { seq, data } of then) {
      const now = messages.encodeEvents(messages.decodeEvents(data));
      assert.deepEqual(missing(raw(data), raw(now), `record ${seq}`), []);
    }
  });
});
