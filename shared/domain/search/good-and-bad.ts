import type { Configuration } from "../hyperparameter.ts";
import { byEstimate, pool, sampledSets, shuffled, withEnoughMeasured, withoutTwice } from "../model/active-sets.ts";
import { isMeasured } from "../model/evidence.ts";
import type { Rng } from "../rng.ts";
import type { RunSets } from "../run-sets/run-set.ts";
import { goodCount, goodWeights } from "./good-marks.ts";

/** Most other configurations that the good ones are compared with. */
const mostBad = 200;
/** Sample size if more configurations are measured: when there is time, and while a worker waits. */
const sampled = { leisure: 600, haste: 100 };
/** Measured configurations needed to tell good from bad. */
const fewest = 3;

/** Configurations worth imitating, and some that are not. */
export interface GoodAndBad {
  /** The best first. */
  readonly good: readonly Configuration[];
  /** Weights of the good: from 1 down to about 0.3. */
  readonly weights: ArrayLike<number>;
  readonly bad: readonly Configuration[];
  /** About how many configurations the good ones are the best of. */
  readonly among: number;
}

/**
 * The feasible configurations with the highest estimates, and a random sample of all others. An estimate is a
 * configuration's mean hpmax, shrunk towards the mean of all the more the runs of one configuration differ: one run is
 * mostly luck. The time does not grow beyond 600 configurations, or 100 in haste.
 *
 * @returns null if fewer than three configurations have a completed run, or none of them is feasible and measured
 */
export function goodAndBad(runSets: RunSets, rng: Rng, pace: keyof typeof sampled): GoodAndBad | null {
  const sample = sampledSets(runSets, rng, sampled[pace]);
  if (sample.length < fewest) return null;
  const count = goodCount(sample.length < sampled[pace] ? sample.length : runSets.size);
  const contenders = sample.length < runSets.size ? withoutTwice([...runSets.leaders(count), ...sample]) : sample;
  const pooled = pool(withEnoughMeasured(sample, runSets));
  // What has only failed is not infeasible, but not worth imitating either. A run that was pruned has a predicted result.
  const worthy = contenders.filter((set) => isMeasured(set) || (set.isFeasible && set.predictedWeight > 0));
  const good = byEstimate(worthy, pooled).slice(0, count);
  if (good.length === 0) return null;
  const isGood = new Set(good.map(({ number }) => number));
  const bad = shuffled(
    sample.filter(({ number }) => !isGood.has(number)),
    mostBad,
    rng,
  );
  return {
    good: good.map(({ configuration }) => configuration),
    weights: goodWeights(good.length),
    bad: bad.map(({ configuration }) => configuration),
    among: Math.max(sample.length, runSets.size - runSets.totals.inFlight),
  };
}
