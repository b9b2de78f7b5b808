import type { RunTable } from "../fold/run-table.ts";
import { type Configuration, configurationKey } from "../hyperparameter.ts";
import type { RunName } from "../names.ts";
import { lowerBound, posteriorOf } from "../run-sets/posterior.ts";
import { type CompletedRuns, completedRuns } from "./completed-runs.ts";
import { type SearchHistory, searchHistory } from "./history.ts";
import { type Verdict, verdictOf } from "./verdict.ts";

/** A configuration of a search with at least one completed run. */
export interface EvaluatedSet {
  readonly configuration: Configuration;
  readonly key: string;
  readonly runs: number;
  readonly mean: number;
  readonly bestHpmax: number;
  readonly bestRun: RunName;
  /** What the standings rank by: posterior mean less its standard deviation. */
  readonly bound: number;
}

export interface Evaluated {
  readonly table: RunTable;
  readonly runs: CompletedRuns;
  readonly history: SearchHistory;
  readonly verdict: Verdict;
  /** In the order of their first completed runs. */
  readonly sets: readonly EvaluatedSet[];
}

/** Evaluates a search now, or as it was after its `first` completed runs; null before any run has completed. */
export function evaluate(table: RunTable, first?: number): Evaluated | null {
  const { hyperparameters, settings } = table.submitted;
  const runs = completedRuns(table);
  const history = searchHistory(runs, hyperparameters, first === undefined ? {} : { first });
  const verdict = verdictOf(runs, history, hyperparameters, { tuning: settings.hpTuning, seed: table.job });
  if (!verdict) return null;
  let sets: readonly EvaluatedSet[] | undefined;
  return {
    table,
    runs,
    history,
    verdict,
    // Made on demand: `nexus eval` needs none of them, and there may be half a million.
    get sets() {
      sets ??= setsOf(table, history);
      return sets;
    },
  };
}

function setsOf(table: RunTable, { prior }: SearchHistory): EvaluatedSet[] {
  return [...table.runSets]
    .filter(({ completed }) => completed > 0)
    .sort((a, b) => (a.firstSeen ?? 0) - (b.firstSeen ?? 0))
    .map((set) => ({
      configuration: set.configuration,
      key: configurationKey(set.configuration),
      runs: set.completed,
      mean: set.mean,
      bestHpmax: set.bestHpmax,
      bestRun: bestRunOf(set.bestRun),
      bound: lowerBound(posteriorOf(set, prior)),
    }));
}

function bestRunOf(run: RunName | null): RunName {
  if (run === null) throw new RangeError("a set with completed runs has no best one");
  return run;
}
