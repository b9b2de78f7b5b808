import type { MemoryReading } from "./memory-reading.ts";

/** Hand the newest run back and claim nothing; only claim nothing; or all is well. */
export type MemoryVerdict = "hand back" | "hold" | "enough";

export interface MemorySituation extends MemoryReading {
  /** Bytes of all runs here. Asked for only while memory is short, since it reads files of each of their processes. */
  readonly runsBytes: () => number;
  readonly isOwnerHere: boolean;
}

/** Memory is short if less than a twentieth of it is available; this limit is at least 256 MB and at most 1 GB. */
const leastPart = 1 / 20;
const leastBytes = 256 * 2 ** 20;
const mostBytes = 2 ** 30;
/** Percent. Memory is also short if programs wait this often, unless much is free: then only their group is short. */
const shortPressure = 20;
const easyPressure = 5;
/** The runs are the cause if they hold this part of the memory. */
const causePart = 1 / 10;
/** A run's memory is free within this time after the run was handed back. */
const settleMs = 10_000;
/** Claims resume once there has been twice as much as needed for this long. */
const calmMs = 30_000;

export const neededBytes = (totalBytes: number): number =>
  Math.min(mostBytes, Math.max(leastBytes, totalBytes * leastPart));

/**
 * Gives the machine's memory back before its owner misses it: one run at a time, the newest first, since it has the least to lose.
 * Nothing is handed back for others' use of the memory while the owner is away and the runs hold little.
 */
export class MemoryRule {
  #isHeld = false;
  #calmSince: number | undefined;
  #handedBackAt = Number.NEGATIVE_INFINITY;

  /** @param now  monotonic milliseconds */
  judge({ totalBytes, availableBytes, pressure, ...more }: MemorySituation, now: number): MemoryVerdict {
    const needed = neededBytes(totalBytes);
    const isShort = availableBytes < needed || (pressure >= shortPressure && availableBytes < 4 * needed);
    if (isShort) {
      this.#isHeld = true;
      this.#calmSince = undefined;
      const runsBytes = more.runsBytes();
      const helps = runsBytes > 0 && (more.isOwnerHere || runsBytes >= totalBytes * causePart);
      if (!helps || now - this.#handedBackAt < settleMs) return "hold";
      this.#handedBackAt = now;
      return "hand back";
    }
    if (!this.#isHeld) return "enough";
    const isCalm = availableBytes >= 2 * needed && pressure < easyPressure;
    this.#calmSince = isCalm ? (this.#calmSince ?? now) : undefined;
    if (this.#calmSince === undefined || now - this.#calmSince < calmMs) return "hold";
    this.#isHeld = false;
    return "enough";
  }
}
