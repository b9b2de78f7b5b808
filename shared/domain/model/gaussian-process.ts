import {
  dot,
  factorise,
  logDeterminant,
  solve,
  solveTransposed,
  solveTransposedAll,
  subtractSquare,
} from "./cholesky.ts";
import { decay } from "./decay.ts";
import { type Beliefs, type Columns, type Places, precisionsOf } from "./kernel.ts";

/** What was measured: a place, the mean there, and the number of runs behind it. */
export interface Observed {
  readonly place: Float64Array;
  readonly value: number;
  /** Above 0; a part of a run counts as a part. */
  readonly runs: number;
}

/** Means of the true values at c places, and the Cholesky factor U of their joint covariance, c x c, row by row; 0 below its diagonal. */
export interface Joint {
  readonly means: Float64Array;
  readonly factor: Float64Array;
}

const jitter = 1e-6;

/**
 * A Gaussian process over the means of run sets, with a constant mean by generalised least squares (Rasmussen and Williams 2006,
 * section 2.7).
 *
 * The true value at x is mu + smooth(x) + own(x). The smooth part has covariance signal * exp(-distance / 2); the other is
 * independent from one configuration to the next. The mean of n runs adds noise / n.
 */
export class GaussianProcess {
  readonly #places: Places;
  readonly #beliefs: Beliefs;
  readonly #precisions: Float64Array;
  readonly #observed: readonly Observed[];
  readonly #columns: Columns;
  readonly #factor: Float64Array;
  /** U'^-1 1 and U'^-1 (y - mu). */
  readonly #ones: Float64Array;
  readonly #residuals: Float64Array;
  readonly #onesSquared: number;
  /** Covariances of one place with the observed ones; reused by `meanAt`, which a plan calls for a thousand places. */
  readonly #covariances: Float64Array;
  /** K^-1 (y - mu); made on demand. */
  #weights: Float64Array | undefined;
  /** mu. */
  readonly mean: number;

  /** @param observed  at least one, at different places */
  constructor(places: Places, beliefs: Beliefs, observed: readonly Observed[]) {
    const n = observed.length;
    this.#places = places;
    this.#beliefs = beliefs;
    this.#precisions = precisionsOf(beliefs);
    this.#observed = observed;
    this.#columns = places.columns(observed.map(({ place }) => place));
    const matrix = new Float64Array(n * n);
    likeness(places, this.#precisions, this.#columns, matrix);
    covariance(beliefs, observed, matrix, matrix);
    factorise(matrix, n);
    this.#factor = matrix;
    this.#ones = new Float64Array(n).fill(1);
    solveTransposed(matrix, n, this.#ones);
    this.#onesSquared = dot(this.#ones, this.#ones);
    const values = Float64Array.from(observed, ({ value }) => value);
    solveTransposed(matrix, n, values);
    this.mean = dot(this.#ones, values) / this.#onesSquared;
    this.#residuals = values.map((value, i) => value - this.mean * (this.#ones[i] ?? 0));
    this.#covariances = new Float64Array(n);
  }

  /** The mean of the true value at any place; cheaper than `at`. */
  meanAt(place: Float64Array): number {
    const weights = this.#solved();
    const covariances = this.#covariances;
    this.#covary(place, this.#columns, covariances, 0);
    let sum = this.mean;
    for (let i = 0; i < weights.length; i++) sum += (covariances[i] as number) * (weights[i] as number); // both are n long
    return sum;
  }

  /** The means of the true values where something was observed, in the order of the observations. */
  meansThere(): Float64Array {
    const weights = this.#solved();
    const { noise } = this.#beliefs;
    return Float64Array.from(
      this.#observed,
      ({ value, runs }, i) => value - (noise / runs + jitter) * (weights[i] ?? 0),
    );
  }

  /**
   * For each observation, in order, its mean as predicted by the others (Rasmussen and Williams 2006, 5.4.2, with the constant
   * mean estimated anew each time). At least two observations.
   */
  meansWithoutThemselves(): Float64Array {
    const n = this.#observed.length;
    const unit = new Float64Array(n);
    return Float64Array.from(this.#observed, ({ value }, i) => {
      unit.fill(0);
      unit[i] = 1;
      solveTransposed(this.#factor, n, unit);
      const toMean = dot(unit, this.#ones);
      const precision = dot(unit, unit) - (toMean * toMean) / this.#onesSquared;
      return value - dot(unit, this.#residuals) / precision;
    });
  }

  /** Mean and variance of the true value at each place. */
  at(places: readonly Float64Array[]): { readonly means: Float64Array; readonly variances: Float64Array } {
    const { means, seen, short } = this.#view(places);
    const { signal, own } = this.#beliefs;
    const c = places.length;
    const variances = short.map((each) => signal + own + (each * each) / this.#onesSquared);
    for (let k = 0; k < this.#observed.length; k++) {
      for (let j = 0; j < c; j++) variances[j] = (variances[j] ?? 0) - (seen[k * c + j] ?? 0) ** 2;
    }
    return { means, variances: variances.map((each) => Math.max(0, each)) };
  }

  /** The joint distribution of the true values at different places. */
  jointly(places: readonly Float64Array[]): Joint {
    const c = places.length;
    const { means, seen, short } = this.#view(places);
    const { signal, own } = this.#beliefs;
    const factor = new Float64Array(c * c);
    likeness(this.#places, this.#precisions, this.#places.columns(places), factor);
    for (let i = 0; i < c; i++) {
      const lack = (short[i] ?? 0) / this.#onesSquared;
      const row = i * c;
      for (let j = i + 1; j < c; j++) factor[row + j] = signal * (factor[row + j] ?? 0) + lack * (short[j] ?? 0);
      factor[row + i] = signal + own + lack * (short[i] ?? 0) + jitter;
    }
    subtractSquare(factor, c, seen, this.#observed.length);
    factorise(factor, c);
    for (let i = 0; i < c; i++) factor.fill(0, i * c, i * c + i);
    return { means, factor };
  }

  #seen(i: number): Observed {
    return this.#observed[i] as Observed; // called for 0 to n - 1 alone
  }

  /** Writes the covariances of the true value at a place with those at others into `out`, from `at` on. */
  #covary(place: Float64Array, others: Columns, out: Float64Array, at: number): void {
    const { signal, own } = this.#beliefs;
    this.#places.distances(place, others, 0, this.#precisions, out, at);
    for (let i = at; i < at + others.places.length; i++) {
      const distance = out[i] as number; // it was just written
      out[i] = distance === 0 ? signal + own : signal * decay(0.5 * distance);
    }
  }

  #solved(): Float64Array {
    if (this.#weights === undefined) {
      this.#weights = this.#residuals.slice();
      solve(this.#factor, this.#weights.length, this.#weights);
    }
    return this.#weights;
  }

  /** Means at c places; `seen`, n x c: U'^-1 k, k their covariances with the observed; `short`: 1 - 1' K^-1 k. */
  #view(places: readonly Float64Array[]): {
    readonly means: Float64Array;
    readonly seen: Float64Array;
    readonly short: Float64Array;
  } {
    const n = this.#observed.length;
    const c = places.length;
    const seen = new Float64Array(n * c);
    const columns = this.#places.columns(places);
    for (let i = 0; i < n; i++) this.#covary(this.#seen(i).place, columns, seen, i * c);
    solveTransposedAll(this.#factor, n, seen, c);
    const means = new Float64Array(c).fill(this.mean);
    const short = new Float64Array(c).fill(1);
    for (let k = 0; k < n; k++) {
      const residual = this.#residuals[k] ?? 0;
      const one = this.#ones[k] ?? 0;
      for (let j = 0; j < c; j++) {
        const there = seen[k * c + j] ?? 0;
        means[j] = (means[j] ?? 0) + residual * there;
        short[j] = (short[j] ?? 0) - one * there;
      }
    }
    return { means, seen, short };
  }
}

/** How much alike the smooth parts at several places are: exp(-distance / 2), above the diagonal of `into`, row by row. */
export function likeness(places: Places, precisions: Float64Array, all: Columns, into: Float64Array): void {
  const n = all.places.length;
  for (const [i, place] of all.places.entries()) {
    places.distances(place, all, i + 1, precisions, into, i * n);
    for (let at = i * n + i + 1; at < i * n + n; at++) into[at] = decay(0.5 * (into[at] as number)); // it is n * n long
  }
}

/**
 * Writes the covariance of the observed values into the upper triangle of `into`, from the likeness of their places.
 */
export function covariance(
  { signal, own, noise }: Beliefs,
  observed: readonly Observed[],
  alike: Float64Array,
  into: Float64Array,
): void {
  const n = observed.length;
  for (let i = 0; i < n; i++) {
    for (let at = i * n + i + 1; at < i * n + n; at++) into[at] = signal * (alike[at] as number); // both are n * n long
    into[i * n + i] = signal + own + noise / (observed[i] as Observed).runs + jitter;
  }
}

/**
 * ln of the values' likelihood with this covariance and an unknown constant mean, up to a constant. Overwrites
 * `matrix`.
 */
export function logLikelihood(matrix: Float64Array, values: Float64Array): number {
  const n = values.length;
  factorise(matrix, n);
  const ones = new Float64Array(n).fill(1);
  solveTransposed(matrix, n, ones);
  const rest = values.slice();
  solveTransposed(matrix, n, rest);
  const mean = dot(ones, rest) / dot(ones, ones);
  for (let i = 0; i < n; i++) rest[i] = (rest[i] ?? 0) - mean * (ones[i] ?? 0);
  return -0.5 * (dot(rest, rest) + logDeterminant(matrix, n));
}
