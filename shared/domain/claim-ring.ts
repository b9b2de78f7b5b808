import type { JobName } from "./names.ts";

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

/**
 * A worker's newest claims and what answered them: a repeated claim gets the same trial, from whoever leads. In columns, for
 * ten thousand workers have millions of claims, and entries are overwritten in place: garbage that lives this long is dear.
 */
export class ClaimRing implements Iterable<AnsweredClaim> {
  static readonly capacity = 512;
  readonly #claimIds: string[] = [];
  readonly #jobs: JobName[] = [];
  readonly #ns: number[] = [];
  readonly #attempts: number[] = [];
  /** Of each claimId, so that a new claim, as most are, is known as such without looking at the texts. */
  readonly #marks: number[] = [];
  #next = 0;

  static restored({ claimIds, jobs, ns, attempts }: SavedClaims): ClaimRing {
    const ring = new ClaimRing();
    claimIds.forEach((claimId, i) => {
      ring.set(claimId, jobs[i] as JobName, ns[i] as number, attempts[i] as number); // as many as there are claimIds
    });
    return ring;
  }

  save(): SavedClaims {
    const inTurn = <T>(column: readonly T[]): T[] => [...column.slice(this.#oldest), ...column.slice(0, this.#oldest)];
    return {
      claimIds: inTurn(this.#claimIds),
      jobs: inTurn(this.#jobs),
      ns: inTurn(this.#ns),
      attempts: inTurn(this.#attempts),
    };
  }

  set(claimId: string, job: JobName, n: number, attempt: number): void {
    const at = this.#next;
    this.#claimIds[at] = claimId;
    this.#jobs[at] = job;
    this.#ns[at] = n;
    this.#attempts[at] = attempt;
    this.#marks[at] = markOf(claimId);
    this.#next = (at + 1) % ClaimRing.capacity;
  }

  /** The newest answer to that claim. */
  get(claimId: string): AnsweredClaim | undefined {
    const { length } = this.#claimIds;
    const mark = markOf(claimId);
    // From the newest back to the oldest.
    let at = this.#next;
    for (let left = length; left > 0; left -= 1) {
      at = at === 0 ? length - 1 : at - 1;
      if (this.#marks[at] === mark && this.#claimIds[at] === claimId) return this.#at(at);
    }
    return undefined;
  }

  /** Oldest first. */
  *[Symbol.iterator](): Iterator<AnsweredClaim> {
    const { length } = this.#claimIds;
    for (let i = 0; i < length; i += 1) yield this.#at((this.#oldest + i) % length);
  }

  get #oldest(): number {
    return this.#claimIds.length < ClaimRing.capacity ? 0 : this.#next;
  }

  #at(place: number): AnsweredClaim {
    return {
      claimId: this.#claimIds[place] as string, // all columns are as long as the ring
      job: this.#jobs[place] as JobName,
      n: this.#ns[place] as number,
      attempt: this.#attempts[place] as number,
    };
  }
}

/** Small enough that an array of them holds no objects. */
function markOf(text: string): number {
  let mark = 0;
  for (let i = 0; i < text.length; i += 1) mark = (mark * 31 + text.charCodeAt(i)) & 0x3fffffff;
  return mark;
}
