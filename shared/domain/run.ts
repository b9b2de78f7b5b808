import type { Setting } from "./hyperparameter.ts";

/** A quantity that a stage measures. The search uses the first metric that the last stage lists. */
export interface Metric {
  /** Column name without its stage prefix, e.g. `rew`. */
  readonly short: string;
  /** For people, e.g. `reward per step`. */
  readonly long: string;
  /** Digits after the point on the console. */
  readonly decimals: number;
  readonly higherIsBetter: boolean;
  /** How the values of several reports are combined into one. */
  readonly aggregation: "mean" | "max" | "min" | "last";
}

/** What a stage measured since its previous report. */
export interface MetricReport {
  /** Stage number, from 1. */
  readonly stage: number;
  /** Iterations of this stage so far. */
  readonly iters: number;
  /** Hours of training in this run so far, over all attempts. */
  readonly hours: number;
  /** One value per metric of the stage; NaN if nothing was measured. */
  readonly values: readonly number[];
  /** How many measurements each value summarises (iterations for rew, episodes for win). */
  readonly counts: readonly number[];
}

/** The settings a run was given, by hyperparameter name. */
export type ChosenSettings = Readonly<Record<string, Setting>>;

/** Running aggregate of one metric over a stage: the mean weighted by counts, the maximum, the minimum or the last value. */
export interface Summary {
  value: number;
  count: number;
}

export const emptySummary = (): Summary => ({ value: Number.NaN, count: 0 });

/** Adds one report's value to a stage's summary. A value of no measurements (count 0) changes nothing. */
export function addToSummary(summary: Summary, metric: Metric, value: number, count: number): void {
  if (count <= 0) return;
  if (summary.count === 0 || metric.aggregation === "last") {
    summary.value = value;
  } else if (metric.aggregation === "mean") {
    summary.value = (summary.value * summary.count + value * count) / (summary.count + count);
  } else if (metric.aggregation === "max") {
    summary.value = Math.max(summary.value, value);
  } else {
    summary.value = Math.min(summary.value, value);
  }
  summary.count += count;
}

/** What the search maximises: the summary of the last stage's first metric, negated if lower is better. */
export function hpmaxOf(metric: Metric, summary: Summary): number {
  return metric.higherIsBetter ? summary.value : -summary.value;
}
