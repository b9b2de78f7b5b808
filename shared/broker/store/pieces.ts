import { type Bus, BusError, type Clock, type EndSignal } from "../../ports.ts";
import { streams } from "../../wire/subjects.ts";

/** Pieces on their way into BLOB and out of it: of runs' states and files, and of the code and data that jobs bring along. */

export interface PiecePorts {
  readonly bus: Bus;
  readonly clock: Clock;
}

const storeTimeoutMs = 5000;
const tries = 3;
const retryMs = 500;
/** Number of pieces in flight. */
export const piecesInFlight = 4;

export interface StorePieceOptions {
  /** The same in every try. */
  readonly msgId: string;
  /** Makes it give up at once. */
  readonly signal: EndSignal;
  /** How long it is tried at least, in milliseconds: a broker may be restarting. */
  readonly patienceMs?: number;
}

/** Stores one piece. @returns the last error if that failed, or "closed" if the signal aborted before the first try */
export async function storePiece(
  { bus, clock }: PiecePorts,
  subject: string,
  data: Uint8Array,
  { msgId, signal, patienceMs = 0 }: StorePieceOptions,
): Promise<BusError | undefined> {
  const until = clock.monotonic() + patienceMs;
  let last = new BusError("closed", "the worker had to end");
  for (let left = tries; (left > 0 || clock.monotonic() < until) && !signal.aborted; left -= 1) {
    try {
      await bus.store(subject, data, { msgId, timeoutMs: storeTimeoutMs });
      return undefined;
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      last = error;
      if (error.reason === "full" || error.reason === "closed" || error.reason === "refused") return last;
    }
    await clock.pause(retryMs, signal);
  }
  return last;
}

/**
 * Pieces by their subjects, in that order; null for one that does not exist. Asks again until the broker answers.
 *
 * @throws BusError "closed" if the signal aborts; "refused"
 */
export async function fetchPiecesTogether(
  { bus, clock }: PiecePorts,
  subjects: readonly string[],
  signal: EndSignal,
): Promise<(Uint8Array | null)[]> {
  for (;;) {
    if (signal.aborted) throw new BusError("closed", `${subjects[0] ?? "pieces"}: no longer wanted`);
    try {
      return await Promise.all(subjects.map((subject) => bus.piece(streams.blob, subject)));
    } catch (error) {
      if (!(error instanceof BusError) || error.reason === "closed" || error.reason === "refused") throw error;
      await clock.pause(retryMs, signal);
    }
  }
}
