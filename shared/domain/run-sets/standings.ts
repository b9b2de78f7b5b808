import { type Hyperparameter, type Setting, settingsOf } from "../hyperparameter.ts";
import type { RunName } from "../names.ts";
import { lowerBound, type Prior, posteriorOf } from "./posterior.ts";
import type { RunSet, RunSets } from "./run-set.ts";

/** One row of the standings: a run set with at least one completed run. */
export interface Standing {
  /** From 1. */
  readonly rank: number;
  readonly runSet: RunSet;
  /** Estimated hpmax of a new run with these settings: the posterior mean. */
  readonly estimate: number;
  /** Its standard deviation; null if the spread is unknown. */
  readonly stDev: number | null;
  readonly completed: number;
  readonly inFlight: number;
  readonly bestRun: RunName | null;
  readonly bestHpmax: number;
  /** In spec order. */
  readonly settings: readonly Setting[];
}

export interface StandingsOptions {
  /** Rows wanted, 0 or more. Default: all. */
  readonly top?: number;
  /** Default: the prior of all runs of the job. */
  readonly prior?: Prior;
}

/**
 * The run sets with a completed run, best first: by posterior mean less its standard deviation; the older of two equals is
 * first. One pass over all run sets; only the rows wanted are sorted.
 */
export function standings(
  runSets: RunSets,
  hyperparameters: readonly Hyperparameter[],
  { top = Number.POSITIVE_INFINITY, prior = runSets.prior }: StandingsOptions = {},
): Standing[] {
  return firstByRank(runSets, prior, top).map(({ runSet }, i) => {
    const { mean, stDev } = posteriorOf(runSet, prior);
    return {
      rank: i + 1,
      runSet,
      estimate: mean,
      stDev,
      completed: runSet.completed,
      inFlight: runSet.inFlight,
      bestRun: runSet.bestRun,
      bestHpmax: runSet.bestHpmax,
      settings: settingsOf(hyperparameters, runSet.configuration),
    };
  });
}

interface Candidate {
  readonly runSet: RunSet;
  readonly bound: number;
  readonly firstSeen: number;
}

/** The first `count` in rank order. The list is cut back to `count` each time it has doubled, so the rest is never sorted. */
function firstByRank(runSets: RunSets, prior: Prior, count: number): Candidate[] {
  const kept: Candidate[] = [];
  let worst: Candidate | undefined;
  for (const runSet of runSets) {
    const { firstSeen } = runSet;
    if (firstSeen === null) continue;
    const bound = lowerBound(posteriorOf(runSet, prior));
    if (worst !== undefined && bound < worst.bound) continue;
    kept.push({ runSet, bound, firstSeen });
    if (kept.length < 2 * count) continue;
    kept.sort(byRank).length = count;
    worst = kept.at(-1);
  }
  return kept.sort(byRank).slice(0, count);
}

function byRank(a: Candidate, b: Candidate): number {
  return b.bound - a.bound || a.firstSeen - b.firstSeen;
}
