import {
  dot,
  factorise,
  logDeterminant,
  solve,
  solveTransposed,
  solveTransposedAll,
  subtractSquare,
} from "./cholesky.ts";
import { type Beliefs, type Places, precisionsOf } from "./kernel.ts";

/** What was measured: a place, the mean there, and of how many runs. */
export interface Observed {
  readonly place: Float64Array;
  readonly value: number;
  /** Above 0; a part of a run counts as a part. */
  readonly runs: number;
}

/** Means of the true values at c places, and the Cholesky factor U of their joint covariance, c x c, row by row. */
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
  readonly #factor: Float64Array;
  /** U'^-1 1 and U'^-1 (y - mu). */
  readonly #ones: Float64Array;
  readonly #residuals: Float64Array;
  readonly #onesSquared: number;
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
    const matrix = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      const { place, runs } = this.#seen(i);
      for (let j = i + 1; j < n; j++) matrix[i * n + j] = this.#smooth(place, this.#seen(j).place);
      matrix[i * n + i] = beliefs.signal + beliefs.own + beliefs.noise / runs + jitter;
    }
    factorise(matrix, n);
    this.#factor = matrix;
    this.#ones = new Float64Array(n).fill(1);
    solveTransposed(matrix, n, this.#ones);
    this.#onesSquared = dot(this.#ones, this.#ones);
    const values = Float64Array.from(observed, ({ value }) => value);
    solveTransposed(matrix, n, values);
    this.mean = dot(this.#ones, values) / this.#onesSquared;
    this.#residuals = values.map((value, i) => value - this.mean * (this.#ones[i] ?? 0));
  }

  /** ln of how likely the observations are, up to a constant. */
  logLikelihood(): number {
    return -0.5 * (dot(this.#residuals, this.#residuals) + logDeterminant(this.#factor, this.#observed.length));
  }

  /** The mean of the true value at any place; cheaper than `at`. */
  meanAt(place: Float64Array): number {
    const weights = this.#solved();
    const n = this.#observed.length;
    let sum = this.mean;
    for (let i = 0; i < n; i++) sum += this.#covariance(place, this.#seen(i).place) * (weights[i] ?? 0);
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
   * For each observation what the others say of it, in their order: its mean without itself (Rasmussen and Williams 2006, 5.4.2,
   * with the constant mean estimated anew each time). At least two observations.
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
    for (let i = 0; i < c; i++) {
      const place = places[i] ?? none;
      const lack = (short[i] ?? 0) / this.#onesSquared;
      for (let j = i + 1; j < c; j++) {
        factor[i * c + j] = this.#smooth(place, places[j] ?? none) + lack * (short[j] ?? 0);
      }
      factor[i * c + i] = signal + own + lack * (short[i] ?? 0) + jitter;
    }
    subtractSquare(factor, c, seen, this.#observed.length);
    factorise(factor, c);
    return { means, factor };
  }

  #seen(i: number): Observed {
    return this.#observed[i] as Observed; // called for 0 to n - 1 alone
  }

  #smooth(a: Float64Array, b: Float64Array): number {
    return this.#beliefs.signal * Math.exp(-0.5 * this.#places.distance(a, b, this.#precisions));
  }

  /** Of the true values at two places. */
  #covariance(a: Float64Array, b: Float64Array): number {
    const distance = this.#places.distance(a, b, this.#precisions);
    const { signal, own } = this.#beliefs;
    return distance === 0 ? signal + own : signal * Math.exp(-0.5 * distance);
  }

  #solved(): Float64Array {
    if (this.#weights === undefined) {
      this.#weights = this.#residuals.slice();
      solve(this.#factor, this.#weights.length, this.#weights);
    }
    return this.#weights;
  }

  /** Means at c places; `seen`, n x c: U'^-1 of their covariances with the observed; `short`: what these lack to know mu. */
  #view(places: readonly Float64Array[]): {
    readonly means: Float64Array;
    readonly seen: Float64Array;
    readonly short: Float64Array;
  } {
    const n = this.#observed.length;
    const c = places.length;
    const seen = new Float64Array(n * c);
    for (let i = 0; i < n; i++) {
      const { place } = this.#seen(i);
      for (let j = 0; j < c; j++) seen[i * c + j] = this.#covariance(place, places[j] ?? none);
    }
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

const none = new Float64Array(0);
