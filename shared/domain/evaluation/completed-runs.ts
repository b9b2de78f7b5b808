import type { RunTable } from "../fold/run-table.ts";
import type { Trial } from "../fold/trial.ts";
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

/** The runs that a search rests on: first those of earlier searches, then its own. */
export interface SearchedRuns {
  readonly runs: CompletedRuns;
  /** How many come from earlier searches. */
  readonly imported: number;
}

/** The job's own completed runs, without infeasible runs and all runs of infeasible configurations. */
export const completedRuns = (table: RunTable): CompletedRuns => columnsOf(table, []);

/** The same preceded by the runs of earlier searches, which its run sets count too. */
export function searchedRuns(table: RunTable): SearchedRuns {
  const { imported, runSets } = table;
  const isFeasible = ({ configuration }: Trial): boolean => runSets.of(configuration)?.isFeasible === true;
  const earlier = runSets.totals.infeasible === 0 ? imported : imported.filter(isFeasible);
  return { runs: columnsOf(table, earlier), imported: earlier.length };
}

function columnsOf(table: RunTable, earlier: readonly Trial[]): CompletedRuns {
  const { trials, runSets } = table;
  const completions = runSets.totals.infeasible === 0 ? table.completions : feasibleOf(table);
  const length = earlier.length + completions.length;
  const hpmax = new Float64Array(length);
  const sets = new Int32Array(length);
  /** Our number for each of the table's run sets, which are numbered in the order of first assignment there. */
  const ours = new Int32Array(runSets.size).fill(-1);
  const theirs: number[] = [];
  const put = (i: number, set: number, value: number | null | undefined): void => {
    if (typeof value !== "number") throw new RangeError(`${table.job}: its run ${i + 1} completed without hpmax`);
    if (ours[set] === -1) ours[set] = theirs.push(set) - 1;
    hpmax[i] = value;
    sets[i] = ours[set] ?? -1;
  };
  for (const [i, run] of earlier.entries()) put(i, runSets.configurations.find(run.configuration), run.hpmax);
  for (const [i, n] of completions.entries()) put(earlier.length + i, trials.runSetOf(n), trials.hpmaxOf(n));
  return {
    length,
    hpmax,
    sets,
    run: (i) => earlier[i]?.run ?? trials.runOf(completions[i - earlier.length] ?? 0),
    configuration: (set) => runSets.configurations.configuration(theirs[set] ?? -1),
    find: (configuration) => ours[runSets.configurations.find(configuration)] ?? -1,
  };
}

function feasibleOf({ completions, trials, runSets }: RunTable): number[] {
  const isFeasible = Uint8Array.from(runSets, (runSet) => (runSet.isFeasible ? 1 : 0));
  return completions.filter((n) => isFeasible[trials.runSetOf(n)] === 1 && trials.isFeasible(n));
}
