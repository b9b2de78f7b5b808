import type { Hyperparameter } from "../hyperparameter.ts";
import { type Marks, mostMarks } from "./finer-marks.ts";
import { placesOf } from "./places.ts";
import { contains, placeOf } from "./range.ts";

/**
 * The marks that ranges need to hold these values: as many as a range may have; of more, some in even steps through their order.
 *
 * @param found  by number of the hyperparameter: numbers, in any order and as often as they come
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

/** The position of the mark that is nearest to a number of the range, on its scale; -1 if the number does not belong to it. */
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
