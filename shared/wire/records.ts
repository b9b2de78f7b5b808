import type { JournalEvent } from "../domain/events.ts";
import * as check from "./check.ts";
import { id, open, seal, term } from "./envelope.ts";

/** One message of the journal: a record, or several that were decided while an earlier message was on its way. */
export function encodeEvents(events: readonly JournalEvent[]): Uint8Array {
  const [only, ...more] = events;
  return only && more.length === 0 ? seal(only) : seal({ type: "batch", events });
}

/** The journal has one writer, which is ours: version and type are checked here, whether it can follow is the fold's business. */
export function decodeEvents(bytes: Uint8Array): JournalEvent[] {
  return open(bytes, (value, at) => {
    const { type } = value as { type?: unknown };
    if (type === "batch") return batchShape(value, at).events;
    // Only a job's record is kept as it is; its envelope is not part of it.
    if (type === "job") delete (value as { v?: number }).v;
    return [recordOf(value, at)];
  });
}
const recordOf: check.Check<JournalEvent> = (value, at) => {
  const type = typeof value === "object" && value !== null ? (value as { type?: unknown }).type : undefined;
  if (typeof type !== "string") throw new check.BadMessage(`${at}: expected a record with a type`);
  return value as JournalEvent;
};
const batchShape = check.shape({ events: check.list(recordOf) });

/**
 * Whether a message of the journal's stream was appended by a coordinator: each of its records has a msgID
 * `<term>.<nonce>.<count>`. Whoever may read the streams can have the server store an answer under any subject by naming it
 * as the reply (seen with 2.10.27); such a message has no msgID, and is not part of the journal.
 */
export const isJournalRecord = (msgId: string): boolean => /^\d+\.[\w-]+\.\d+$/.test(msgId);

/** Who leads. `host`, `pid` and `started` let a restart on the same machine see at once that the old leader is dead. */
export interface LeaderEntry {
  readonly leader: string;
  readonly term: number;
  readonly host: string;
  readonly pid: number;
  readonly started: string;
  /** The leader stepped down by itself: no need to wait. */
  readonly released: boolean;
}

const leaderShape = check.shape({
  leader: id,
  term,
  host: check.text(256),
  pid: check.whole(),
  started: check.text(256),
  released: check.flag,
});
export const encodeLeader = (entry: LeaderEntry): Uint8Array => seal(entry);
export const decodeLeader = (bytes: Uint8Array): LeaderEntry => open(bytes, leaderShape);
