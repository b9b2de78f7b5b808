import type { Configuration, Hyperparameter } from "../hyperparameter.ts";
import { placesOf } from "../ranges/places.ts";

/** How far apart two different values of an unordered hyperparameter are; the ends of a dial are 1 apart. */
const unlike = 0.7;

/** What the model believes about a surface. Variances are in units of the variance of the squashed means of the sets it sees. */
export interface Beliefs {
  /** Variance of the smooth part. */
  readonly signal: number;
  /** Variance of what is particular to one configuration. */
  readonly own: number;
  /** Variance of a single run about the true mean of its configuration. */
  readonly noise: number;
  /** For each hyperparameter, the distance on its dial over which results resemble each other; the whole dial is 1. */
  readonly lengths: readonly number[];
}

/** Before anything was learned. */
export const priorBeliefs = (hyperparameters: number): Beliefs => ({
  signal: 1,
  own: 0.01,
  noise: 0.3,
  lengths: new Array<number>(hyperparameters).fill(0.7),
});

/** Where each value of each hyperparameter lies, so that distances are quickly taken. */
export class Places {
  /** For each hyperparameter the place of each value: 0 to 1 along a dial or on a range's scale; where there is no order, any. */
  readonly #places: readonly Float64Array[];
  readonly #isOrdered: readonly boolean[];

  constructor(hyperparameters: readonly Hyperparameter[]) {
    this.#places = hyperparameters.map(placesOf);
    this.#isOrdered = hyperparameters.map(({ ordered }) => ordered);
  }

  /** Number of hyperparameters. */
  get width(): number {
    return this.#places.length;
  }

  of(configuration: Configuration): Float64Array {
    return Float64Array.from(configuration, (position, i) => this.#places[i]?.[position] ?? 0);
  }

  /** Squared distances along each hyperparameter, each times its precision (1 / length squared), added up. */
  distance(a: Float64Array, b: Float64Array, precisions: Float64Array): number {
    let sum = 0;
    for (let i = 0; i < precisions.length; i++) {
      const difference = (a[i] ?? 0) - (b[i] ?? 0);
      if (difference === 0) continue;
      const squared = this.#isOrdered[i] ? difference * difference : unlike * unlike;
      sum += squared * (precisions[i] ?? 0);
    }
    return sum;
  }
}

/** 1 / length squared. */
export const precisionsOf = ({ lengths }: Beliefs): Float64Array =>
  Float64Array.from(lengths, (length) => 1 / (length * length));
