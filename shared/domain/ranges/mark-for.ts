import type { Hyperparameter } from "../hyperparameter.ts";
import { mostMarks } from "./finer-marks.ts";
import { nearestMark } from "./found-marks.ts";
import { placesOf } from "./places.ts";
import { contains, isWhole, numberAt, placeOf } from "./range.ts";
import { roundestBetween } from "./round-number.ts";

/** Values of a range closer than this part of it count as one: no search can tell them apart. */
const finest = 1e-3;

/**
 * The mark that stands for a value of a range: the nearest one if it is close enough or the range is full, otherwise a
 * new one, as round as possible. Undefined if the value does not belong to the range.
 */
export function markFor(hyperparameter: Hyperparameter, value: number): number | undefined {
  const { range, values } = hyperparameter;
  if (!range || !contains(range, value)) return undefined;
  const place = placeOf(range, value);
  const nearest = nearestMark(hyperparameter, value);
  const isZero = (range.zero === true && value === 0) !== (values[nearest] === 0);
  const gap = Math.abs((placesOf(hyperparameter)[nearest] ?? 0) - place);
  if ((gap <= finest && !isZero) || values.length >= mostMarks) return Number(values[nearest]);
  const ends = [numberAt(range, place - finest / 2), numberAt(range, place + finest / 2)];
  const low = Math.max(range.from, Math.min(...ends));
  const high = Math.min(range.to, Math.max(...ends));
  const round = isWhole(range) || value === 0 || low > high ? value : roundestBetween(low, high);
  return contains(range, round) ? round : value;
}
