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

/** A kind is accepted once this many runs, and this part of all runs, agree on it. */
const leastAgreeing = 3;
const agreeing = 0.6;
const closeness = 1e-6;

/**
 * Finds out from completed runs whether hpmax is the mean, the last or an extreme of their reports, and with which
 * sign. A user's own stage decides this in code that the coordinator never sees, and workers of an earlier version do
 * not say; the numbers tell. A majority decides, because some runs' curves have gaps, and a worker may lie.
 */
export class SummaryFinder {
  readonly #votes = kinds.map(() => 0);
  #runs = 0;

  /** Counts a completed run; returns its vote, for `recount`. */
  learn(curve: OpenCurve, hpmax: number): number {
    const vote = voteOf(curve, hpmax);
    this.#count(vote);
    return vote;
  }

  /** Forgets all votes and counts these instead. */
  recount(votes: Iterable<number>): void {
    this.#votes.fill(0);
    this.#runs = 0;
    for (const vote of votes) this.#count(vote);
  }

  #count(vote: number): void {
    if (vote === noVote) return;
    this.#runs += 1;
    for (const i of kinds.keys()) this.#votes[i] = (this.#votes[i] ?? 0) + ((vote >> i) & 1);
  }

  /** The accepted kind; undefined while too little is known, or if hpmax follows none of the kinds. */
  found(): SummaryKind | undefined {
    let best = 0;
    for (const [i, votes] of this.#votes.entries()) if (votes > (this.#votes[best] ?? 0)) best = i;
    const votes = this.#votes[best] ?? 0;
    return votes >= leastAgreeing && votes >= agreeing * this.#runs ? kinds[best] : undefined;
  }
}

/** The vote of a run with a single report: mean, last and extremes are equal and tell nothing. */
const noVote = -1;

/** A bit for each kind that gives this hpmax. */
function voteOf(curve: OpenCurve, hpmax: number): number {
  if (curve.reports < 2) return noVote;
  let vote = 0;
  for (const [i, kind] of kinds.entries()) {
    const value = summaryOf(curve, kind);
    if (Math.abs(value - hpmax) <= closeness * Math.max(Math.abs(value), Math.abs(hpmax))) vote |= 1 << i;
  }
  return vote;
}

/** What hpmax would be if the run ended now. */
export const summaryOf = (curve: Pick<OpenCurve, "mean" | "last" | "max" | "min">, { of, sign }: SummaryKind): number =>
  sign * curve[of];
