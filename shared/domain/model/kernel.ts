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

/** Several places, also as columns: where each of them lies along the first hyperparameter, then along the next. */
export interface Columns {
  readonly places: readonly Float64Array[];
  /** Float64Array, hyperparameters * places, row-major. */
  readonly values: Float64Array;
}

/** Where each value of each hyperparameter lies; computes distances between configurations. */
export class Places {
  /** By hyperparameter, the place of each value: 0 to 1 along the dial or a range's scale, or in any order. */
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
    const { width } = this;
    const place = new Float64Array(width);
    for (let i = 0; i < width; i++) place[i] = this.#places[i]?.[configuration[i] ?? 0] ?? 0;
    return place;
  }

  columns(places: readonly Float64Array[]): Columns {
    const count = places.length;
    const values = new Float64Array(this.width * count);
    for (let j = 0; j < count; j++) {
      for (let i = 0; i < this.width; i++) values[i * count + j] = places[j]?.[i] ?? 0;
    }
    return { places, values };
  }

  /**
   * Writes the distance from one place to place j into out[at + j], for all j from `first` on: the squared distances
   * along each hyperparameter, each times its precision (1 / length squared), added up.
   */
  distances(
    from: Float64Array,
    { places: { length: count }, values }: Columns,
    first: number,
    precisions: Float64Array,
    out: Float64Array,
    at: number,
  ): void {
    out.fill(0, at + first, at + count);
    const { width } = this;
    for (let i = 0; i < width; i++) {
      if (i + 4 <= width && this.#areFourOrdered(i)) {
        addFour(from, precisions, values, i, first, count, out, at);
        i += 3;
      } else
        addOne(from[i] ?? 0, precisions[i] ?? 0, this.#isOrdered[i] === true, values, i * count, first, count, out, at);
    }
  }

  #areFourOrdered(i: number): boolean {
    const is = this.#isOrdered;
    return is[i] === true && is[i + 1] === true && is[i + 2] === true && is[i + 3] === true;
  }
}

/** Adds the distances along one hyperparameter. Unordered values are equally far apart: differences round up to 1. */
function addOne(
  place: number,
  precision: number,
  isOrdered: boolean,
  values: Float64Array,
  column: number,
  first: number,
  count: number,
  out: Float64Array,
  at: number,
): void {
  const factor = isOrdered ? precision : unlike * unlike * precision;
  for (let j = first; j < count; j++) {
    const difference = place - (values[column + j] as number); // both reach to count
    const squared = isOrdered ? difference * difference : Math.ceil(Math.abs(difference));
    out[at + j] = (out[at + j] as number) + squared * factor;
  }
}

/** `addOne` along the ordered hyperparameters i to i + 3, in one pass. */
function addFour(
  from: Float64Array,
  precisions: Float64Array,
  values: Float64Array,
  i: number,
  first: number,
  count: number,
  out: Float64Array,
  at: number,
): void {
  const column = i * count;
  const a = from[i] as number; // there are i + 4 hyperparameters
  const b = from[i + 1] as number;
  const c = from[i + 2] as number;
  const d = from[i + 3] as number;
  const p = precisions[i] as number;
  const q = precisions[i + 1] as number;
  const r = precisions[i + 2] as number;
  const s = precisions[i + 3] as number;
  for (let j = first; j < count; j++) {
    const w = a - (values[column + j] as number); // all reach to count
    const x = b - (values[column + count + j] as number);
    const y = c - (values[column + 2 * count + j] as number);
    const z = d - (values[column + 3 * count + j] as number);
    out[at + j] = (out[at + j] as number) + w * w * p + x * x * q + y * y * r + z * z * s;
  }
}

/** By hyperparameter, 1 / length squared. */
export const precisionsOf = ({ lengths }: Beliefs): Float64Array =>
  Float64Array.from(lengths, (length) => 1 / (length * length));
