import { evidenceLost, journalGap } from "../../shared/broker/store/store-check.ts";
import type { JournalCorruptError } from "../../shared/errors.ts";
import type { Bus, Clock } from "../../shared/ports.ts";
import { streams } from "../../shared/wire/subjects.ts";
import { lookOften } from "./look-often.ts";

/** What the leader knows to be stored: sequences that never go down. */
export interface KnownStored {
  journal(): number;
  evidence(): number;
}

const everyMs = 5000;

/**
 * Checks every few seconds that the broker still holds what it acknowledged. Nothing else notices a store that was restored, or
 * lost its end, under a running coordinator: the server reuses old sequences, and messages with those sequences count as
 * judged. Two checks in a row must agree, because a server of a cluster may be a little behind.
 *
 * @returns what ends it
 */
export function watchStore(
  bus: Pick<Bus, "lastSeq">,
  clock: Clock,
  known: KnownStored,
  onLost: (error: JournalCorruptError) => void,
): () => void {
  let isOver = false;
  let suspected = false;
  const look = async (): Promise<void> => {
    // Read before the broker is asked: what is stored meanwhile only raises its answers.
    const least = { journal: known.journal(), evidence: known.evidence() };
    const [journal, evidence] = await Promise.all([bus.lastSeq(streams.journal), bus.lastSeq(streams.evidence)]);
    const isLess = journal < least.journal || evidence < least.evidence;
    if (!isLess || !suspected || isOver) {
      suspected = isLess;
      return;
    }
    stop();
    onLost(
      journal < least.journal
        ? journalGap(journal + 1, least.journal)
        : evidenceLost(evidence, `${least.evidence} was read by this coordinator`),
    );
  };
  const cancel = lookOften(clock, everyMs, look);
  const stop = (): void => {
    isOver = true;
    cancel();
  };
  return stop;
}
