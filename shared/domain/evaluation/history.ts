import { longer } from "../columns.ts";
import { usedSettings } from "../conditions/activity.ts";
import { type Configuration, configurationKey, type Hyperparameter, settingText } from "../hyperparameter.ts";
import type { RunName } from "../names.ts";
import { IndexedHeaps } from "../run-sets/indexed-heaps.ts";
import { lowerBound, type Posterior, type Prior, posteriorOf, priorOf } from "../run-sets/posterior.ts";
import { clipped, RunSetColumns } from "../run-sets/run-set-columns.ts";
import { Moments } from "../statistics.ts";
import type { CompletedRuns } from "./completed-runs.ts";

/** A stretch of the search during which one run set led. The numbers of the set are those at the end. */
export interface HistoryRow {
  /** The completed run, counted from 1, after which the set took the lead. */
  readonly ended: number;
  /** Completed runs in a row after which it led, including that one. */
  readonly bestFor: number;
  readonly configuration: Configuration;
  /** `configurationKey` of it. */
  readonly key: string;
  /** See `labelOf`. */
  readonly label: string;
  /** Posterior mean: the expected hpmax of a new run, by the original system's formula. */
  readonly estHpmax: number;
  /** Posterior standard deviation; null if the spread is unknown. */
  readonly sd: number | null;
  readonly runs: number;
  /** The run with the highest hpmax; the earliest if several are equal. */
  readonly bestRun: RunName;
  readonly bestHpmax: number;
}

export interface SearchHistory {
  readonly prior: Prior;
  /** Completed runs that were evaluated: the end of the last row. */
  readonly completed: number;
  /** Oldest first; empty if no run has completed. */
  readonly rows: readonly HistoryRow[];
}

export interface HistoryOptions {
  /** Number of runs, from the first, to evaluate; the prior still comes from all. Default: all. */
  readonly first?: number;
}

/**
 * Which configuration was the best after each completed run: seen from now, when had the search found what?
 *
 * Sets are ranked by posterior mean less its standard deviation; the older of two equals is first. The prior is that of all
 * runs throughout, so that each run changes only the rank of its own set and n runs take O(n log n). Source: the evaluation
 * tool of the original system (its numbers: test/fixtures/golden/eval-hp-search.json).
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
  /** By set: the index of its best run. */
  const bestRuns: number[] = [];
  const posteriorAt = (set: number): Posterior => {
    const completed = columns.completed[set] ?? 0;
    return posteriorOf({ completed, mean: columns.mean(set), sampleVariance: columns.sampleVariance(set) }, prior);
  };
  // Sets are numbered by their first completed runs, so the smaller number is the older set.
  const byBound = new IndexedHeaps((a, b) => {
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
    if (byBound.top() === leader) continue;
    leader = byBound.top();
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

/** `lr=0.0004 units=128 dropout=-`: the settings of the hyperparameters that have more than one value. */
export function labelOf(hyperparameters: readonly Hyperparameter[], configuration: Configuration): string {
  const settings = usedSettings(hyperparameters, configuration);
  return hyperparameters
    .flatMap(({ name, values }, i) => (values.length > 1 ? [`${name}=${settingText(settings[i])}`] : []))
    .join(" ");
}
