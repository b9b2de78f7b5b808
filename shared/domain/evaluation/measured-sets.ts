import { clipped } from "../run-sets/run-set-columns.ts";
import type { Measured } from "./class-model.ts";
import type { CompletedRuns } from "./completed-runs.ts";

/** What every configuration's completed runs say, an entry for each in every column; see `Measured`. */
export interface MeasuredSets {
  readonly length: number;
  readonly runs: Int32Array;
  readonly means: Float64Array;
  readonly squares: Float64Array;
}

/**
 * The sets of the first `judged` runs.
 *
 * @param isLeftOut  says of a run, by its place, that it does not count; a set of which none does is of no use
 */
export function measuredSets(
  { sets, hpmax }: CompletedRuns,
  judged: number,
  isLeftOut: (i: number) => boolean = () => false,
): MeasuredSets {
  let length = 0;
  for (let i = 0; i < judged; i += 1) if (sets[i] === length) length += 1;
  const runs = new Int32Array(length);
  const means = new Float64Array(length);
  const squares = new Float64Array(length);
  for (let i = 0; i < judged; i += 1) {
    if (isLeftOut(i)) continue;
    const set = sets[i] ?? -1;
    const value = clipped(hpmax[i] ?? Number.NaN);
    const count = (runs[set] ?? 0) + 1;
    const mean = means[set] ?? 0;
    const before = value - mean;
    const newMean = mean + before / count;
    runs[set] = count;
    means[set] = newMean;
    squares[set] = (squares[set] ?? 0) + before * (value - newMean);
  }
  return { length, runs, means, squares };
}

export function measuredAt({ length, runs, means, squares }: MeasuredSets, set: number): Measured {
  if (!(set >= 0 && set < length)) throw new RangeError(`no set number ${set} of ${length}`);
  return { runs: runs[set] ?? 0, mean: means[set] ?? Number.NaN, squares: squares[set] ?? Number.NaN };
}
