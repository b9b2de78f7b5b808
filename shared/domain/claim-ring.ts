import type { JobName } from "./names.ts";

/** The trial that answered a claim. */
export interface AnsweredClaim {
  claimId: string;
  job: JobName;
  n: number;
  attempt: number;
}

/**
 * A worker's newest claims and what answered them: a repeated claim gets the same trial, from whoever leads. Entries are
 * overwritten in place, since garbage that lives this long is dear when a million records are folded.
 */
export class ClaimRing implements Iterable<AnsweredClaim> {
  static readonly capacity = 512;
  readonly #entries: AnsweredClaim[] = [];
  #next = 0;

  set(claimId: string, job: JobName, n: number, attempt: number): void {
    const entry = this.#entries[this.#next];
    if (entry) {
      entry.claimId = claimId;
      entry.job = job;
      entry.n = n;
      entry.attempt = attempt;
    } else {
      this.#entries.push({ claimId, job, n, attempt });
    }
    this.#next = (this.#next + 1) % ClaimRing.capacity;
  }

  /** The newest answer to that claim. */
  get(claimId: string): AnsweredClaim | undefined {
    const { length } = this.#entries;
    for (let back = 1; back <= length; back += 1) {
      const entry = this.#entries[(this.#next - back + length) % length];
      if (entry?.claimId === claimId) return entry;
    }
    return undefined;
  }

  /** Oldest first. */
  *[Symbol.iterator](): Iterator<AnsweredClaim> {
    const { length } = this.#entries;
    for (let i = 0; i < length; i += 1) {
      const entry = this.#entries[(this.#next + i) % length];
      if (entry) yield entry;
    }
  }
}
