import { within } from "../deadline.ts";
import type { JournalEvent } from "../domain/events.ts";
import { FoldError } from "../domain/run-table.ts";
import { apply, emptyWorkspace, type WorkspaceState } from "../domain/workspace-state.ts";
import { JournalCorruptError } from "../errors.ts";
import type { Bus, Reading, StoredMessage } from "../ports.ts";
import { BadMessage } from "../wire/check.ts";
import { decodeEvents, isJournalRecord } from "../wire/messages.ts";
import { streams } from "../wire/subjects.ts";

const readTimeoutMs = 120_000;

export interface JournalFollower {
  readonly state: WorkspaceState;
  stop(): Promise<void>;
}

/** Folds the journal to its end. */
export async function readJournal(bus: Bus): Promise<WorkspaceState> {
  const follower = await followJournal(bus, () => undefined);
  await follower.stop();
  return follower.state;
}

/**
 * Folds the journal to its end, then goes on with every record that comes; `onEvent` hears of each, also of the old ones,
 * after it was folded.
 *
 * @throws JournalCorruptError when the journal holds what cannot be; later records that cannot be are given to `onCorrupt`
 */
export async function followJournal(
  bus: Bus,
  onEvent: (event: JournalEvent, state: WorkspaceState) => void,
  onCorrupt: (error: JournalCorruptError) => void = () => undefined,
): Promise<JournalFollower> {
  const state = emptyWorkspace();
  let corrupt: JournalCorruptError | undefined;
  const fold = (message: StoredMessage): void => {
    if (corrupt || !isJournalRecord(message.msgId)) return;
    try {
      for (const event of decodeEvents(message.data)) {
        apply(state, event);
        onEvent(event, state);
      }
      state.seq = message.seq;
    } catch (cause) {
      if (!(cause instanceof FoldError || cause instanceof BadMessage)) throw cause;
      corrupt = new JournalCorruptError(
        `record ${message.seq} of the journal (${message.subject}) cannot be: ${cause.message}\n` +
          "  nothing after it was read; restore a backup, or report it with this line",
        { cause },
      );
      onCorrupt(corrupt);
    }
  };
  let reading: Reading | undefined;
  try {
    reading = await bus.read(streams.journal, 1, fold);
    await within(reading.caughtUp, readTimeoutMs, "reading the journal");
  } catch (error) {
    await reading?.stop();
    throw error;
  }
  if (corrupt) {
    await reading.stop();
    throw corrupt;
  }
  return { state, stop: () => reading.stop() };
}
