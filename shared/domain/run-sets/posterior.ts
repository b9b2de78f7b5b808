import type { Moments } from "../statistics.ts";

/** What all completed runs of a job say before any run set is looked at. */
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

/** What a run set's completed runs say. */
export interface Sample {
  /** At least 1. */
  readonly completed: number;
  readonly mean: number;
  /** n - 1; 0 for one run. */
  readonly sampleVariance: number;
}

/** What a new run with the same configuration may be expected to reach. */
export interface Posterior {
  readonly mean: number;
  /** Standard deviation of that mean; null: nothing is known of the spread, since all runs so far are equal. */
  readonly stDev: number | null;
}

/**
 * The normal posterior of a run set's true mean, which takes back most of what luck added to a set of few runs.
 *
 * With N runs of mean m and sample variance s, the set's own variance is taken as v = (P + (N - 1) s) / N, between the
 * prior variance P and s. Mean (v p + N P m) / (v + N P), variance v P / (v + N P), p the prior mean: the evaluation tool of
 * the original system (its numbers: test/fixtures/golden/eval-hp-search.json).
 *
 * With P = 0 (one run, or all runs equal) that tool says 0 +- 0; here the mean is the prior mean and the spread unknown.
 */
export function posteriorOf(sample: Sample, prior: Prior): Posterior {
  if (!(prior.variance > 0)) return { mean: prior.mean, stDev: null };
  const n = sample.completed;
  const own = (prior.variance + (n - 1) * sample.sampleVariance) / n;
  const total = own + n * prior.variance;
  // Divided before multiplied, so that neither tiny nor huge variances leave the range of a double.
  const weight = (n * prior.variance) / total;
  return { mean: prior.mean * (own / total) + sample.mean * weight, stDev: Math.sqrt((own * weight) / n) };
}

/** What run sets are ranked by: the posterior mean less one standard deviation, so that a lucky single run does not lead. */
export function lowerBound(posterior: Posterior): number {
  return posterior.mean - (posterior.stDev ?? 0);
}
