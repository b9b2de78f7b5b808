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
  /** From the first question on: a fold asks none, and most claims that a leader asks for are new. */
  #byClaim: Map<string, AnsweredClaim> | undefined;
  #next = 0;

  set(claimId: string, job: JobName, n: number, attempt: number): void {
    let entry = this.#entries[this.#next];
    if (entry) {
      if (this.#byClaim?.get(entry.claimId) === entry) this.#byClaim.delete(entry.claimId);
      entry.claimId = claimId;
      entry.job = job;
      entry.n = n;
      entry.attempt = attempt;
    } else {
      entry = { claimId, job, n, attempt };
      this.#entries.push(entry);
    }
    this.#byClaim?.set(claimId, entry);
    this.#next = (this.#next + 1) % ClaimRing.capacity;
  }

  /** The newest answer to that claim. */
  get(claimId: string): AnsweredClaim | undefined {
    this.#byClaim ??= new Map([...this].map((entry) => [entry.claimId, entry]));
    return this.#byClaim.get(claimId);
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
