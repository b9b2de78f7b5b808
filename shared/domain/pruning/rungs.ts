/** Parts of a whole run after which the worse half stops: after 3, 6 and 12 of 20 reports. */
const rungParts = [0.15, 0.3, 0.6] as const;
/** One run in this many goes on from a rung. */
const reduction = 2;
/** Runs that must have reached a rung before one stops there. */
const leastRuns = 4;
/** Runs that a rung remembers; a newer one replaces the oldest. */
const mostRemembered = 2000;

/**
 * Asynchronous successive halving (Li et al. 2020), which stops runs instead of holding them: at each rung a run goes on only if it is in
 * the better half of all runs that have reached the rung so far.
 */
export class Rungs {
  readonly #reached: number[][] = rungParts.map(() => []);
  /** Trial of each value in `#reached`. */
  readonly #trials: number[][] = rungParts.map(() => []);
  /** Trials that do not count. */
  #rejected: ReadonlySet<number> = new Set();
  readonly #next: number[] = rungParts.map(() => 0);

  /** Values of these trials no longer count. */
  judged(rejected: ReadonlySet<number>): void {
    this.#rejected = rejected;
  }

  /**
   * A run has reached a rung.
   *
   * @param soFar  the run's summary so far, larger is better
   * @returns to stop: its place among all runs that reached the rung, from 1, and their number; undefined: it goes on
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

/** How many rungs a run has reached after `part` of a whole run. */
export const rungsReached = (part: number): number => rungParts.filter((rung) => part >= rung - 1e-9).length;
