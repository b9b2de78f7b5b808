/** Parts of a whole run after which the worse half stops: 3, 6 and 12 of 20 reports. */
const rungParts = [0.15, 0.3, 0.6] as const;
/** One run in so many goes on from a rung. */
const reduction = 2;
/** Runs that must have reached a rung before one stops there. */
const leastRuns = 4;
/** Runs that a rung remembers; a newer one takes the place of the oldest. */
const mostRemembered = 2000;

/**
 * Asynchronous successive halving (Li et al. 2020), which stops runs instead of holding them: at each rung a run goes on only if it is in
 * the better half of all runs that have reached the rung so far.
 */
export class Rungs {
  readonly #reached: number[][] = rungParts.map(() => []);
  /** Whose they are. */
  readonly #trials: number[][] = rungParts.map(() => []);
  /** Trials that count in nothing. */
  #rejected: ReadonlySet<number> = new Set();
  readonly #next: number[] = rungParts.map(() => 0);

  /** Only what other trials had come to counts from now on. */
  judged(rejected: ReadonlySet<number>): void {
    this.#rejected = rejected;
  }

  /**
   * A run has reached a rung.
   *
   * @param soFar  larger is better
   * @returns its place among all that reached it, from 1, and how many these are, if it is to stop; undefined: it goes on
   */
  reach(rung: number, soFar: number, n: number): { readonly place: number; readonly of: number } | undefined {
    const reached = this.#reached[rung];
    const trials = this.#trials[rung];
    if (!reached || !trials) return undefined;
    let better = 0;
    let of = 1;
    const next = this.#next[rung] ?? 0;
    for (const [i, other] of reached.entries()) {
      if (i === next || this.#rejected.has(trials[i] ?? 0)) continue;
      of += 1;
      if (other > soFar) better += 1;
    }
    reached[next] = soFar;
    trials[next] = n;
    this.#next[rung] = (next + 1) % mostRemembered;
    return of >= leastRuns && better >= of / reduction ? { place: better + 1, of } : undefined;
  }
}

/** How many rungs a run has reached after this part of a whole run. */
export const rungsReached = (part: number): number => rungParts.filter((rung) => part >= rung - 1e-9).length;
