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
  readonly #next: number[] = rungParts.map(() => 0);

  /**
   * A run has reached a rung.
   *
   * @param soFar  larger is better
   * @returns its place among all that reached it, from 1, and how many these are, if it is to stop; undefined: it goes on
   */
  reach(rung: number, soFar: number): { readonly place: number; readonly of: number } | undefined {
    const reached = this.#reached[rung];
    if (!reached) return undefined;
    let better = 0;
    for (const other of reached) if (other > soFar) better += 1;
    const next = this.#next[rung] ?? 0;
    reached[next] = soFar;
    this.#next[rung] = (next + 1) % mostRemembered;
    const of = reached.length;
    return of >= leastRuns && better >= of / reduction ? { place: better + 1, of } : undefined;
  }
}

/** How many rungs a run has reached after this part of a whole run. */
export const rungsReached = (part: number): number => rungParts.filter((rung) => part >= rung - 1e-9).length;
