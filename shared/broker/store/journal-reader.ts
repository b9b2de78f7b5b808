import type { JournalEvent } from "../../domain/fold/events.ts";
import { FoldError } from "../../domain/fold/fold-error.ts";
import { apply, emptyWorkspace, type WorkspaceState } from "../../domain/fold/workspace-state.ts";
import { JournalCorruptError } from "../../errors.ts";
import type { Bus, Clock, Reading, StoredMessage } from "../../ports.ts";
import { systemClock } from "../../time/clock.ts";
import { within } from "../../time/deadline.ts";
import { Ending } from "../../time/ending.ts";
import { BadMessage } from "../../wire/check.ts";
import { decodeEvents, isJournalRecord } from "../../wire/messages.ts";
import { streams } from "../../wire/subjects.ts";
import { streamInfo } from "../client/jetstream-api.ts";
import { readSnapshot } from "./snapshots.ts";
import { journalGap } from "./store-check.ts";

const readTimeoutMs = 120_000;
/** A record known to be stored that does not arrive within these waits (3 s) is lost. */
const lateMs = 50;
const lateWaits = 60;

interface JournalFollower {
  readonly state: WorkspaceState;
  stop(): Promise<void>;
}

interface FoldedJournal {
  readonly state: WorkspaceState;
  /** How many records came after the snapshot. */
  readonly records: number;
  /** Why an existing snapshot was not used; "" if it was. */
  readonly unusable: string;
}

/** The journal folded to its end, from its newest snapshot on if there is one. */
export async function readJournal(bus: Bus, clock: Clock = systemClock): Promise<WorkspaceState> {
  return (await foldJournal(bus, clock)).state;
}

/** As `readJournal`, with details about the snapshot. @param snapshot  gives the state to begin with; default: the newest */
export async function foldJournal(
  bus: Bus,
  clock: Clock = systemClock,
  snapshot: typeof readSnapshot = readSnapshot,
): Promise<FoldedJournal> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await foldOnce(bus, clock, snapshot);
    } catch (error) {
      if (!(error instanceof JournalCorruptError) || tries === behindTries || !(await hasCopies(bus))) throw error;
    }
    await clock.pause(behindMs);
  }
}

/** In a cluster the copy that is read may still be in the making: it then begins in the middle (seen with 2.10.27). */
const behindTries = 6;
const behindMs = 500;

async function hasCopies(bus: Bus): Promise<boolean> {
  return ((await streamInfo(bus, streams.journal))?.replicas.length ?? 0) > 1;
}

async function foldOnce(bus: Bus, clock: Clock, snapshot: typeof readSnapshot): Promise<FoldedJournal> {
  let unusable = "";
  const from = await snapshot(bus, (why) => {
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
 * Folds one message of the journal into the state. `onEvent` hears each event after it was folded.
 *
 * @returns why it cannot be folded (it may have been folded in part); undefined if it was, or is no record
 */
export function foldRecord(
  state: WorkspaceState,
  { seq, subject, msgId, data }: StoredMessage,
  onEvent: (event: JournalEvent, state: WorkspaceState) => void = () => undefined,
): string | undefined {
  if (!isJournalRecord(msgId)) return undefined;
  try {
    for (const event of decodeEvents(data)) {
      apply(state, event);
      onEvent(event, state);
    }
    state.seq = seq;
    return undefined;
  } catch (error) {
    if (!(error instanceof FoldError || error instanceof BadMessage)) throw error;
    return `record ${seq} of the journal (${subject}) cannot be: ${error.message}`;
  }
}

/**
 * Folds the journal to its end, and then every new record. `onEvent` hears each event after it was folded, old ones included.
 *
 * @param from  where to begin, and the state to fold into; default: the journal's beginning
 * @throws JournalCorruptError if a record is missing or makes no sense; `onCorrupt` hears of later ones
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
  const brokenOff = new Ending();
  let expected = state.seq + 1;
  const breakOff = (error: JournalCorruptError): void => {
    corrupt = error;
    onCorrupt(error);
    brokenOff.abort();
  };
  const fold = (message: StoredMessage): void => {
    if (corrupt) return;
    if (message.seq !== expected) {
      breakOff(journalGap(expected, message.seq - 1));
      return;
    }
    expected += 1;
    const trouble = foldRecord(state, message, onEvent);
    if (trouble !== undefined) {
      breakOff(
        new JournalCorruptError(
          `${trouble}\n  nothing after it was read; restore a backup, or report it with this line`,
        ),
      );
    }
  };
  let reading: Reading | undefined;
  try {
    // Asked first: everything stored by then must come.
    const last = await bus.lastSeq(streams.journal);
    if (last < state.seq) throw journalGap(last + 1, state.seq);
    reading = await bus.read(streams.journal, expected, fold);
    await within(Promise.race([reading.caughtUp, brokenOff.ended]), readTimeoutMs, "reading the journal", clock);
    // In a cluster a copy that is a little behind may be the one that answers.
    for (let waits = 0; !corrupt && expected <= last && waits < lateWaits; waits += 1) await clock.pause(lateMs);
    if (!corrupt && expected <= last) corrupt = journalGap(expected, last);
    if (corrupt) throw corrupt;
    const follower = reading;
    return { state, stop: () => follower.stop() };
  } catch (error) {
    await reading?.stop();
    throw error;
  }
}
