import { ConfigurationRegister } from "../configuration-register.ts";
import type { Configuration, Hyperparameter } from "../hyperparameter.ts";
import { clipped } from "../run-set-columns.ts";
import { neighbourhoodOf } from "../search/neighbourhood.ts";
import type { HpTuning } from "../spec.ts";
import type { Measured } from "./class-model.ts";
import { findCollapses } from "./collapses.ts";
import type { CompletedRun, SearchHistory } from "./history.ts";
import { type BeliefOptions, type Beliefs, believe, type Interval } from "./truth.ts";

/** Up to this chance that another is better the leader may be taken for the best. */
export const smallChance = 0.2;
/**
 * An expected gain below this part of the run-to-run standard deviation is not worth more runs: to see a difference of a tenth
 * of it, two configurations need about 200 runs each (one standard error of the difference).
 */
export const smallGain = 0.1;

/** Why the search should go on; empty: stopping is reasonable. */
export type Doubt =
  /** No configuration was run twice: luck cannot be told from quality. */
  | "no repeats"
  /** The leader was run once or twice only: that is little, whatever the model says. */
  | "few runs"
  /** Neighbours of the leader, one step away, have no completed run. */
  | "neighbours"
  /** Another measured configuration may well be better, by enough to matter. */
  | "rivals";

export interface Verdict extends Beliefs {
  readonly leader: Configuration;
  /** Completed runs of the leader. */
  readonly runs: number;
  readonly bestFor: number;
  readonly completed: number;
  /** Configurations with a completed run. */
  readonly configurations: number;
  /** Of these, run at least twice. */
  readonly repeated: number;
  readonly neighbours: { readonly all: number; readonly measured: number };
  /** Runs of configurations about as good as the leader that came to far less than their others; null where none did. */
  readonly collapses: { readonly collapsed: number; readonly among: number; readonly drop: number } | null;
  /** Whether all runs came to the same hpmax, so that there is nothing to estimate. */
  readonly isFlat: boolean;
  readonly doubts: readonly Doubt[];
  /** The measured configuration with the highest estimate, where that is not the leader. */
  readonly rival: { readonly configuration: Configuration; readonly estimate: number; readonly runs: number } | null;
}

export interface VerdictOptions extends BeliefOptions {
  /** Of the search; neighbours count against stopping only where it goes by neighbourhoods. */
  readonly tuning?: HpTuning;
}

const fewRuns = 3;

/**
 * What may be concluded from a search: how good its best configuration truly is, whether another is better, and whether more
 * runs are likely to change anything. Null while no run has completed.
 */
export function verdictOf(
  runs: readonly CompletedRun[],
  history: SearchHistory,
  hyperparameters: readonly Hyperparameter[],
  { tuning = "dgd", ...options }: VerdictOptions = {},
): Verdict | null {
  const last = history.rows.at(-1);
  if (!last) return null;
  const judged = runs.slice(0, history.completed);
  const { sets, numbers, register } = measuredSets(judged);
  const leader = register.find(last.configuration);
  const collapses = findCollapses(judged, numbers, sets, leader);
  const neighbourhood = neighbourhoodOf(hyperparameters, last.configuration).slice(1);
  const measured = neighbourhood.filter(({ configuration }) => register.find(configuration) >= 0).length;
  const repeated = sets.filter((set) => set.runs > 1).length;
  const isFlat = !(history.prior.variance > 0);
  // The sets keep their numbers: of each at least the runs above its median are left.
  const normal = collapses ? measuredSets(collapses.others, register).sets : sets;
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
    completed: history.completed,
    configurations: sets.length,
    repeated,
    neighbours,
    collapses: collapses && { collapsed: collapses.collapsed, among: collapses.among, drop: collapses.drop },
    isFlat,
    doubts,
    rival: rivalOf(beliefs, sets, register, leader),
  };
}

/** Every configuration's completed runs, in the order of their first ones. */
export function measuredSets(
  runs: readonly CompletedRun[],
  register = new ConfigurationRegister(),
): {
  readonly sets: readonly Measured[];
  /** Place in `sets` of each run's configuration. */
  readonly numbers: Int32Array;
  readonly register: ConfigurationRegister;
} {
  const numbers = new Int32Array(runs.length);
  const sets: { runs: number; mean: number; squares: number }[] = [];
  runs.forEach(({ configuration, hpmax }, i) => {
    const number = register.add(configuration);
    numbers[i] = number;
    const value = clipped(hpmax);
    const set = sets[number];
    if (set === undefined) {
      sets[number] = { runs: 1, mean: value, squares: 0 };
      return;
    }
    const before = value - set.mean;
    set.runs += 1;
    set.mean += before / set.runs;
    set.squares += before * (value - set.mean);
  });
  return { sets, numbers, register };
}

function flatBeliefs(value: number, leader: number): Beliefs {
  const interval: Interval = { low: value, high: value };
  return {
    estimate: value,
    interval,
    chanceOfBetter: 0,
    expectedGain: 0,
    noise: 0,
    estimates: new Map([[leader, value]]),
    intervals: new Map([[leader, interval]]),
  };
}

function rivalOf(
  { estimates }: Beliefs,
  sets: readonly Measured[],
  register: ConfigurationRegister,
  leader: number,
): Verdict["rival"] {
  let best = leader;
  for (const [place, estimate] of estimates) if (estimate > (estimates.get(best) ?? Number.NaN)) best = place;
  if (best === leader) return null;
  return {
    configuration: register.configuration(best),
    estimate: estimates.get(best) ?? Number.NaN,
    runs: sets[best]?.runs ?? 0,
  };
}
