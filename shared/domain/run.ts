import type { Setting } from "./hyperparameter.ts";

/** One number that a stage measures, in the order in which the stage lists them; the first one counts. */
export interface Metric {
  /** Column name without its stage prefix, e.g. `rew`. */
  readonly short: string;
  /** For people, e.g. `reward per step`. */
  readonly long: string;
  /** Digits after the point on the console. */
  readonly decimals: number;
  readonly higherIsBetter: boolean;
  /** How values of several periods become one. */
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
  /** One value per metric of the stage; NaN where nothing was measured. */
  readonly values: readonly number[];
  /** How many measurements each value stands for (iterations for rew, episodes for win). */
  readonly counts: readonly number[];
}

/** The settings a run was given, by hyperparameter name. */
export type ChosenSettings = Readonly<Record<string, Setting>>;

/** Running aggregate of one metric over a stage: count-weighted mean, or max, or min, or the last value. */
export interface Summary {
  value: number;
  count: number;
}

export const emptySummary = (): Summary => ({ value: Number.NaN, count: 0 });

/** Adds one report's value to a stage summary. Values that stand for nothing (count 0) change nothing. */
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

/** What the search maximises: the summary of the last stage's first metric, negated where lower is better. */
export function hpmaxOf(metric: Metric, summary: Summary): number {
  return metric.higherIsBetter ? summary.value : -summary.value;
}
