import type { RunTable } from "../fold/run-table.ts";
import type { Configuration } from "../hyperparameter.ts";
import type { RunName } from "../names.ts";
import { ConfigurationRegister } from "../run-sets/configuration-register.ts";

/** One completed run of a search. */
export interface CompletedRun {
  readonly run: RunName;
  readonly configuration: Configuration;
  /** Finite. */
  readonly hpmax: number;
}

/** The completed runs of a search in the order in which they completed; in columns, for there may be a million. */
export interface CompletedRuns {
  readonly length: number;
  readonly hpmax: Float64Array;
  /** Int32Array: the number of each run's configuration. The first that had a completed run is 0, the next one 1, ... */
  readonly sets: Int32Array;
  run(i: number): RunName;
  configuration(set: number): Configuration;
  /** -1 where it has no completed run. */
  find(configuration: Configuration): number;
}

/** A job's own; those of earlier searches are left out. */
export function completedRuns(table: RunTable): CompletedRuns {
  const { completions, trials, runSets } = table;
  const { length } = completions;
  const hpmax = new Float64Array(length);
  const sets = new Int32Array(length);
  /** The table's run sets are numbered in the order of their first assignments. */
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

/** Any runs, in their order. */
export function inColumns(runs: readonly CompletedRun[]): CompletedRuns {
  const register = new ConfigurationRegister();
  return {
    length: runs.length,
    hpmax: Float64Array.from(runs, ({ hpmax }) => hpmax),
    sets: Int32Array.from(runs, ({ configuration }) => register.add(configuration)),
    run: (i) => {
      const run = runs[i];
      if (run === undefined) throw new RangeError(`no run ${i} of ${runs.length}`);
      return run.run;
    },
    configuration: (set) => register.configuration(set),
    find: (configuration) => register.find(configuration),
  };
}
