import {
  type Assigned,
  actorOf,
  type Completed,
  type EndedWithout,
  type JobChanged,
  type JournalEvent,
  type Lost,
} from "../domain/fold/events.ts";
import * as check from "./check.ts";
import { decode, encode } from "./codec.ts";
import { id, open, seal, term, wireVersion } from "./envelope.ts";
import { entryLimits } from "./limits.ts";
import { lossCause, pauseWords, prunedBy } from "./old-words.ts";

/** A journal message is a list of version and records. Version 1, still read: a record or `{type: "batch", events}`. */
const journalVersion = 2;

/**
 * The two records of every trial are lists: a million of them take half the time and half the space of mappings
 * (2026-11-24). The order of their fields is part of the version.
 */
type Packed =
  | readonly ["a", ...Values<Assigned, typeof assignedFields>]
  | readonly ["c", ...Values<Completed, typeof completedFields>];
type Values<Event, Fields extends readonly (keyof Event)[]> = {
  readonly [I in keyof Fields]: Event[Fields[I]];
};

const assignedFields = [
  "job",
  "n",
  "attempt",
  "worker",
  "claimId",
  "bootId",
  "run",
  "configuration",
  "seed",
  "why",
  "at",
] as const satisfies readonly (keyof Assigned)[];
const completedFields = [
  "job",
  "n",
  "attempt",
  "worker",
  "hpmax",
  "iters",
  "metrics",
  "ev",
  "at",
] as const satisfies readonly (keyof Completed)[];

/** Fails to compile if a record has a field that its list lacks. */
type Unlisted =
  | Exclude<keyof Assigned, "type" | (typeof assignedFields)[number]>
  | Exclude<keyof Completed, "type" | (typeof completedFields)[number]>;
const _noneUnlisted: Unlisted extends never ? true : Unlisted = true;

/** Encodes one journal message: a record, or several that were decided while an earlier message was in flight. */
export const encodeEvents = (events: readonly JournalEvent[]): Uint8Array =>
  encode([journalVersion, ...events.map(packed)]);

function packed(event: JournalEvent): JournalEvent | Packed {
  if (event.type === "assigned") {
    const { job, n, attempt, worker, claimId, bootId, run, configuration, seed, why, at } = event;
    return ["a", job, n, attempt, worker, claimId, bootId, run, configuration, seed, why, at];
  }
  if (event.type === "completed") {
    const { job, n, attempt, worker, hpmax, iters, metrics, ev, at } = event;
    return ["c", job, n, attempt, worker, hpmax, iters, metrics, ev, at];
  }
  return event;
}

/**
 * Decodes one message of the journal. Only coordinators write the journal, so there are no limits beyond the reader's.
 * Version and type are checked here; the fold checks whether a record can follow the earlier ones.
 *
 * @throws BadMessage if the version is unknown, or a record has no type
 */
export function decodeEvents(bytes: Uint8Array): JournalEvent[] {
  const message = decode(bytes);
  if (!Array.isArray(message)) return decodeVersion1(message);
  const version: unknown = message[0];
  if (version !== journalVersion) {
    throw new check.BadMessage(
      `${check.versionText(version)} in the journal; this program reads versions 1 and ${journalVersion}: update it`,
    );
  }
  const events = new Array<JournalEvent>(message.length - 1);
  for (let i = 1; i < message.length; i++) {
    const record: unknown = message[i];
    events[i - 1] = Array.isArray(record) ? unpacked(record, i) : recordOf(record, `record ${i}`);
  }
  return events;
}

/** @param i  number of the record in its message, from 1 */
function unpacked(record: readonly unknown[], i: number): JournalEvent {
  const list = record as Packed; // only our coordinator writes this version; the length is checked below
  if (list[0] === "a" && list.length === assignedFields.length + 1) {
    const [, job, n, attempt, worker, claimId, bootId, run, configuration, seed, why, at] = list;
    return { type: "assigned", job, n, attempt, worker, claimId, bootId, run, configuration, seed, why, at };
  }
  if (list[0] === "c" && list.length === completedFields.length + 1) {
    const [, job, n, attempt, worker, hpmax, iters, metrics, ev, at] = list;
    return { type: "completed", job, n, attempt, worker, hpmax, iters, metrics, ev, at };
  }
  throw new check.BadMessage(`record ${i}: a list of ${record.length} that is no record of ours`);
}

function decodeVersion1(message: unknown): JournalEvent[] {
  const { v, ...record } = (message ?? {}) as { v?: unknown; type?: unknown };
  if (v !== wireVersion)
    throw new check.BadMessage(`${check.versionText(v)} in the journal; this program reads versions 1 and 2`);
  return record.type === "batch" ? [...batchShape(record, "message").events] : [recordOf(record, "message")];
}

const recordOf: check.Check<JournalEvent> = (value, at) => {
  const type = typeof value === "object" && value !== null ? (value as { type?: unknown }).type : undefined;
  if (typeof type !== "string") throw new check.BadMessage(`${at}: expected a record with a type`);
  switch (type) {
    case "lost":
      return withCause(value as Lost, at);
    case "ended":
      return withPrunedBy(value as EndedWithout, at);
    case "job-state":
      return withPauseWords(value as JobChanged, at);
    default:
      return value as JournalEvent;
  }
};

const said = check.text(Number.POSITIVE_INFINITY);
function withCause(event: Lost, at: string): Lost {
  const { cause, outcome, worker, reason } = event;
  if (cause !== undefined) return event;
  return { ...event, cause: lossCause(outcome, said(worker, `${at}.worker`), said(reason, `${at}.reason`)) };
}

function withPrunedBy(event: EndedWithout, at: string): EndedWithout {
  if (event.outcome !== "pruned" || event.prunedBy !== undefined) return event;
  return { ...event, prunedBy: prunedBy(said(event.reason, `${at}.reason`)) };
}

function withPauseWords(event: JobChanged, at: string): JobChanged {
  if (event.state !== "paused" || event.told !== undefined || actorOf(event) === "person") return event;
  const told = pauseWords(event.job, said(event.reason, `${at}.reason`));
  return told ? { ...event, told } : event;
}

const batchShape = check.shape({ events: check.list(recordOf) });

/**
 * Whether a coordinator appended a message of the journal's stream: then its msgID is `<term>.<nonce>.<count>`. Anyone
 * who may read the streams can make the server store an answer under any subject, by naming that subject for the reply
 * (seen with nats-server 2.10.27). Such a message has no msgID and is not part of the journal.
 */
export const isJournalRecord = (msgId: string): boolean => /^\d+\.[\w-]+\.\d+$/.test(msgId);

const leaderShape = check.shape({
  leader: id,
  term,
  host: check.text(256),
  pid: check.whole(),
  started: check.text(256),
  /** Whether the leader stepped down by itself, so that nobody needs to wait. */
  released: check.flag,
});
/** The leader. `host`, `pid` and `started` show a restart on the same machine at once that the old leader is dead. */
export type LeaderEntry = check.Checked<typeof leaderShape>;
export const encodeLeader = (entry: LeaderEntry): Uint8Array => seal(entry);
export const decodeLeader = (bytes: Uint8Array): LeaderEntry => open(bytes, leaderShape, entryLimits);
