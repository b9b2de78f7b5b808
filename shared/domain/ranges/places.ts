import type { Hyperparameter } from "../hyperparameter.ts";
import type { Rng } from "../rng.ts";
import { placeOf } from "./range.ts";

/** Kept for good: a hyperparameter never changes, but is replaced by one with more values. */
const known = new WeakMap<Hyperparameter, Float64Array>();
const knownWeights = new WeakMap<Hyperparameter, Float64Array>();

/**
 * Where each value lies on the dial, 0 to 1, in the order of `values`. The values of a list are evenly spaced; the
 * marks of a range lie where its scale puts them, however many there are.
 */
export function placesOf(hyperparameter: Hyperparameter): Float64Array {
  let places = known.get(hyperparameter);
  if (places === undefined) {
    places = workedOut(hyperparameter);
    known.set(hyperparameter, places);
  }
  return places;
}

function workedOut(hyperparameter: Hyperparameter): Float64Array {
  const { values, range } = hyperparameter;
  if (range) return Float64Array.from(values, (value) => placeOf(range, Number(value)));
  const places = new Float64Array(values.length);
  const steps = Math.max(1, values.length - 1);
  for (const [at, position] of dialOf(hyperparameter).entries()) places[position] = at / steps;
  return places;
}

/** The positions of the values in the order of the dial. */
export const dialOf = ({ values, dial }: Hyperparameter): readonly number[] => dial ?? [...values.keys()];

/**
 * The part of the dial that each value stands for, in the order of `values`; the parts add up to 1. The values of a
 * list have equal parts. A mark of a range reaches halfway to each neighbour, the first and the last as far outwards as
 * inwards. So a draw is uniform over the scale, although marks are dense where the search has looked.
 */
export function partsOf(hyperparameter: Hyperparameter): Float64Array {
  let parts = knownWeights.get(hyperparameter);
  if (parts === undefined) {
    parts = hyperparameter.range ? widths(hyperparameter) : equalParts(hyperparameter.values.length);
    knownWeights.set(hyperparameter, parts);
  }
  return parts;
}

const equalParts = (count: number): Float64Array => new Float64Array(count).fill(1 / Math.max(1, count));

function widths(hyperparameter: Hyperparameter): Float64Array {
  const places = placesOf(hyperparameter);
  const dial = dialOf(hyperparameter);
  const widths = new Float64Array(places.length);
  if (dial.length < 2) return widths.fill(1);
  const at = (i: number): number => places[dial[i] ?? 0] ?? 0;
  let total = 0;
  dial.forEach((position, i) => {
    const below = i > 0 ? at(i) - at(i - 1) : at(1) - at(0);
    const above = i + 1 < dial.length ? at(i + 1) - at(i) : below;
    widths[position] = (below + above) / 2;
    total += (below + above) / 2;
  });
  return widths.map((width) => width / total);
}

/** A random value, as a position in `values`: uniform over a list's values, or over a range's scale. */
export const drawPosition = (hyperparameter: Hyperparameter, rng: Rng): number =>
  hyperparameter.range ? positionAt(hyperparameter, rng.uniform()) : rng.below(hyperparameter.values.length);

/** The position in `values` whose part of the dial holds `share`, which runs along the dial from 0 to below 1. */
export function positionAt(hyperparameter: Hyperparameter, share: number): number {
  if (!hyperparameter.range) {
    // Not `dialOf`, which would copy a list that may be long.
    const { values, dial: order } = hyperparameter;
    const at = Math.min(values.length - 1, Math.floor(share * values.length));
    return order?.[at] ?? at;
  }
  const dial = dialOf(hyperparameter);
  const last = dial.length - 1;
  const parts = partsOf(hyperparameter);
  let left = share;
  for (let i = 0; i < last; i += 1) {
    left -= parts[dial[i] ?? 0] ?? 0;
    if (left < 0) return dial[i] ?? 0;
  }
  return dial[last] ?? 0;
}
