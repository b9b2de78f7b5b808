import type { Hyperparameter, Setting } from "../hyperparameter.ts";
import { firstMarks } from "./first-marks.ts";
import { dialOf } from "./places.ts";
import { placeOf } from "./range.ts";

/** A dial in about ten parts, for views and estimates that compare parts. */
export interface CoarseDial {
  /** The centre of each part, in the order of the dial. */
  readonly marks: readonly Setting[];
  /** The part of each value, as an index into `marks`, in the order of `values`. */
  readonly partOf: Int32Array;
}

/**
 * A range's parts are centred on its first marks, however dense its marks have become; a part without marks is left
 * out. A list's parts are its values.
 */
export function coarseDial(hyperparameter: Hyperparameter): CoarseDial {
  const { values, range } = hyperparameter;
  const partOf = new Int32Array(values.length);
  if (!range) {
    const dial = dialOf(hyperparameter);
    for (const [at, position] of dial.entries()) partOf[position] = at;
    return { marks: dial.map((position) => values[position] ?? null), partOf };
  }
  const centres = firstMarks(range);
  const places = centres.map((centre) => placeOf(range, centre));
  const nearest = values.map((value) => {
    const place = placeOf(range, Number(value));
    return places.reduce(
      (best, each, i) => (Math.abs(each - place) < Math.abs((places[best] ?? 0) - place) ? i : best),
      0,
    );
  });
  const used = [...new Set(nearest)].sort((a, b) => a - b);
  const rank = new Map(used.map((centre, i) => [centre, i]));
  for (const [position, centre] of nearest.entries()) partOf[position] = rank.get(centre) ?? 0;
  return { marks: used.map((centre) => centres[centre] ?? null), partOf };
}
