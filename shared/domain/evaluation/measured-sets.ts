import { type Repeats, RunSetColumns } from "../run-sets/run-set-columns.ts";
import type { Measured } from "./class-model.ts";
import type { CompletedRuns } from "./completed-runs.ts";

/** What the completed runs say about each configuration, in columns; see `Measured`. */
export interface MeasuredSets {
  readonly length: number;
  readonly runs: Int32Array;
  readonly means: Float64Array;
  readonly squares: Float64Array;
  readonly repeats: Readonly<Repeats>;
}

/**
 * The sets of the first `judged` runs.
 *
 * @param isLeftOut  whether run `i` does not count; a set needs at least one run that does
 */
export function measuredSets(
  { sets, hpmax }: CompletedRuns,
  judged: number,
  isLeftOut: (i: number) => boolean = () => false,
): MeasuredSets {
  const columns = new RunSetColumns();
  for (let i = 0; i < judged; i += 1) {
    if (sets[i] === columns.size) columns.add();
    if (!isLeftOut(i)) columns.addValue(sets[i] ?? -1, hpmax[i] ?? Number.NaN);
  }
  const { size: length, completed, runningMean, squares } = columns;
  return {
    length,
    runs: completed.subarray(0, length),
    means: runningMean.subarray(0, length),
    squares: squares.subarray(0, length),
    repeats: columns.repeats,
  };
}

export function measuredAt({ length, runs, means, squares }: MeasuredSets, set: number): Measured {
  if (!(set >= 0 && set < length)) throw new RangeError(`no set number ${set} of ${length}`);
  return { runs: runs[set] ?? 0, mean: means[set] ?? Number.NaN, squares: squares[set] ?? Number.NaN };
}
