import type { OpenCurve } from "./open-curve.ts";

/** How the reports of a run become its hpmax. */
export interface SummaryKind {
  readonly of: "mean" | "last" | "max" | "min";
  /** -1 if lower is better. */
  readonly sign: 1 | -1;
}

const kinds: readonly SummaryKind[] = (["mean", "last", "max", "min"] as const).flatMap((of) => [
  { of, sign: 1 } as const,
  { of, sign: -1 } as const,
]);

/** Runs that must agree before anything rests on them, and the part of all runs that must. */
const leastAgreeing = 3;
const agreeing = 0.6;
const closeness = 1e-6;

/**
 * Finds out from completed runs whether hpmax is the mean, the last or an extreme of their reports, and of which sign. A stage of a
 * user's own decides that in code that the coordinator never sees, and workers of an earlier version say nothing; the numbers do. By a
 * majority, because some runs' curves have gaps, and a worker may lie.
 */
export class SummaryFinder {
  readonly #votes = kinds.map(() => 0);
  #runs = 0;

  learn(curve: OpenCurve, hpmax: number): void {
    // A single report is its own mean, last and extreme.
    if (curve.reports < 2) return;
    this.#runs += 1;
    for (const [i, kind] of kinds.entries()) {
      const value = summaryOf(curve, kind);
      if (Math.abs(value - hpmax) <= closeness * Math.max(Math.abs(value), Math.abs(hpmax))) {
        this.#votes[i] = (this.#votes[i] ?? 0) + 1;
      }
    }
  }

  /** Undefined while too little is known, or if hpmax is none of these. */
  found(): SummaryKind | undefined {
    let best = 0;
    for (const [i, votes] of this.#votes.entries()) if (votes > (this.#votes[best] ?? 0)) best = i;
    const votes = this.#votes[best] ?? 0;
    return votes >= leastAgreeing && votes >= agreeing * this.#runs ? kinds[best] : undefined;
  }
}

/** What hpmax would be if the run ended now. */
export const summaryOf = (curve: Pick<OpenCurve, "mean" | "last" | "max" | "min">, { of, sign }: SummaryKind): number =>
  sign * curve[of];
