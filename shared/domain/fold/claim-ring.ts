import type { JobName } from "../names.ts";

export interface AnsweredClaim {
  readonly claimId: string;
  readonly job: JobName;
  readonly n: number;
  readonly attempt: number;
}

/** A ring as plain data: four columns with one entry for each claim, oldest first. */
export interface SavedClaims {
  readonly claimIds: readonly string[];
  readonly jobs: readonly JobName[];
  readonly ns: readonly number[];
  readonly attempts: readonly number[];
}

/** A claim takes five cells of the ring: its id, the id's hash, the job, n, and the attempt. */
type Cell = string | number;
const width = 5;

/**
 * A worker's newest claims and their answers, so that a repeated claim gets the same trial from any leader. One flat array that
 * is overwritten in place: ten thousand workers have millions of claims, and garbage that lives this long is expensive to collect.
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
    this.#cells[at + 1] = hashOf(claimId);
    this.#cells[at + 2] = job;
    this.#cells[at + 3] = n;
    this.#cells[at + 4] = attempt;
    this.#next = (at + width) % (width * ClaimRing.capacity);
  }

  /** The newest answer to that claim. */
  get(claimId: string): AnsweredClaim | undefined {
    const { length } = this.#cells;
    const hash = hashOf(claimId);
    // From the newest back to the oldest. Most claims are new: comparing hashes shows that without comparing the texts.
    let at = this.#next;
    for (let left = length; left > 0; left -= width) {
      at = (at === 0 ? length : at) - width;
      if (this.#cells[at + 1] === hash && this.#cells[at] === claimId) return this.#claim(at);
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
      claimId: this.#cells[at] as string, // as `set` wrote them
      job: this.#cells[at + 2] as JobName,
      n: this.#cells[at + 3] as number,
      attempt: this.#cells[at + 4] as number,
    };
  }
}

/** A 30-bit hash, which V8 stores without allocating. */
function hashOf(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i += 1) hash = (hash * 31 + text.charCodeAt(i)) & 0x3fffffff;
  return hash;
}
