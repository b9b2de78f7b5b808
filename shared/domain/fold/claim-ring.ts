import type { JobName } from "../names.ts";

/** The trial that answered a claim. */
export interface AnsweredClaim {
  readonly claimId: string;
  readonly job: JobName;
  readonly n: number;
  readonly attempt: number;
}

/** A ring as plain data, oldest first: what belongs to one claim has one place in all four. */
export interface SavedClaims {
  readonly claimIds: readonly string[];
  readonly jobs: readonly JobName[];
  readonly ns: readonly number[];
  readonly attempts: readonly number[];
}

/** Entries of a claim in the ring: its id, a mark of that, the job, n, and the attempt. */
type Cell = string | number;
const width = 5;

/**
 * A worker's newest claims and what answered them: a repeated claim gets the same trial, from whoever leads. All in one array,
 * for ten thousand workers have millions of claims, and entries are overwritten in place: garbage that lives this long is dear.
 */
export class ClaimRing implements Iterable<AnsweredClaim> {
  static readonly capacity = 512;
  readonly #cells: Cell[] = [];
  /** Where the next claim goes. */
  #next = 0;

  static restored({ claimIds, jobs, ns, attempts }: SavedClaims): ClaimRing {
    const ring = new ClaimRing();
    claimIds.forEach((claimId, i) => {
      ring.set(claimId, jobs[i] as JobName, ns[i] as number, attempts[i] as number); // as many as there are claimIds
    });
    return ring;
  }

  save(): SavedClaims {
    const claims = [...this];
    return {
      claimIds: claims.map(({ claimId }) => claimId),
      jobs: claims.map(({ job }) => job),
      ns: claims.map(({ n }) => n),
      attempts: claims.map(({ attempt }) => attempt),
    };
  }

  set(claimId: string, job: JobName, n: number, attempt: number): void {
    const at = this.#next;
    this.#cells[at] = claimId;
    this.#cells[at + 1] = markOf(claimId);
    this.#cells[at + 2] = job;
    this.#cells[at + 3] = n;
    this.#cells[at + 4] = attempt;
    this.#next = (at + width) % (width * ClaimRing.capacity);
  }

  /** The newest answer to that claim. */
  get(claimId: string): AnsweredClaim | undefined {
    const { length } = this.#cells;
    const mark = markOf(claimId);
    // From the newest back to the oldest. By their marks a new claim, as most are, is known as such without looking at the texts.
    let at = this.#next;
    for (let left = length; left > 0; left -= width) {
      at = (at === 0 ? length : at) - width;
      if (this.#cells[at + 1] === mark && this.#cells[at] === claimId) return this.#claim(at);
    }
    return undefined;
  }

  /** Oldest first. */
  *[Symbol.iterator](): Iterator<AnsweredClaim> {
    const { length } = this.#cells;
    const oldest = length < width * ClaimRing.capacity ? 0 : this.#next;
    for (let i = 0; i < length; i += width) yield this.#claim((oldest + i) % length);
  }

  #claim(at: number): AnsweredClaim {
    return {
      claimId: this.#cells[at] as string, // as `set` has laid them
      job: this.#cells[at + 2] as JobName,
      n: this.#cells[at + 3] as number,
      attempt: this.#cells[at + 4] as number,
    };
  }
}

/** A small integer, for which no object is made. */
function markOf(text: string): number {
  let mark = 0;
  for (let i = 0; i < text.length; i += 1) mark = (mark * 31 + text.charCodeAt(i)) & 0x3fffffff;
  return mark;
}
