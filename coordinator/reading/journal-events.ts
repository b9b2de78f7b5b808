import type { JournalEvent } from "../../shared/domain/fold/events.ts";
import type { Bus, Reading } from "../../shared/ports.ts";
import { within } from "../../shared/time/deadline.ts";
import { decodeEvents, isJournalRecord } from "../../shared/wire/messages.ts";
import { streams } from "../../shared/wire/subjects.ts";

/** A journal record and the sequence number of its message. */
export interface JournalEntry {
  readonly seq: number;
  readonly event: JournalEvent;
}

const readTimeoutMs = 120_000;

/** The journal records that pass `keep`, in order. */
export async function readEvents(bus: Bus, keep: (event: JournalEvent) => boolean): Promise<JournalEntry[]> {
  const entries: JournalEntry[] = [];
  let reading: Reading | undefined;
  try {
    reading = await bus.read(streams.journal, 1, ({ seq, msgId, data }) => {
      if (!isJournalRecord(msgId)) return;
      for (const event of decodeEvents(data)) if (keep(event)) entries.push({ seq, event });
    });
    await within(reading.caughtUp, readTimeoutMs, "reading the journal");
  } finally {
    await reading?.stop();
  }
  return entries;
}
