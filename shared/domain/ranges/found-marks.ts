import type { Hyperparameter } from "../hyperparameter.ts";
import { type Marks, mostMarks } from "./finer-marks.ts";
import { placesOf } from "./places.ts";
import { contains, placeOf } from "./range.ts";

/**
 * The marks to add so that ranges hold these values. If a range has no room for all of them, it gets an even selection
 * in ascending order.
 *
 * @param found  values by number of the hyperparameter, in any order; repeats and values outside the range are ignored
 */
export function foundMarks(
  hyperparameters: readonly Hyperparameter[],
  found: (hyperparameter: number) => Iterable<number>,
): Marks {
  const marks = hyperparameters.flatMap(({ name, values, range }, i): [string, number[]][] => {
    if (!range) return [];
    const isNew = (value: number): boolean => contains(range, value) && !values.includes(value);
    const all = [...new Set(found(i))].filter(isNew).sort((a, b) => a - b);
    const room = Math.min(all.length, Math.max(0, mostMarks - values.length));
    const kept = Array.from({ length: room }, (_, k) => all[Math.floor(((k + 0.5) * all.length) / room)] ?? 0);
    return kept.length === 0 ? [] : [[name, kept]];
  });
  return Object.fromEntries(marks);
}

/** The position of the mark nearest to a number on the range's scale; -1 if the number does not belong to the range. */
export function nearestMark(hyperparameter: Hyperparameter, value: number): number {
  const { range } = hyperparameter;
  if (!range || !contains(range, value)) return -1;
  const place = placeOf(range, value);
  const places = placesOf(hyperparameter);
  return places.reduce(
    (best, each, i) =>
      Math.abs(each - place) < Math.abs((places[best] ?? Number.POSITIVE_INFINITY) - place) ? i : best,
    0,
  );
}
