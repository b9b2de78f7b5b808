import type { Configuration, Hyperparameter } from "../../../shared/domain/hyperparameter.ts";
import { placesOf } from "../../../shared/domain/ranges/places.ts";

/** A configuration's place on each dial, 0 to 1. */
export type Place = readonly number[];

/** A height at each place, at most 1, highest at `peak`. */
export interface Bump {
  readonly peak: Place;
  /** For each hyperparameter, how fast the height's logarithm falls with the squared distance from the peak. */
  readonly falls: readonly number[];
  /** Pairs that interact: the optimum of one shifts with the other. */
  readonly pairs?: readonly (readonly [a: number, b: number, strength: number])[];
}

export function heightOf({ peak, falls, pairs = [] }: Bump, place: Place): number {
  const away = (i: number): number => (place[i] ?? 0) - (peak[i] ?? 0);
  let fall = 0;
  for (let i = 0; i < falls.length; i++) fall += (falls[i] ?? 0) * away(i) ** 2;
  for (const [a, b, strength] of pairs) fall += strength * away(a) * away(b);
  return Math.exp(-Math.max(0, fall));
}

/** Positions to places: a list's values are spread evenly over the dial, a range's by its scale. */
export function placeOf(hyperparameters: readonly Hyperparameter[], configuration: Configuration): Place {
  return configuration.map((position, i) => {
    const hyperparameter = hyperparameters[i];
    return hyperparameter ? (placesOf(hyperparameter)[position] ?? 0) : 0;
  });
}
