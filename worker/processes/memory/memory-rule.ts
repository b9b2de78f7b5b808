import type { MemoryReading } from "./memory-reading.ts";

/** The result of a look at the memory: the newest run goes elsewhere, and nothing is claimed; only the latter; or all is well. */
export type MemoryVerdict = "hand back" | "hold" | "enough";

export interface MemorySituation extends MemoryReading {
  /** Of all runs here; only asked for while memory is short, since every file of their processes has to be read. */
  readonly runsBytes: () => number;
  readonly isOwnerHere: boolean;
}

/** Memory is short below a twentieth of it, but not below less than 256 MB, and no machine needs more than 1 GB free. */
const leastPart = 1 / 20;
const leastBytes = 256 * 2 ** 20;
const mostBytes = 2 ** 30;
/** Programs that wait for memory so often (percent) make it short too, unless much is free: then they wait in a group of their own. */
const shortPressure = 20;
const easyPressure = 5;
/** The runs are the cause if they hold this part of it. */
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
