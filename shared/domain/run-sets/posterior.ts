import type { Moments } from "../statistics.ts";

/** What all completed runs of a job together suggest about any run set. */
export interface Prior {
  /** Mean of every completed run's hpmax; NaN before the first. */
  readonly mean: number;
  /** Their sample variance (n - 1); 0 before the second. */
  readonly variance: number;
}

/** The prior that follows from the clipped hpmax of all completed runs. */
export function priorOf({ count, mean, sampleVariance }: Moments): Prior {
  return { mean: count === 0 ? Number.NaN : mean, variance: sampleVariance };
}

/** Summary of a run set's own completed runs. */
export interface Sample {
  /** At least 1. */
  readonly completed: number;
  readonly mean: number;
  /** Sample variance (n - 1); 0 for one run. */
  readonly sampleVariance: number;
}

/** What a new run with the same configuration can be expected to reach. */
export interface Posterior {
  readonly mean: number;
  /** Standard deviation of that mean; null if all runs so far are equal, so that the spread is unknown. */
  readonly stDev: number | null;
}

/**
 * The normal posterior of a run set's true mean. It shrinks sets of few runs, whose mean is mostly luck, towards the prior mean.
 *
 * For N runs with mean m and sample variance s, and a prior with mean p and variance P, the variance of single runs is taken as
 * v = (P + (N - 1) s) / N, between P and s. The posterior mean is (v p + N P m) / (v + N P), its variance v P / (v + N P). Source:
 * the evaluation tool of the original system (its numbers: test/fixtures/golden/eval-hp-search.json).
 *
 * With P = 0 (one run, or all runs equal) that tool says 0 +- 0; here the mean is the prior mean and the spread is unknown.
 */
export function posteriorOf(sample: Sample, prior: Prior): Posterior {
  if (!(prior.variance > 0)) return { mean: prior.mean, stDev: null };
  const n = sample.completed;
  const own = (prior.variance + (n - 1) * sample.sampleVariance) / n;
  const total = own + n * prior.variance;
  // Divide before multiplying, so that tiny and huge variances stay within the range of a double.
  const weight = (n * prior.variance) / total;
  return { mean: prior.mean * (own / total) + sample.mean * weight, stDev: Math.sqrt((own * weight) / n) };
}

/** The rank of a run set: posterior mean less one standard deviation, so that a single lucky run does not lead. */
export function lowerBound(posterior: Posterior): number {
  return posterior.mean - (posterior.stDev ?? 0);
}
