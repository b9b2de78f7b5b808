import { longer } from "../columns.ts";
import {
  type Configuration,
  configurationKey,
  type Hyperparameter,
  settingsOf,
  settingText,
} from "../hyperparameter.ts";
import type { RunName } from "../names.ts";
import { IndexedHeap } from "../run-sets/indexed-heap.ts";
import { lowerBound, type Posterior, type Prior, posteriorOf, priorOf } from "../run-sets/posterior.ts";
import { clipped, RunSetColumns } from "../run-sets/run-set-columns.ts";
import { Moments } from "../statistics.ts";
import type { CompletedRuns } from "./completed-runs.ts";

/** A stretch of the search during which one run set led; what is said of the set is what holds at the end. */
export interface HistoryRow {
  /** The completed run, counted from 1, after which the set took the lead. */
  readonly ended: number;
  /** Completed runs in a row after which it led, that one included. */
  readonly bestFor: number;
  readonly configuration: Configuration;
  /** `configurationKey` of it. */
  readonly key: string;
  /** Its settings for people: `lr=0.0004 units=128`, of the hyperparameters that have more than one value. */
  readonly label: string;
  /** Posterior mean: what a new run may be expected to reach, by the original's formula. */
  readonly estHpmax: number;
  /** Posterior standard deviation; null while nothing is known of the spread. */
  readonly sd: number | null;
  readonly runs: number;
  /** The run with the highest hpmax, the earliest of equals. */
  readonly bestRun: RunName;
  readonly bestHpmax: number;
}

export interface SearchHistory {
  readonly prior: Prior;
  /** Completed runs that were judged: the end of the last row. */
  readonly completed: number;
  /** In order; empty when no run has completed. */
  readonly rows: readonly HistoryRow[];
}

export interface HistoryOptions {
  /** Only so many first runs are judged; the prior still comes from all of them. */
  readonly first?: number;
}

/**
 * Which configuration was the best after each completed run, in the order in which they completed.
 *
 * Ranked by posterior mean less its standard deviation, the older set first where those are equal, with the prior of all runs
 * throughout: seen from now, when had the search found what? So one run changes the rank of its own set only, and a
 * million runs take O(n log n). The evaluation tool of the original system (test/fixtures/golden/eval-hp-search.json).
 */
export function searchHistory(
  runs: CompletedRuns,
  hyperparameters: readonly Hyperparameter[],
  { first = runs.length }: HistoryOptions = {},
): SearchHistory {
  const all = new Moments();
  for (const hpmax of runs.hpmax) all.add(clipped(hpmax));
  const prior = priorOf(all);
  const judged = Math.min(first, runs.length);
  const columns = new RunSetColumns();
  let bounds = new Float64Array(1024);
  /** The place among the runs of each set's best one. */
  const bestRuns: number[] = [];
  const posteriorAt = (set: number): Posterior => {
    const completed = columns.completed[set] ?? 0;
    return posteriorOf({ completed, mean: columns.mean(set), sampleVariance: columns.sampleVariance(set) }, prior);
  };
  // Sets are numbered in the order of their first completed runs, so the smaller number is the older set.
  const byBound = new IndexedHeap((a, b) => {
    const [boundA = 0, boundB = 0] = [bounds[a], bounds[b]];
    return boundA !== boundB ? boundA > boundB : a < b;
  });
  const leads: { readonly set: number; readonly ended: number }[] = [];
  let leader = -1;
  for (let i = 0; i < judged; i += 1) {
    const set = runs.sets[i] ?? -1;
    if (set === columns.size) columns.add();
    if (set >= bounds.length) bounds = longer(bounds, 2 * bounds.length);
    if (columns.addValue(set, runs.hpmax[i] ?? Number.NaN)) bestRuns[set] = i;
    bounds[set] = lowerBound(posteriorAt(set));
    byBound.update(set);
    if (byBound.top === leader) continue;
    leader = byBound.top;
    leads.push({ set: leader, ended: i + 1 });
  }
  const rows = leads.map(({ set, ended }, i): HistoryRow => {
    const configuration = runs.configuration(set);
    const { mean, stDev } = posteriorAt(set);
    return {
      ended,
      bestFor: (leads[i + 1]?.ended ?? judged + 1) - ended,
      configuration,
      key: configurationKey(configuration),
      label: labelOf(hyperparameters, configuration),
      estHpmax: mean,
      sd: stDev,
      runs: columns.completed[set] ?? 0,
      bestRun: runs.run(bestRuns[set] ?? -1),
      bestHpmax: columns.bestHpmax[set] ?? Number.NaN,
    };
  });
  return { prior, completed: judged, rows };
}

/** `lr=0.0004 units=128`: the settings of the hyperparameters that have more than one value. */
export function labelOf(hyperparameters: readonly Hyperparameter[], configuration: Configuration): string {
  const settings = settingsOf(hyperparameters, configuration);
  return hyperparameters
    .flatMap(({ name, values }, i) => (values.length > 1 ? [`${name}=${settingText(settings[i] ?? null)}`] : []))
    .join(" ");
}
