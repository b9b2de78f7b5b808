import type { Configuration, Hyperparameter } from "../hyperparameter.ts";
import type { Rng } from "../rng.ts";
import { type DialDensity, dialDensity } from "./dial-density.ts";

/** The best fifth of the ranked run sets is good, but at most 25. */
const goodShare = 0.2;
const mostGood = 25;
/** How much less the last of the good counts than the first. */
const lastCountsLess = 0.7;

/** How many of `ranked` configurations count as good; at least 2. */
export const goodCount = (ranked: number): number => Math.max(2, Math.min(mostGood, Math.ceil(goodShare * ranked)));

/** Weight of each good configuration, best first: from 1 down to about 0.3. */
export const goodWeights = (count: number): Float64Array =>
  Float64Array.from({ length: count }, (_, rank) => 1 - (lastCountsLess * rank) / count);

/**
 * The marks that good run sets have, each spread over its dial (Bergstra et al. 2011, with one density for each hyperparameter).
 *
 * @param ranked  measured configurations, best first
 */
export function goodMarks(
  hyperparameters: readonly Hyperparameter[],
  ranked: readonly Configuration[],
): readonly DialDensity[] {
  const good = ranked.slice(0, goodCount(ranked.length));
  return marksOf(hyperparameters, good, goodWeights(good.length));
}

/** The marks of these configurations, each spread over its dial. */
export function marksOf(
  hyperparameters: readonly Hyperparameter[],
  configurations: readonly Configuration[],
  weights: ArrayLike<number>,
): readonly DialDensity[] {
  return hyperparameters.map((hyperparameter, i) => {
    const positions = Int32Array.from(configurations, (configuration) => configuration[i] ?? 0);
    return dialDensity(hyperparameter, positions, weights);
  });
}

/** A configuration drawn from the product of the densities. */
export const drawnFrom = (densities: readonly DialDensity[], rng: Rng): Configuration =>
  densities.map((density) => density.draw(rng));
