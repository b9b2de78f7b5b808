import type { RunTable } from "../fold/run-table.ts";
import type { Configuration } from "../hyperparameter.ts";
import type { RunName } from "../names.ts";

/** The completed runs of a search in order of completion; columns, because there may be a million. */
export interface CompletedRuns {
  readonly length: number;
  readonly hpmax: Float64Array;
  /** Int32Array: the set of each run. Sets are numbered from 0 in the order of their first completed runs. */
  readonly sets: Int32Array;
  run(i: number): RunName;
  configuration(set: number): Configuration;
  /** The configuration's set; -1 if it has no completed run. */
  find(configuration: Configuration): number;
}

/** The job's own completed runs, without those of earlier searches. */
export function completedRuns(table: RunTable): CompletedRuns {
  const { completions, trials, runSets } = table;
  const { length } = completions;
  const hpmax = new Float64Array(length);
  const sets = new Int32Array(length);
  /** Our number for each of the table's run sets, which it numbers in the order of first assignment. */
  const ours = new Int32Array(runSets.size).fill(-1);
  const theirs: number[] = [];
  for (let i = 0; i < length; i += 1) {
    const n = completions[i] ?? 0;
    const value = trials.hpmaxOf(n);
    if (value === null) throw new RangeError(`${table.job}: trial ${n} completed without hpmax`);
    const set = trials.runSetOf(n);
    if (ours[set] === -1) ours[set] = theirs.push(set) - 1;
    hpmax[i] = value;
    sets[i] = ours[set] ?? -1;
  }
  return {
    length,
    hpmax,
    sets,
    run: (i) => trials.runOf(completions[i] ?? 0),
    configuration: (set) => runSets.configurations.configuration(theirs[set] ?? -1),
    find: (configuration) => ours[runSets.configurations.find(configuration)] ?? -1,
  };
}
