import { covariance, likeness, logLikelihood, type Observed } from "./gaussian-process.ts";
import { type Beliefs, type Columns, type Places, precisionsOf } from "./kernel.ts";

/** What repeats of the same configuration say about the noise. */
export interface RepeatSpread {
  /** Runs beyond the first of each run set. */
  readonly degrees: number;
  /** Their squared deviations from the means of their sets, in the units of the observed values. */
  readonly squares: number;
}

/** Normal priors of logarithms: mean and standard deviation. */
const priors = {
  length: [Math.log(0.7), 0.8],
  signal: [0, 1],
  noise: [Math.log(0.3), 1.5],
  own: [Math.log(0.01), 1],
} as const;

const step = 0.6;
const mostSteps = 2;
const lengthLimits = [0.08, 4] as const;
const otherLimits = [0.001, 50] as const;
/** The noise where the same settings always give the same result: small, since a covariance without any may have no inverse. */
export const leastNoise = otherLimits[0];
/** Maximum number of lengths tried in a sweep, so that learning does not take seconds. */
const mostLengths = 24;

/**
 * Sweeps over all that can be learned. In each sweep, every quantity moves by at most two steps to where the posterior
 * is higher. With more than `mostLengths` hyperparameters, each sweep learns the lengths of others.
 *
 * @param repeats  null: the same settings always give the same result, and the noise stays as it is
 */
export function learn(
  places: Places,
  from: Beliefs,
  observed: readonly Observed[],
  repeats: RepeatSpread | null,
  sweeps: number,
): Beliefs {
  const scores = new Scores(places, observed, repeats);
  let beliefs = from;
  let score = scores.of(beliefs);
  const climb = (value: number, [least, most]: readonly [number, number], changed: (to: number) => Beliefs): void => {
    for (const factor of [step, 1 / step]) {
      let at = value;
      for (let moved = 0; moved < mostSteps; moved++) {
        const next = Math.min(most, Math.max(least, at * factor));
        if (next === at) break;
        const tried = changed(next);
        const there = scores.of(tried);
        if (!(there > score)) break;
        [beliefs, score, at] = [tried, there, next];
      }
      if (at !== value) return;
    }
  };
  const { width } = places;
  for (let turn = 0; turn < sweeps; turn++) {
    const before = beliefs;
    climb(beliefs.own, otherLimits, (own) => ({ ...beliefs, own }));
    if (repeats) climb(beliefs.noise, otherLimits, (noise) => ({ ...beliefs, noise }));
    climb(beliefs.signal, otherLimits, (signal) => ({ ...beliefs, signal }));
    for (let i = 0; i < Math.min(width, mostLengths); i++) {
      const which = (turn * mostLengths + i) % width;
      const length = beliefs.lengths[which] ?? 1;
      climb(length, lengthLimits, (to) => ({ ...beliefs, lengths: beliefs.lengths.with(which, to) }));
    }
    // The next sweep would try the same.
    if (beliefs === before && width <= mostLengths) break;
  }
  return beliefs;
}

/** Scores beliefs by the same observations. */
class Scores {
  readonly #places: Places;
  readonly #observed: readonly Observed[];
  readonly #repeats: RepeatSpread | null;
  readonly #columns: Columns;
  readonly #values: Float64Array;
  /** n x n, for `#lengths`; kept, because the next beliefs often differ in something else. */
  readonly #alike: Float64Array;
  #lengths: readonly number[] | undefined;
  readonly #matrix: Float64Array;

  constructor(places: Places, observed: readonly Observed[], repeats: RepeatSpread | null) {
    this.#places = places;
    this.#observed = observed;
    this.#repeats = repeats;
    this.#columns = places.columns(observed.map(({ place }) => place));
    this.#values = Float64Array.from(observed, ({ value }) => value);
    this.#alike = new Float64Array(observed.length ** 2);
    this.#matrix = new Float64Array(observed.length ** 2);
  }

  /** ln of the posterior density of the beliefs, up to a constant. */
  of(beliefs: Beliefs): number {
    const { signal, own, noise, lengths } = beliefs;
    const { degrees, squares } = this.#repeats ?? { degrees: 0, squares: 0 };
    if (this.#lengths !== lengths) likeness(this.#places, precisionsOf(beliefs), this.#columns, this.#alike);
    this.#lengths = lengths;
    covariance(beliefs, this.#observed, this.#alike, this.#matrix);
    let score = logLikelihood(this.#matrix, this.#values);
    score -= 0.5 * (degrees * Math.log(noise) + squares / noise);
    score += logPrior(signal, priors.signal) + logPrior(own, priors.own) + logPrior(noise, priors.noise);
    for (const length of lengths) score += logPrior(length, priors.length);
    return score;
  }
}

const logPrior = (value: number, [mean, deviation]: readonly [number, number]): number =>
  -0.5 * ((Math.log(value) - mean) / deviation) ** 2;
