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
  /** Of each entry's claimId, so that a new claim, as most are, is known as such without looking at the entries. */
  readonly #marks: number[] = [];
  #next = 0;

  set(claimId: string, job: JobName, n: number, attempt: number): void {
    const entry = this.#entries[this.#next];
    this.#marks[this.#next] = markOf(claimId);
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
    const mark = markOf(claimId);
    // From the newest back to the oldest.
    let at = this.#next;
    for (let left = length; left > 0; left -= 1) {
      at = at === 0 ? length - 1 : at - 1;
      if (this.#marks[at] !== mark) continue;
      const entry = this.#entries[at];
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

/** Small enough that an array of them holds no objects. */
function markOf(text: string): number {
  let mark = 0;
  for (let i = 0; i < text.length; i += 1) mark = (mark * 31 + text.charCodeAt(i)) & 0x3fffffff;
  return mark;
}
