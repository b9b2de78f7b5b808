import type { Joint } from "../model/gaussian-process.ts";
import type { Rng } from "../rng.ts";

/** Draws of expected improvement: each is one way in which all candidates may truly be. */
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
 * Thompson sampling (Thompson 1933): each pick is the best candidate of one joint draw, so that each is picked as often as it is
 * likely to be the best of all.
 */
export function likelyBest(joint: Joint, count: number, normal: () => number): number[] {
  const drawn = new Float64Array(joint.means.length);
  return Array.from({ length: count }, () => {
    draw(joint, normal, drawn);
    return highest(drawn);
  });
}

/**
 * Noisy expected improvement (Letham et al. 2019): each pick promises most beyond the best of what is known or already picked.
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
  const draws = Array.from({ length: improvementDraws }, () => {
    const drawn = new Float64Array(c);
    draw(joint, normal, drawn);
    let best = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < c; i++) if (isKnown[i]) best = Math.max(best, drawn[i] ?? 0);
    return { drawn, best };
  });
  const gains = new Float64Array(c);
  return Array.from({ length: count }, () => {
    gains.fill(0);
    for (const { drawn, best } of draws) {
      for (let i = 0; i < c; i++) gains[i] = (gains[i] ?? 0) + Math.max(0, (drawn[i] ?? 0) - best);
    }
    const pick = highest(gains);
    for (const each of draws) each.best = Math.max(each.best, each.drawn[pick] ?? 0);
    return pick;
  });
}

/** The standard deviation of one of the true values. */
export function deviationOf({ means, factor }: Joint, i: number): number {
  const c = means.length;
  let variance = 0;
  for (let k = 0; k <= i; k++) variance += (factor[k * c + i] ?? 0) ** 2;
  return Math.sqrt(variance);
}

/** One draw from the joint distribution, into `drawn`. */
function draw({ means, factor }: Joint, normal: () => number, drawn: Float64Array): void {
  const c = means.length;
  drawn.set(means);
  for (let k = 0; k < c; k++) {
    const z = normal();
    for (let j = k; j < c; j++) drawn[j] = (drawn[j] ?? 0) + z * (factor[k * c + j] ?? 0);
  }
}

function highest(values: Float64Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] ?? 0) > (values[best] ?? 0)) best = i;
  return best;
}
