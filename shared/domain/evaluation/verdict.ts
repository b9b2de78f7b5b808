import type { Configuration, Hyperparameter } from "../hyperparameter.ts";
import type { SearchModel } from "../model/search-model.ts";
import { isNoiseFree } from "../run-sets/noise-free.ts";
import { countNeighbours } from "../search/neighbourhood.ts";
import type { HpTuning } from "../search/searches.ts";
import { type CollapseCounts, findCollapses } from "./collapses.ts";
import type { CompletedRuns } from "./completed-runs.ts";
import { type MeasuredSets, measuredSets } from "./measured-sets.ts";
import { type BeliefOptions, believe, type LeaderBeliefs } from "./truth.ts";

/** Up to this probability that another is better, the leader may be taken as the best. */
const smallChance = 0.2;
/** Least gain worth more runs, as a fraction of the noise: a tenth is a standard error after about 200 runs of both. */
const smallGain = 0.1;

/** Why the search should go on; empty: stopping is reasonable. */
export type Doubt =
  /** No configuration ran twice: luck cannot be told from quality. */
  | "no repeats"
  /** The leader ran only once or twice, which is too little to trust the model. */
  | "few runs"
  /** Neighbours of the leader, one step away, that the search may choose have no completed run. */
  | "neighbours"
  /** Another measured configuration may be better by enough to matter. */
  | "rivals";

export interface Verdict extends LeaderBeliefs {
  readonly leader: Configuration;
  /** Completed runs of the leader. */
  readonly runs: number;
  readonly bestFor: number;
  readonly completed: number;
  /** Configurations with a completed run. */
  readonly configurations: number;
  /** Those with at least two. */
  readonly repeated: number;
  /** Without those that the search will never measure. */
  readonly neighbours: { readonly all: number; readonly measured: number };
  /** Null if no run collapsed. */
  readonly collapses: CollapseCounts | null;
  /** Whether the same settings have always given the same hpmax, so that luck plays no part. */
  readonly isNoiseFree: boolean;
  /** Whether all runs have the same hpmax, so that there is nothing to estimate. */
  readonly isFlat: boolean;
  readonly doubts: readonly Doubt[];
  /** The measured configuration with the highest estimate; null if that is the leader. */
  readonly rival: { readonly configuration: Configuration; readonly estimate: number; readonly runs: number } | null;
}

export interface VerdictOptions extends BeliefOptions {
  /** Default dgd. Unmeasured neighbours are a doubt only of this search. */
  readonly tuning?: HpTuning;
  /** Whether the search will never measure the configuration; left out: it may measure any. */
  readonly isExcluded?: (configuration: Configuration) => boolean;
  /** Whether runs of it completed that broke the job's requirements, which are none of the runs here; left out: of none. */
  readonly isInfeasible?: (configuration: Configuration) => boolean;
  /** For how many completed runs in a row the best has led; default 1. */
  readonly bestFor?: number;
  /** Completed runs of the search itself; default: all. */
  readonly completed?: number;
}

const fewRuns = 3;

/**
 * What can be concluded from a search: how good its best configuration truly is, whether another is better, and whether more runs are
 * likely to change anything. Null before any run has completed.
 *
 * @param runs   including those of earlier searches, on which the model rests too
 * @param model  of these runs; the verdict is about its best configuration
 */
export function verdictOf(
  runs: CompletedRuns,
  model: SearchModel,
  hyperparameters: readonly Hyperparameter[],
  {
    tuning = "dgd",
    isExcluded = () => false,
    isInfeasible = () => false,
    bestFor = 1,
    completed = runs.length,
    ...options
  }: VerdictOptions = {},
): Verdict | null {
  const judged = runs.length;
  const best = model.best.runSet.configuration;
  const sets = measuredSets(runs, judged);
  const leader = runs.find(best);
  const leaderRuns = sets.runs[leader] ?? 0;
  const collapses = findCollapses(runs, judged, sets, leader);
  const isMeasured = (configuration: Configuration): boolean => {
    const set = runs.find(configuration);
    return (set >= 0 && set < sets.length) || isInfeasible(configuration);
  };
  const repeated = sets.runs.reduce((count, each) => count + (each > 1 ? 1 : 0), 0);
  const [first = Number.NaN] = runs.hpmax;
  const isFlat = runs.hpmax.every((value) => value === first);
  // No set becomes empty: the runs above its median stay.
  const normal = collapses ? measuredSets(runs, judged, collapses.has) : sets;
  const beliefs = isFlat
    ? flatBeliefs(first, leader)
    : believe(bounded(normal, model), leader, { ...options, collapses, ...foretoldBy(model, runs) });
  const neighbours = countNeighbours(hyperparameters, best, isMeasured, isExcluded);
  const doubts: Doubt[] = [];
  if (repeated === 0) doubts.push("no repeats");
  else if (leaderRuns < fewRuns && !isNoiseFree(sets)) doubts.push("few runs");
  if (tuning === "dgd" && neighbours.measured < neighbours.all) doubts.push("neighbours");
  const { chanceOfBetter, expectedGain, noise } = beliefs;
  if (chanceOfBetter > smallChance && expectedGain > smallGain * noise) doubts.push("rivals");
  return {
    ...beliefs,
    leader: best,
    runs: leaderRuns,
    bestFor,
    completed,
    configurations: sets.length,
    repeated,
    neighbours,
    collapses: collapses && { collapsed: collapses.collapsed, among: collapses.among, drop: collapses.drop },
    isNoiseFree: isNoiseFree(sets),
    isFlat,
    doubts,
    rival: rivalOf(beliefs, sets, runs, leader),
  };
}

/** The sets with their means bounded: how badly a run diverged says nothing about the others. */
const bounded = (sets: MeasuredSets, model: SearchModel): MeasuredSets => ({
  ...sets,
  means: sets.means.map((mean) => model.bounded(mean)),
});

function foretoldBy(model: SearchModel, runs: CompletedRuns): Pick<BeliefOptions, "foretold" | "expected"> {
  const foretold = model.foretold();
  return foretold === null
    ? {}
    : {
        foretold: (set) => foretold(runs.configuration(set)),
        expected: (set) => model.expected(runs.configuration(set)),
      };
}

function flatBeliefs(value: number, leader: number): LeaderBeliefs {
  const known = { estimate: value, interval: { low: value, high: value } };
  return { ...known, chanceOfBetter: 0, expectedGain: 0, noise: 0, estimates: new Map([[leader, known]]) };
}

function rivalOf(
  { estimates }: LeaderBeliefs,
  sets: MeasuredSets,
  runs: CompletedRuns,
  leader: number,
): Verdict["rival"] {
  const estimateOf = (set: number): number => estimates.get(set)?.estimate ?? Number.NaN;
  let best = leader;
  for (const [set, { estimate }] of estimates) if (estimate > estimateOf(best)) best = set;
  if (best === leader) return null;
  return { configuration: runs.configuration(best), estimate: estimateOf(best), runs: sets.runs[best] ?? 0 };
}
