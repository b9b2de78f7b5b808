import { systemClock } from "../../clock.ts";
import { within } from "../../deadline.ts";
import type { JournalEvent } from "../../domain/fold/events.ts";
import { FoldError } from "../../domain/fold/fold-error.ts";
import { apply, emptyWorkspace, type WorkspaceState } from "../../domain/fold/workspace-state.ts";
import { JournalCorruptError } from "../../errors.ts";
import type { Bus, Clock, Reading, StoredMessage } from "../../ports.ts";
import { BadMessage } from "../../wire/check.ts";
import { decodeEvents, isJournalRecord } from "../../wire/messages.ts";
import { streams } from "../../wire/subjects.ts";
import { streamInfo } from "../client/jetstream-api.ts";
import { readSnapshot } from "./snapshots.ts";
import { journalGap } from "./store-check.ts";

const readTimeoutMs = 120_000;
/** What is known to be stored and does not come within so long is lost. */
const lateMs = 50;
const lateWaits = 60;

export interface JournalFollower {
  readonly state: WorkspaceState;
  stop(): Promise<void>;
}

/** The journal folded to its end: from its newest snapshot on, where there is one. */
export async function readJournal(bus: Bus, clock: Clock = systemClock): Promise<WorkspaceState> {
  return (await foldJournal(bus, clock)).state;
}

/** As `readJournal`; also how many records came after the snapshot, and why one that is there was not used. */
export async function foldJournal(
  bus: Bus,
  clock: Clock = systemClock,
): Promise<{ readonly state: WorkspaceState; readonly records: number; readonly unusable: string }> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await foldOnce(bus, clock);
    } catch (error) {
      if (!(error instanceof JournalCorruptError) || tries === behindTries || !(await hasCopies(bus))) throw error;
    }
    await clock.pause(behindMs);
  }
}

/** In a cluster a copy that is just being made may be the one that is read: it begins in the middle (seen with 2.10.27). */
const behindTries = 6;
const behindMs = 500;

async function hasCopies(bus: Bus): Promise<boolean> {
  return ((await streamInfo(bus, streams.journal))?.replicas.length ?? 0) > 1;
}

async function foldOnce(
  bus: Bus,
  clock: Clock = systemClock,
): Promise<{ readonly state: WorkspaceState; readonly records: number; readonly unusable: string }> {
  let unusable = "";
  const from = await readSnapshot(bus, (why) => {
    unusable = why;
  });
  let records = 0;
  const count = (): void => {
    records += 1;
  };
  const follower = await followJournal(bus, count, undefined, clock, from);
  await follower.stop();
  return { state: follower.state, records, unusable };
}

/**
 * Folds the journal to its end, from its beginning or from where the state `from` stands, which is used up; then goes on with every record that comes; `onEvent` hears of each, also of the old ones,
 * after it was folded.
 *
 * @throws JournalCorruptError when the journal holds what cannot be; later records that cannot be are given to `onCorrupt`
 */
export async function followJournal(
  bus: Bus,
  onEvent: (event: JournalEvent, state: WorkspaceState) => void,
  onCorrupt: (error: JournalCorruptError) => void = () => undefined,
  clock: Clock = systemClock,
  from: WorkspaceState = emptyWorkspace(),
): Promise<JournalFollower> {
  const state = from;
  let corrupt: JournalCorruptError | undefined;
  let breakOff: () => void = () => undefined;
  const brokenOff = new Promise<void>((resolve) => {
    breakOff = resolve;
  });
  let expected = state.seq + 1;
  const fold = (message: StoredMessage): void => {
    if (corrupt) return;
    if (message.seq !== expected) {
      corrupt = journalGap(expected, message.seq - 1);
      onCorrupt(corrupt);
      breakOff();
      return;
    }
    expected += 1;
    if (!isJournalRecord(message.msgId)) return;
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
      breakOff();
    }
  };
  let reading: Reading | undefined;
  try {
    // Asked first: what is stored then must all come.
    const last = await bus.lastSeq(streams.journal);
    if (last < state.seq) throw journalGap(last + 1, state.seq);
    reading = await bus.read(streams.journal, expected, fold);
    await within(Promise.race([reading.caughtUp, brokenOff]), readTimeoutMs, "reading the journal", clock);
    // In a cluster a copy that is a little behind may be the one that answers.
    for (let waits = 0; !corrupt && expected <= last && waits < lateWaits; waits += 1) await clock.pause(lateMs);
    if (!corrupt && expected <= last) corrupt = journalGap(expected, last);
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
