import { quantile } from "../statistics.ts";

/**
 * Bad is bad; how bad matters little. Values below the median are drawn towards it by a logarithm, so that neither a diverged run
 * nor a cliff decides what counts as a difference between good ones.
 */
export interface Squash {
  of(value: number): number;
  /** The squashed value of the lowest of the means that this was made from. */
  readonly worst: number;
  /** The value that `of` takes to this one; the highest of them, if several go to the lower limit. */
  back(squashed: number): number;
  /** The derivative of `of` at this value, above 0 and at most 1; it goes on falling beyond the lower limit. */
  slope(value: number): number;
}

/** The lower limit: however bad, squashed values lie at most this many times the scale below the median. */
const deepest = 4;

/**
 * The centre is the median of the run sets' means; the scale is the distance to their 95% quantile (see `scaleOf`).
 *
 * @param means  of run sets with a completed run, in any order; at least one
 */
export function squashFor(means: Float64Array): Squash {
  const sorted = means.toSorted();
  const centre = quantile(sorted, 0.5);
  const scale = scaleOf(sorted, centre);
  if (!(scale > 0)) return { of: (value) => value, worst: centre, back: (value) => value, slope: () => 1 };
  const of = (value: number): number =>
    value >= centre ? value : centre - scale * Math.min(deepest, Math.log1p((centre - value) / scale));
  return {
    of,
    worst: of(sorted[0] ?? centre),
    back: (value) =>
      value >= centre ? value : centre - scale * Math.expm1(Math.min(deepest, (centre - value) / scale)),
    slope: (value) => (value >= centre ? 1 : scale / (scale + centre - value)),
  };
}

/**
 * 0 if all values are equal. Where the upper quantile is the median, the distance to the highest, or else the lowest.
 */
function scaleOf(sorted: Float64Array, centre: number): number {
  const above = quantile(sorted, 0.95) - centre;
  if (above > 0) return above;
  const highest = (sorted.at(-1) ?? centre) - centre;
  return highest > 0 ? highest : centre - (sorted[0] ?? centre);
}
