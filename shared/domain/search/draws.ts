import { subtractProduct } from "../model/cholesky.ts";
import type { Joint } from "../model/gaussian-process.ts";
import type { Rng } from "../rng.ts";

/** Joint draws for expected improvement: each is one possible truth about all candidates. */
const improvementDraws = 128;

/** Standard normal numbers (Box and Muller 1958). */
export function normals(rng: Rng): () => number {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const kept = spare;
      spare = undefined;
      return kept;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - rng.uniform()));
    const angle = 2 * Math.PI * rng.uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

/**
 * Thompson sampling (Thompson 1933): each pick is the best candidate of one joint draw, so that a candidate is picked
 * as often as it is likely to be the best of all.
 *
 * @param first  only this many of the candidates, the first, may be picked
 */
export function likelyBest(joint: Joint, count: number, normal: () => number, first = joint.means.length): number[] {
  const c = joint.means.length;
  const values = drawn(joint, count, normal);
  return Array.from({ length: count }, (_, draw) => highest(values.subarray(draw * c, draw * c + first)));
}

/**
 * Noisy expected improvement (Letham et al. 2019): each pick promises the most beyond the best candidate that is known
 * or already picked. Fewer picks, or none, if no further candidate promises anything.
 *
 * @param isKnown  whether each candidate is measured or in flight
 */
export function mostImproving(
  joint: Joint,
  isKnown: readonly boolean[],
  count: number,
  normal: () => number,
): number[] {
  const c = joint.means.length;
  const values = drawn(joint, improvementDraws, normal);
  const best = new Float64Array(improvementDraws).fill(Number.NEGATIVE_INFINITY);
  for (let i = 0; i < c; i++) if (isKnown[i]) raise(best, values, c, i);
  /** For each draw, `left` candidates that may still be better than its best; the others never will be. */
  const better = new Int32Array(values.length);
  for (let at = 0; at < better.length; at++) better[at] = at % c;
  const left = new Int32Array(improvementDraws).fill(c);
  const gains = new Float64Array(c);
  const picks: number[] = [];
  while (picks.length < count) {
    gains.fill(0);
    for (let draw = 0; draw < improvementDraws; draw++) {
      const from = draw * c;
      const end = from + (left[draw] ?? 0);
      let kept = from;
      for (let at = from; at < end; at++) {
        const i = better[at] ?? 0;
        const gain = (values[from + i] ?? 0) - (best[draw] ?? 0);
        if (!(gain > 0)) continue;
        better[kept++] = i;
        gains[i] = (gains[i] ?? 0) + gain;
      }
      left[draw] = kept - from;
    }
    const pick = highest(gains);
    if (!((gains[pick] ?? 0) > 0)) break;
    raise(best, values, c, pick);
    picks.push(pick);
  }
  return picks;
}

/** Raises the best of each draw to candidate `i`'s value, if that is higher. */
function raise(best: Float64Array, values: Float64Array, c: number, i: number): void {
  for (let draw = 0; draw < best.length; draw++) best[draw] = Math.max(best[draw] ?? 0, values[draw * c + i] ?? 0);
}

/** The standard deviation of candidate `i`'s true value. */
export function deviationOf({ means, factor }: Joint, i: number): number {
  const c = means.length;
  let variance = 0;
  for (let k = 0; k <= i; k++) variance += (factor[k * c + i] ?? 0) ** 2;
  return Math.sqrt(variance);
}

/** Draws from the joint distribution: Float64Array, count * candidates, row-major. */
function drawn({ means, factor }: Joint, count: number, normal: () => number): Float64Array {
  const c = means.length;
  // Negative, because products are subtracted; one column for each draw.
  const numbers = new Float64Array(c * count);
  for (let draw = 0; draw < count; draw++) for (let k = 0; k < c; k++) numbers[k * count + draw] = -normal();
  const values = new Float64Array(count * c);
  for (let draw = 0; draw < count; draw++) values.set(means, draw * c);
  subtractProduct(values, count, numbers, factor, c);
  return values;
}

function highest(values: Float64Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] ?? 0) > (values[best] ?? 0)) best = i;
  return best;
}
