import type { Hyperparameter } from "../hyperparameter.ts";
import { dialOf, partsOf, placesOf } from "../ranges/places.ts";
import type { Rng } from "../rng.ts";

/** Share of each kernel that is spread evenly over the whole dial. */
const evenly = 0.1;
/** Weight of every other value in an unordered kernel, relative to 1 for the value itself. */
const elsewhere = 0.15;
/** A longer dial is divided into this many cells of neighbouring values; the kernel is far wider than a cell. */
const mostCells = 256;

/** How often each value of one hyperparameter is expected among some configurations. */
export interface DialDensity {
  /** The density of a value, by its position: above 0, and 1 for all values together. */
  at(position: number): number;
  /** The position of a value, drawn with this density. */
  draw(rng: Rng): number;
}

/**
 * The values of some configurations, each smeared over its dial: `l = (1/L + sum of w k) / (1 + sum of w)`, for L values.
 *
 * The kernel k of an ordered hyperparameter falls by a factor of e over a ninth of the dial, or over 0.7 of a step if
 * that is longer; a tenth of it is spread evenly. The marks of a range lie where its scale puts them, and each weighs
 * as much as its part of the scale, so that the density does not depend on where marks are dense. The time depends on
 * the configurations and at most 256 cells, however long the dial is.
 *
 * @param positions  the configurations' positions on this dial
 * @param weights    the configurations' weights, in the same order; 0 or more
 */
export function dialDensity(
  hyperparameter: Hyperparameter,
  positions: ArrayLike<number>,
  weights: ArrayLike<number>,
): DialDensity {
  return hyperparameter.ordered
    ? new OrderedDensity(cellsOf(hyperparameter), positions, weights)
    : new UnorderedDensity(hyperparameter.values.length, positions, weights);
}

/** A dial as at most 256 cells of neighbouring values. */
interface Cells {
  /** Int32Array: positions in `values`, in the order of the dial. */
  readonly order: Int32Array;
  /** Int32Array by position in `values`: its cell. */
  readonly cellOf: Int32Array;
  /** Int32Array, one more than there are cells: where each begins in `order`. */
  readonly starts: Int32Array;
  /** Float64Array by position in `values`: its part of the dial, relative to the mean; 1 for each value of a list. */
  readonly rooms: Float64Array;
  /** The sum of the rooms of each cell's values. */
  readonly sizes: Float64Array;
  /** The factor by which the kernel falls from one cell to the next. */
  readonly falls: Float64Array;
  /** The sum over the dial of the kernel around each cell. */
  readonly sums: Float64Array;
}

/** Cells follow from the hyperparameter alone and are needed for every choice. */
const known = new WeakMap<Hyperparameter, Cells>();

function cellsOf(hyperparameter: Hyperparameter): Cells {
  let cells = known.get(hyperparameter);
  if (!cells) {
    cells = dividedDial(hyperparameter);
    known.set(hyperparameter, cells);
  }
  return cells;
}

function dividedDial(hyperparameter: Hyperparameter): Cells {
  const { length } = hyperparameter.values;
  const order = Int32Array.from(dialOf(hyperparameter));
  const count = Math.min(length, mostCells);
  const starts = Int32Array.from({ length: count + 1 }, (_, cell) => Math.floor((cell * length) / count));
  const rooms = partsOf(hyperparameter).map((part) => part * length);
  const cellOf = new Int32Array(length);
  const sizes = new Float64Array(count);
  for (let cell = 0; cell < count; cell++) {
    for (let i = starts[cell] ?? 0; i < (starts[cell + 1] ?? 0); i++) {
      const position = order[i] ?? 0;
      cellOf[position] = cell;
      sizes[cell] = (sizes[cell] ?? 0) + (rooms[position] ?? 0);
    }
  }
  const at = middlesOf(hyperparameter, order, starts);
  const falls = Float64Array.from({ length: count }, (_, cell) => Math.exp((at[cell] ?? 0) - (at[cell + 1] ?? 0)));
  return { order, cellOf, starts, rooms, sizes, falls, sums: smeared(sizes, falls) };
}

/** The middle of each cell, in units of the distance over which the kernel falls by a factor of e. */
function middlesOf(hyperparameter: Hyperparameter, order: Int32Array, starts: Int32Array): Float64Array {
  const { length } = order;
  const places = placesOf(hyperparameter);
  const placeAt = (i: number): number => places[order[Math.floor(i)] ?? 0] ?? 0;
  const width = hyperparameter.range ? 0.7 / 6 : 0.7 * Math.max(1, length / 6);
  return Float64Array.from({ length: starts.length - 1 }, (_, cell) => {
    const middle = ((starts[cell] ?? 0) + (starts[cell + 1] ?? 0) - 1) / 2;
    return (hyperparameter.range ? placeAt(middle) : middle) / width;
  });
}

/** Spreads each cell's amount over all cells, decaying by `falls`, in two passes. */
function smeared(amounts: Float64Array, falls: Float64Array): Float64Array {
  const out = new Float64Array(amounts.length);
  let fromBelow = 0;
  for (let cell = 0; cell < out.length; cell++) {
    fromBelow = fromBelow * (falls[cell - 1] ?? 0) + (amounts[cell] ?? 0);
    out[cell] = fromBelow;
  }
  let fromAbove = 0;
  for (let cell = out.length - 2; cell >= 0; cell--) {
    fromAbove = (fromAbove + (amounts[cell + 1] ?? 0)) * (falls[cell] ?? 0);
    out[cell] = (out[cell] ?? 0) + fromAbove;
  }
  return out;
}

class OrderedDensity implements DialDensity {
  readonly #cells: Cells;
  /** The density of a value with room 1, in each cell. */
  readonly #densities: Float64Array;

  constructor(cells: Cells, positions: ArrayLike<number>, weights: ArrayLike<number>) {
    this.#cells = cells;
    const { order, cellOf, falls, sums } = cells;
    const amounts = new Float64Array(sums.length);
    let total = 0;
    for (let i = 0; i < positions.length; i++) {
      const cell = cellOf[positions[i] ?? 0] ?? 0;
      const weight = weights[i] ?? 0;
      total += weight;
      amounts[cell] = (amounts[cell] ?? 0) + weight / (sums[cell] ?? 1);
    }
    const kernels = smeared(amounts, falls);
    const even = (1 + evenly * total) / order.length;
    this.#densities = kernels.map((kernel) => (even + (1 - evenly) * kernel) / (1 + total));
  }

  at(position: number): number {
    const { cellOf, rooms } = this.#cells;
    return (this.#densities[cellOf[position] ?? 0] ?? 0) * (rooms[position] ?? 0);
  }

  draw(rng: Rng): number {
    const { sizes } = this.#cells;
    const last = this.#densities.length - 1;
    let left = rng.uniform();
    for (let cell = 0; cell < last; cell++) {
      const density = this.#densities[cell] ?? 0;
      const mass = density * (sizes[cell] ?? 0);
      if (left < mass) return this.#within(cell, left / density);
      left -= mass;
    }
    return this.#within(last, left / (this.#densities[last] ?? 1));
  }

  /** The position in a cell at which `part` of the cell's room is passed. */
  #within(cell: number, part: number): number {
    const { order, starts, rooms } = this.#cells;
    const last = (starts[cell + 1] ?? 1) - 1;
    let left = part;
    for (let i = starts[cell] ?? 0; i < last; i++) {
      left -= rooms[order[i] ?? 0] ?? 0;
      if (left < 0) return order[i] ?? 0;
    }
    return order[last] ?? 0;
  }
}

/** The kernel of an unordered value: 1 there, 0.15 at every other, normalised. */
class UnorderedDensity implements DialDensity {
  readonly #length: number;
  /** The density of a value that no configuration has. */
  readonly #base: number;
  /** By position: the density beyond `#base` of a value that configurations have. */
  readonly #more = new Map<number, number>();

  constructor(length: number, positions: ArrayLike<number>, weights: ArrayLike<number>) {
    this.#length = length;
    const sum = 1 + elsewhere * (length - 1);
    let total = 0;
    for (let i = 0; i < positions.length; i++) total += weights[i] ?? 0;
    this.#base = ((1 + evenly * total) / length + ((1 - evenly) * elsewhere * total) / sum) / (1 + total);
    for (let i = 0; i < positions.length; i++) {
      const position = positions[i] ?? 0;
      const more = ((1 - evenly) * (1 - elsewhere) * (weights[i] ?? 0)) / sum / (1 + total);
      this.#more.set(position, (this.#more.get(position) ?? 0) + more);
    }
  }

  at(position: number): number {
    return this.#base + (this.#more.get(position) ?? 0);
  }

  draw(rng: Rng): number {
    let left = rng.uniform();
    for (const [position, more] of this.#more) {
      if (left < more) return position;
      left -= more;
    }
    return Math.min(this.#length - 1, Math.floor(left / this.#base));
  }
}
