/** Gaps in a stream, in words, and which of them are no damage because what stood there was deleted on purpose. */

import { foldPurge, noPurges, type Purges } from "../../domain/fold/purges.ts";
import type { Bus } from "../../ports.ts";
import { decodeEvents, isJournalRecord } from "../../wire/messages.ts";
import { journalPurge, streams } from "../../wire/subjects.ts";
import { readUpTo } from "../client/read-up-to.ts";

/** A sentence about a missing stretch of a stream. */
export function gapText(from: number, to: number, kind: "record" | "message" = "record"): string {
  const where = kind === "record" ? "the journal" : "the evidence";
  return from === to ? `${kind} ${from} of ${where} is missing` : `${kind}s ${from} to ${to} of ${where} are missing`;
}

/** What the journal says was purged or deleted; the broker picks these few records. Call this after seeing the gaps. */
async function readPurges(bus: Bus): Promise<Purges> {
  const purges = noPurges();
  const take = ({ msgId, data }: { readonly msgId: string; readonly data: Uint8Array }): void => {
    if (!isJournalRecord(msgId)) return;
    for (const event of decodeEvents(data))
      if (event.type === "worker-purged" || event.type === "job-deleted") foldPurge(purges, event);
  };
  await readUpTo(bus, streams.journal, await bus.lastSeq(streams.journal), take, { subjects: [journalPurge] });
  return purges;
}

/** What is missing among the sequences that a reading meets. */
export class Gaps {
  #expected = 1;
  /** The first and the last sequence of each gap, alternating. */
  readonly ends: number[] = [];

  take(seq: number): void {
    if (seq > this.#expected) this.ends.push(this.#expected, seq - 1);
    this.#expected = seq + 1;
  }

  /** Ends the reading: everything up to `last` was stored when it began. */
  endAt(last: number): void {
    if (this.#expected <= last) this.take(last + 1);
  }

  /** The gaps from `first` on, as sentences. */
  texts(kind: "record" | "message", first = 1): string[] {
    const texts: string[] = [];
    for (let i = 0; i < this.ends.length; i += 2) {
      const [from = 0, to = 0] = this.ends.slice(i, i + 2);
      if (to >= first) texts.push(gapText(Math.max(from, first), to, kind));
    }
    return texts;
  }
}

/**
 * The gaps that a reading of all of EV meets. Of a purge only the number of messages is known, not their places: it is
 * damage if more is missing than was purged, or if anything is missing behind the last purge.
 */
export class EvidenceGaps extends Gaps {
  /** What is damaged, as sentences. */
  async troubles(bus: Bus): Promise<string[]> {
    if (this.ends.length === 0) return [];
    const purges = await readPurges(bus);
    if (purges.before === 0) return this.texts("message");
    const missing = this.#missingBefore(purges.before);
    const behind = this.texts("message", purges.before);
    return isExplained(purges, missing) ? behind : [unexplainedText(purges, missing), ...behind];
  }

  #missingBefore(end: number): number {
    let missing = 0;
    for (let i = 0; i < this.ends.length; i += 2) {
      const [from = 0, to = 0] = this.ends.slice(i, i + 2);
      missing += Math.max(0, Math.min(to, end - 1) - from + 1);
    }
    return missing;
  }
}

/** While a purge is under way, or its leader has died in it, nobody knows how much it has deleted. */
const isExplained = ({ messages, open, deleting }: Purges, missing: number): boolean =>
  open.length + deleting.length > 0 || missing <= messages;

const unexplainedText = ({ messages }: Purges, missing: number): string =>
  `${missing} messages of the evidence are missing, and only ${messages} were deleted by order (nexus purge worker, nexus delete)`;

/** The same from counts alone. @param missing  how many messages the stream lacks */
export async function countedTroubles(bus: Bus, missing: number): Promise<string[] | "none purged"> {
  const purges = await readPurges(bus);
  if (purges.before === 0) return "none purged";
  return isExplained(purges, missing) ? [] : [unexplainedText(purges, missing)];
}
