import { type Setting, settingsOf } from "../hyperparameter.ts";
import type { RunName } from "../names.ts";
import type { RunSet, RunSets } from "../run-sets/run-set.ts";
import type { Expected, Ranked, SearchModel } from "./search-model.ts";

/** One row of the standings: a run set with at least one completed run. */
export interface Standing {
  /** From 1. */
  readonly rank: number;
  readonly runSet: RunSet;
  /** What the model expects of a new run with these settings. */
  readonly estimate: number;
  /** Standard deviation of that expectation; null if all runs so far are equal, so that the spread is unknown. */
  readonly stDev: number | null;
  /** What it ranks by: the expectation less two standard deviations; null if `stDev` is. */
  readonly cautious: number | null;
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
}

/** A run set and how it ranks. */
interface Candidate {
  readonly runSet: RunSet;
  /** In the model's units. */
  readonly bound: number;
  readonly firstSeen: number;
  /** By the model; undefined for a run set that it does not rest on. */
  readonly expected: Expected | undefined;
}

/**
 * The feasible run sets with a completed run, best first. The first is the model's best; the others follow by what the
 * model expects less two standard deviations, the older of two equals first. A run set that the model does not rest on
 * ranks by its own runs, drawn towards the mean of all. Where nothing is luck, all rank by their results. Takes one pass over all run sets, if more than one row is
 * wanted; only the rows wanted are sorted.
 *
 * @param model  of these run sets as they are now; null before any run has completed
 */
export function standings(
  model: SearchModel | null,
  runSets: RunSets,
  { top = Number.POSITIVE_INFINITY }: StandingsOptions = {},
): Standing[] {
  if (model === null || top < 1) return [];
  return firstByRank(model, runSets, top).map(({ runSet, bound, expected = model.pooled(runSet) }, i) => ({
    rank: i + 1,
    runSet,
    ...estimated(runSets, runSet, expected),
    cautious: isFlat(runSets) ? null : model.inHpmax(bound, 0).hpmax,
    completed: runSet.completed,
    inFlight: runSet.inFlight,
    bestRun: runSet.bestRun,
    bestHpmax: runSet.bestHpmax,
    settings: settingsOf(model.hyperparameters, runSet.configuration),
  }));
}

/** What the standings say of one run set with a completed run, wherever it ranks. */
export function estimateOf(model: SearchModel, runSets: RunSets, runSet: RunSet): Pick<Standing, "estimate" | "stDev"> {
  const member = model.ranked.find((each) => each.runSet.number === runSet.number);
  return estimated(runSets, runSet, member ?? model.pooled(runSet));
}

/** Without any spread between runs, their mean is all there is. */
const isFlat = ({ prior }: RunSets): boolean => !(prior.variance > 0);

const estimated = (runSets: RunSets, { mean }: RunSet, { hpmax, stDev }: Expected) =>
  isFlat(runSets) ? { estimate: mean, stDev: null } : { estimate: hpmax, stDev };

/** The first `count` in rank order. The list is cut back to `count` each time it has doubled, so the rest is never sorted. */
function firstByRank(model: SearchModel, runSets: RunSets, count: number): Candidate[] {
  if (count < 2) return [candidate(model.best)];
  const ranked = model.ranked.map(candidate);
  const [best, ...members] = ranked;
  if (best === undefined || ranked.length === runSets.size) return ranked.slice(0, count);
  const isMember = new Uint8Array(runSets.size);
  for (const { runSet } of ranked) isMember[runSet.number] = 1;
  // The model may think less of a run set than its own runs say, but nothing comes before the model's best.
  const most = count - 1;
  const kept = members.slice(0, most);
  let worst = kept.length === most ? kept.at(-1) : undefined;
  for (const runSet of runSets) {
    const { firstSeen, number } = runSet;
    if (firstSeen === null || isMember[number] === 1 || !runSet.isFeasible) continue;
    const bound = model.pooledBound(runSet);
    if (worst !== undefined && bound < worst.bound) continue;
    kept.push({ runSet, bound, firstSeen, expected: undefined });
    if (kept.length < 2 * most) continue;
    kept.sort(byRank).length = most;
    worst = kept.at(-1);
  }
  return [best, ...kept.sort(byRank).slice(0, most)];
}

const candidate = ({ runSet, bound, hpmax, stDev }: Ranked): Candidate => ({
  runSet,
  bound,
  firstSeen: runSet.firstSeen ?? 0,
  expected: { hpmax, stDev },
});

function byRank(a: Candidate, b: Candidate): number {
  return b.bound - a.bound || a.firstSeen - b.firstSeen;
}
