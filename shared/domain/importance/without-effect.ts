import type { Configuration, Hyperparameter } from "../hyperparameter.ts";
import { decay } from "../model/decay.ts";
import { logLikelihood, type Observed } from "../model/gaussian-process.ts";
import { type Beliefs, Places, priorBeliefs } from "../model/kernel.ts";
import { learn } from "../model/learning.ts";
import { squashFor } from "../model/squash.ts";
import { type Rng, rngFrom } from "../rng.ts";
import { Moments } from "../statistics.ts";

/** What a configuration's completed runs say. */
export interface MeasuredPoint {
  readonly configuration: Configuration;
  /** Completed runs, at least 1. */
  readonly runs: number;
  /** Their mean hpmax; finite. */
  readonly mean: number;
  /** Sum of their squared deviations from it. */
  readonly squares: number;
}

/** With fewer configurations nothing is said. */
const fewestPoints = 40;
/** At most this many configurations, drawn at random, are used: more would take seconds. */
const mostPoints = 250;
/** The model is learned from the first of them, this many. */
const taughtPoints = 100;
const sweeps = 3;
/** With more hyperparameters nothing is said. */
const mostHyperparameters = 40;

/** An effect: alone, with a variance; or on what the others do, over a length of the dial. */
type Effect = { readonly alone: number } | { readonly together: number };
/** Effects that nobody should overlook, and small ones. Variances are relative to that of the measured values. */
const largeAlone: Effect = { alone: 0.3 };
const smallAlone: Effect = { alone: 0.05 };
const largeTogether: Effect = { together: 0.6 };
const smallTogether: Effect = { together: 1.2 };
/** The length of the dial over which an effect of its own reaches. */
const ownLength = 0.7;
/** The log likelihood must be lower by at least this with a large effect of its own than without. */
const againstLarge = 1;
/** The log likelihood may favour an effect by at most this much more than with randomly permuted values. */
const mayExceed = 2;
/** Nothing is said unless an effect with this share of the variance exceeds luck by the root of `leastContrast`. */
const leastEffect = 0.05;
const leastContrast = 45;
/** How often values are dealt out at random. */
const deals = 10;
const jitter = 1e-6;
/** However far apart repeats lie, their variance counts as at most this many times that of the measured values. */
const mostNoise = 4;

/**
 * Names of the hyperparameters whose value changes nothing, as far as the runs show. Those about which too little is
 * known to see an effect that matters are not among them.
 *
 * The model of a search is fitted without the hyperparameter. It has no effect if a large one (some 5% of the variance) would make
 * what was measured less likely, and if no effect, large or small, alone or on what the others do, makes it much likelier than the same
 * values dealt out at random. Measured on surfaces of eight hyperparameters (2026-11-28, 300 runs at random): nine in ten of those
 * without effect are found, none with a twentieth of the variance is accused, and a quarter of those with a hundredth.
 *
 * @param at    the measured configurations, by number from 0
 * @param seed  the same seed gives the same answer
 */
export function withoutEffect(
  hyperparameters: readonly Hyperparameter[],
  count: number,
  at: (i: number) => MeasuredPoint,
  seed: string | number = 1,
): string[] {
  if (count < fewestPoints) return [];
  const rng = rngFrom(`${seed}/without effect`);
  const points = numbersAtRandom(count, mostPoints, rng).map(at);
  const first = points[0]?.configuration ?? [];
  const varied = hyperparameters.flatMap(({ name }, i) =>
    points.some(({ configuration }) => configuration[i] !== first[i]) ? [{ name, i }] : [],
  );
  if (varied.length > mostHyperparameters) return [];
  const surface = surfaceOf(hyperparameters, points);
  return surface === null || !surface.isTelling()
    ? []
    : varied.filter(({ i }) => surface.isFlatAlong(i, rng)).map(({ name }) => name);
}

/** So many different numbers below `count`, or all of them, in random order. */
function numbersAtRandom(count: number, most: number, rng: Rng): number[] {
  if (count > 4 * most) {
    const found = new Set<number>();
    while (found.size < most) found.add(rng.below(count));
    return [...found];
  }
  const numbers = Array.from({ length: count }, (_, i) => i);
  for (let i = 0; i < count; i++) {
    const j = i + rng.below(count - i);
    [numbers[i], numbers[j]] = [numbers[j] ?? 0, numbers[i] ?? 0];
  }
  return numbers.slice(0, most);
}

/** The model of these configurations; null if all have the same mean. */
function surfaceOf(hyperparameters: readonly Hyperparameter[], points: readonly MeasuredPoint[]): Surface | null {
  const squash = squashFor(Float64Array.from(points, ({ mean }) => mean));
  const values = points.map(({ mean }) => squash.of(mean));
  const moments = new Moments();
  for (const value of values) moments.add(value);
  const scale = Math.sqrt(moments.sampleVariance);
  if (!(scale > 0)) return null;
  const places = new Places(hyperparameters);
  const observed = points.map(({ configuration, runs }, i) => ({
    place: places.of(configuration),
    value: ((values[i] ?? 0) - moments.mean) / scale,
    runs,
  }));
  let degrees = 0;
  let squares = 0;
  for (const { runs, mean, squares: own } of points) {
    if (runs < 2) continue;
    degrees += runs - 1;
    const deviation = (Math.sqrt(own) * squash.slope(mean)) / scale;
    squares += Math.min(deviation * deviation, mostNoise * (runs - 1));
  }
  const taught = observed.slice(0, taughtPoints);
  return new Surface(places, observed, learn(places, priorBeliefs(places.width), taught, { degrees, squares }, sweeps));
}

class Surface {
  readonly #places: Places;
  readonly #observed: readonly Observed[];
  readonly #beliefs: Beliefs;

  constructor(places: Places, observed: readonly Observed[], beliefs: Beliefs) {
    this.#places = places;
    this.#observed = observed;
    this.#beliefs = beliefs;
  }

  /** Whether so many configurations, and so many runs of each, would show an effect of 5% of the variance. */
  isTelling(): boolean {
    const { own, noise } = this.#beliefs;
    const contrast = this.#observed.reduce((sum, { runs }) => sum + leastEffect / (own + noise / runs), 0);
    return contrast >= leastContrast;
  }

  /** Whether hyperparameter `i` has no effect. */
  isFlatAlong(i: number, rng: Rng): boolean {
    const gain = this.#gainsAlong(i);
    const asItIs = Int32Array.from(this.#observed.keys());
    if (gain(largeAlone, asItIs) > -againstLarge) return false;
    const tried = [smallAlone, smallTogether, largeTogether].map((effect) => ({
      effect,
      gain: gain(effect, asItIs),
      dealt: Number.NEGATIVE_INFINITY,
    }));
    // An incomplete model gains from anything that lets it bend, so values dealt out at random set the standard.
    for (let deal = 0; deal < deals; deal++) {
      const order = Int32Array.from(numbersAtRandom(asItIs.length, asItIs.length, rng));
      for (const each of tried) each.dealt = Math.max(each.dealt, gain(each.effect, order));
      if (tried.every((each) => each.gain <= each.dealt + mayExceed)) return true;
    }
    return false;
  }

  /**
   * How much an effect of hyperparameter `i` adds to the log likelihood of the measurements, with its values taken from
   * the configurations in this order.
   */
  #gainsAlong(i: number): (effect: Effect, order: Int32Array) => number {
    const n = this.#observed.length;
    const { signal, own, noise, lengths } = this.#beliefs;
    const without = Float64Array.from(lengths, (length, j) => (j === i ? 0 : 1 / (length * length)));
    const along = Float64Array.from(lengths, (_, j) => (j === i ? 1 : 0));
    const others = new Float64Array(n * n);
    const distances = new Float64Array(n * n);
    const columns = this.#places.columns(this.#observed.map(({ place }) => place));
    for (const [row, { place }] of this.#observed.entries()) {
      this.#places.distances(place, columns, 0, without, others, row * n);
      this.#places.distances(place, columns, 0, along, distances, row * n);
    }
    for (let k = 0; k < others.length; k++) others[k] = signal * decay(0.5 * (others[k] ?? 0));
    const values = Float64Array.from(this.#observed, ({ value }) => value);
    const likelihood = (alone: number, length: number, order: Int32Array): number => {
      const fall = 0.5 / (length * length);
      const matrix = new Float64Array(n * n);
      for (const [row, { runs }] of this.#observed.entries()) {
        const from = (order[row] ?? 0) * n;
        for (let column = row + 1; column < n; column++) {
          const kernel = decay(fall * (distances[from + (order[column] ?? 0)] ?? 0));
          const rest = others[row * n + column] ?? 0;
          matrix[row * n + column] = alone > 0 ? rest + alone * kernel : rest * kernel;
        }
        matrix[row * n + row] = signal + own + noise / runs + alone + jitter;
      }
      return logLikelihood(matrix, values);
    };
    const nothing = likelihood(0, Number.POSITIVE_INFINITY, Int32Array.from(values.keys()));
    return (effect, order) =>
      ("alone" in effect ? likelihood(effect.alone, ownLength, order) : likelihood(0, effect.together, order)) -
      nothing;
  }
}
