/**
 * The records that the journal got while the evidence was packed. Without them, a backup of a running search would hold results
 * of runs that its journal does not know yet. A coordinator that continues there would give those numbers to other runs, and
 * could take such a result for theirs. With them, both streams end at the last record whose evidence is in the backup.
 */

import { BrokerError } from "../../errors.ts";
import type { Bus, StoredMessage } from "../../ports.ts";
import { decodeEvents, isJournalRecord } from "../../wire/messages.ts";
import { streams } from "../../wire/subjects.ts";
import { readUpTo } from "../client/read-up-to.ts";
import { journalGap } from "../store/store-check.ts";

/** Hands over the journal's messages after `after`, to its present end. */
export async function readTail(bus: Bus, after: number, onRecord: (record: StoredMessage) => void): Promise<void> {
  let expected = after + 1;
  let gap: Error | undefined;
  const take = (record: StoredMessage): boolean => {
    if (record.seq !== expected) gap = journalGap(expected, record.seq - 1);
    else onRecord(record);
    expected = record.seq + 1;
    return gap === undefined;
  };
  await readUpTo(bus, streams.journal, await bus.lastSeq(streams.journal), take, { first: expected });
  if (gap) throw gap;
}

/** Appends what the unpacked journal lacks, up to the first record whose evidence is missing. */
export async function appendTail(bus: Bus, records: Iterable<StoredMessage>): Promise<void> {
  let last = await bus.lastSeq(streams.journal);
  const evidence = await bus.lastSeq(streams.evidence);
  for (const { seq, subject, msgId, data } of records) {
    if (seq <= last) continue;
    if (seq !== last + 1) throw journalGap(last + 1, seq - 1);
    if (isJournalRecord(msgId) && newestCited(data) > evidence) return;
    const stored = await bus.store(subject, data, { msgId, expectLastSeq: last });
    if (stored.seq !== seq)
      throw new BrokerError(
        `record ${seq} of the journal was stored as ${stored.seq}; nothing was restored, try again`,
      );
    last = seq;
  }
}

const newestCited = (data: Uint8Array): number =>
  Math.max(0, ...decodeEvents(data).map((event) => ("ev" in event ? event.ev : 0)));
