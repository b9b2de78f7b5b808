import { within } from "../../deadline.ts";
import { BrokerError } from "../../errors.ts";
import type { Bus, StoredMessage } from "../../ports.ts";
import { decodeEvents, isJournalRecord } from "../../wire/messages.ts";
import { streams } from "../../wire/subjects.ts";
import { journalGap } from "../store/store-check.ts";

/**
 * What the journal came to hold while the evidence was packed. Without it a backup of a running search would hold results of
 * runs that its journal does not know yet: a coordinator that goes on from there gives the same numbers to other runs, and a
 * later one could take such a result for theirs. With it the two streams end together: at the last record that rests on
 * evidence which is in the backup.
 */
const readTimeoutMs = 60_000;

export type TailRecord = StoredMessage;

/** Hands over the journal's messages after that sequence, to its present end. */
export async function readTail(bus: Bus, after: number, onRecord: (record: TailRecord) => void): Promise<void> {
  let expected = after + 1;
  let gap: Error | undefined;
  const reading = await bus.read(streams.journal, expected, (record) => {
    if (record.seq !== expected) gap ??= journalGap(expected, record.seq - 1);
    expected = record.seq + 1;
    if (!gap) onRecord(record);
  });
  try {
    await within(reading.caughtUp, readTimeoutMs, "reading the journal's end");
  } finally {
    await reading.stop();
  }
  if (gap) throw gap;
}

/** Appends what the unpacked journal does not hold yet, up to the first record that rests on evidence which is not there. */
export async function appendTail(bus: Bus, records: Iterable<TailRecord>): Promise<void> {
  let last = await bus.lastSeq(streams.journal);
  const evidence = await bus.lastSeq(streams.evidence);
  for (const { seq, subject, msgId, data } of records) {
    if (seq <= last) continue;
    if (seq !== last + 1) throw journalGap(last + 1, seq - 1);
    if (isJournalRecord(msgId) && newestCited(data) > evidence) return;
    const stored = await bus.store(subject, data, { msgId, expectLastSeq: last });
    if (stored.seq !== seq) throw new BrokerError(`record ${seq} of the journal came to lie at ${stored.seq}`);
    last = seq;
  }
}

const newestCited = (data: Uint8Array): number =>
  Math.max(0, ...decodeEvents(data).map((event) => ("ev" in event ? event.ev : 0)));
