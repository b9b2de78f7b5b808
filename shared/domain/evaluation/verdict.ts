import type { Configuration, Hyperparameter } from "../hyperparameter.ts";
import { neighbourhoodOf } from "../search/neighbourhood.ts";
import type { HpTuning } from "../search/searches.ts";
import { type CollapseCounts, findCollapses } from "./collapses.ts";
import type { CompletedRuns } from "./completed-runs.ts";
import type { SearchHistory } from "./history.ts";
import { type MeasuredSets, measuredSets } from "./measured-sets.ts";
import { type BeliefOptions, type Beliefs, believe } from "./truth.ts";

/** Up to this probability that another is better, the leader may be taken as the best. */
export const smallChance = 0.2;
/** Least gain worth more runs, as part of the noise: a tenth takes about 200 runs of both to be one standard error. */
export const smallGain = 0.1;

/** Why the search should go on; empty: stopping is reasonable. */
export type Doubt =
  /** No configuration ran twice: luck cannot be told from quality. */
  | "no repeats"
  /** The leader ran only once or twice, which is too little to trust the model. */
  | "few runs"
  /** Neighbours of the leader, one step away, have no completed run. */
  | "neighbours"
  /** Another measured configuration may be better by enough to matter. */
  | "rivals";

export interface Verdict extends Beliefs {
  readonly leader: Configuration;
  /** Completed runs of the leader. */
  readonly runs: number;
  readonly bestFor: number;
  readonly completed: number;
  /** Configurations with a completed run. */
  readonly configurations: number;
  /** Those with at least two. */
  readonly repeated: number;
  readonly neighbours: { readonly all: number; readonly measured: number };
  /** Null if no run collapsed. */
  readonly collapses: CollapseCounts | null;
  /** Whether all runs have the same hpmax, so that there is nothing to estimate. */
  readonly isFlat: boolean;
  readonly doubts: readonly Doubt[];
  /** The measured configuration with the highest estimate; null if that is the leader. */
  readonly rival: { readonly configuration: Configuration; readonly estimate: number; readonly runs: number } | null;
}

export interface VerdictOptions extends BeliefOptions {
  /** Default dgd. Unmeasured neighbours are a doubt only of this search. */
  readonly tuning?: HpTuning;
}

const fewRuns = 3;

/**
 * What can be concluded from a search: how good its best configuration truly is, whether another is better, and whether more runs are
 * likely to change anything. Null before any run has completed.
 */
export function verdictOf(
  runs: CompletedRuns,
  history: SearchHistory,
  hyperparameters: readonly Hyperparameter[],
  { tuning = "dgd", ...options }: VerdictOptions = {},
): Verdict | null {
  const last = history.rows.at(-1);
  if (!last) return null;
  const { completed } = history;
  const sets = measuredSets(runs, completed);
  const leader = runs.find(last.configuration);
  const collapses = findCollapses(runs, completed, sets, leader);
  const neighbourhood = neighbourhoodOf(hyperparameters, last.configuration).slice(1);
  const isMeasured = (set: number): boolean => set >= 0 && set < sets.length;
  const measured = neighbourhood.filter(({ configuration }) => isMeasured(runs.find(configuration))).length;
  const repeated = sets.runs.reduce((count, each) => count + (each > 1 ? 1 : 0), 0);
  const isFlat = !(history.prior.variance > 0);
  // No set becomes empty: the runs above its median stay.
  const normal = collapses ? measuredSets(runs, completed, collapses.has) : sets;
  const beliefs = isFlat ? flatBeliefs(history.prior.mean, leader) : believe(normal, leader, { ...options, collapses });
  const neighbours = { all: neighbourhood.length, measured };
  const doubts: Doubt[] = [];
  if (repeated === 0) doubts.push("no repeats");
  else if (last.runs < fewRuns) doubts.push("few runs");
  if (tuning === "dgd" && measured < neighbourhood.length) doubts.push("neighbours");
  const { chanceOfBetter, expectedGain, noise } = beliefs;
  if (chanceOfBetter > smallChance && expectedGain > smallGain * noise) doubts.push("rivals");
  return {
    ...beliefs,
    leader: last.configuration,
    runs: last.runs,
    bestFor: last.bestFor,
    completed,
    configurations: sets.length,
    repeated,
    neighbours,
    collapses: collapses && { collapsed: collapses.collapsed, among: collapses.among, drop: collapses.drop },
    isFlat,
    doubts,
    rival: rivalOf(beliefs, sets, runs, leader),
  };
}

function flatBeliefs(value: number, leader: number): Beliefs {
  const known = { estimate: value, interval: { low: value, high: value } };
  return { ...known, chanceOfBetter: 0, expectedGain: 0, noise: 0, estimates: new Map([[leader, known]]) };
}

function rivalOf({ estimates }: Beliefs, sets: MeasuredSets, runs: CompletedRuns, leader: number): Verdict["rival"] {
  const estimateOf = (set: number): number => estimates.get(set)?.estimate ?? Number.NaN;
  let best = leader;
  for (const [set, { estimate }] of estimates) if (estimate > estimateOf(best)) best = set;
  if (best === leader) return null;
  return { configuration: runs.configuration(best), estimate: estimateOf(best), runs: sets.runs[best] ?? 0 };
}
