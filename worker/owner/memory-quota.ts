import { sizeText } from "../../shared/domain/size-text.ts";
import type { Lender } from "./lender.ts";

/** Pause in claiming after handing back a run that is too large by itself: the worker would get the same one again. */
const restMs = 600_000;
/** One more run, as large as the mean of those in hand, must fit into this part of the limit. */
const roomPart = 0.9;

/**
 * Keeps the memory of all runs together below --memory. Above it, the run taken last is handed back, and the worker
 * takes no new run until there is room for one more.
 */
export class MemoryQuota {
  readonly #lender: Lender;
  /** Bytes that all runs take. */
  readonly #used: () => number;
  /** Most runs at once; undefined: as many as there are slots. */
  #most: number | undefined;
  #until = 0;

  constructor(lender: Lender, used: () => number) {
    this.#lender = lender;
    this.#used = used;
  }

  /** @param limit  bytes; null: no limit */
  look(limit: number | null, monotonic: number): void {
    if (limit === null) {
      this.#limit(undefined);
      return;
    }
    const { running } = this.#lender;
    // The run that was last handed back has not gone yet.
    if (this.#most !== undefined && running > this.#most) return;
    const used = this.#used();
    if (used > limit && running > 0) {
      this.#limit(running - 1);
      this.#until = monotonic + restMs;
      const runs = running === 1 ? "its run took" : `its ${running} runs took`;
      this.#lender.handBackNewest(`${runs} ${sizeText(used)} of memory, more than --memory, ${sizeText(limit)}`);
      return;
    }
    if (this.#most === undefined) return;
    const isRested = this.#most === 0 && monotonic >= this.#until;
    const hasRoom = running > 0 && (used / running) * (running + 1) <= limit * roomPart;
    if (isRested || (running === this.#most && hasRoom)) this.#limit(this.#most + 1);
  }

  #limit(most: number | undefined): void {
    if (most === this.#most) return;
    this.#most = most;
    this.#lender.limitRuns(most ?? Number.POSITIVE_INFINITY);
  }
}
