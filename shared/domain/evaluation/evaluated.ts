import type { RunTable } from "../fold/run-table.ts";
import { searchView } from "../fold/search-view.ts";
import { type Configuration, configurationKey } from "../hyperparameter.ts";
import { type MeasuredPoint, withoutEffect } from "../importance/without-effect.ts";
import type { SearchModel } from "../model/search-model.ts";
import { standings } from "../model/standings.ts";
import type { RunName } from "../names.ts";
import { completedRuns, type SearchedRuns, searchedRuns } from "./completed-runs.ts";
import { type SearchHistory, searchHistory } from "./history.ts";
import { measuredAt, measuredSets } from "./measured-sets.ts";
import { ledFor, modelAfter } from "./model-history.ts";
import { type Verdict, type VerdictOptions, verdictOf } from "./verdict.ts";

/** A configuration of a search with at least one completed run. */
export interface EvaluatedSet {
  readonly configuration: Configuration;
  readonly key: string;
  readonly runs: number;
  readonly mean: number;
  readonly bestHpmax: number;
  readonly bestRun: RunName;
}

export interface Evaluated {
  readonly table: RunTable;
  /** Which configuration led when, by the original's estimate. */
  readonly history: SearchHistory;
  /** On the configuration that the search's model ranks best. */
  readonly verdict: Verdict;
  /** In the order of their first completed runs. */
  readonly sets: readonly EvaluatedSet[];
  /** Hyperparameters that change nothing, as far as the runs show; worked out on demand, in part of a second. */
  readonly withoutEffect: readonly string[];
  /** The best run sets as the standings rank them: places in `sets`. */
  ranked(top: number): readonly number[];
}

/** Evaluates a search now, or as it was after its `first` completed runs; null before any run has completed. */
export function evaluate(table: RunTable, first?: number): Evaluated | null {
  const { hyperparameters, settings } = table.submitted;
  const own = completedRuns(table);
  const history = searchHistory(own, hyperparameters, first === undefined ? {} : { first });
  if (history.rows.length === 0) return null;
  const all = table.imported.length === 0 ? { runs: own, imported: 0 } : searchedRuns(table);
  const searched = firstOf(all, history.completed);
  const model = modelOf(table, searched, first);
  const verdict =
    model &&
    verdictOf(searched.runs, model, hyperparameters, {
      tuning: settings.hpTuning,
      ...reachOf(table, history.completed < own.length ? own.run(history.completed - 1) : undefined),
      seed: table.job,
      bestFor: ledFor(searched, model, model.best.runSet.configuration),
      completed: history.completed,
    });
  if (!verdict) return null;
  let sets: readonly EvaluatedSet[] | undefined;
  const setsNow = (): readonly EvaluatedSet[] => {
    sets ??= setsOf(table);
    return sets;
  };
  return {
    table,
    history,
    verdict,
    // Made on demand: `nexus eval` needs none of them, and there may be half a million.
    get sets() {
      return setsNow();
    },
    get withoutEffect() {
      const judged = measuredSets(searched.runs, searched.runs.length);
      const at = (set: number): MeasuredPoint => ({
        configuration: searched.runs.configuration(set),
        ...measuredAt(judged, set),
      });
      return withoutEffect(hyperparameters, judged.length, at, table.job);
    },
    ranked(top) {
      const places = new Map(setsNow().map(({ key }, place) => [key, place]));
      return standings(table.model.now, table.runSets, { top }).map(({ runSet }) => places.get(runSet.key) ?? -1);
    },
  };
}

/**
 * Which configurations the search has no use for any more.
 *
 * @param last  the search stands as it did when this run completed; left out: as it stands now
 */
function reachOf(table: RunTable, last?: RunName): Pick<VerdictOptions, "isExcluded" | "isInfeasible"> {
  const { runSets, completions, trials } = table;
  const view = searchView(table);
  let known: Set<number> | undefined;
  if (last !== undefined) {
    const upTo = completions.findIndex((n) => trials.runOf(n) === last) + 1;
    known = new Set(completions.slice(0, upTo).map((n) => trials.runSetOf(n)));
  }
  return {
    // A run in flight may still complete, even if its configuration is not chosen again. One that completed later could then.
    isExcluded: (configuration) => {
      const { inFlight = 0, completed = 0, infeasible = 0 } = runSets.of(configuration) ?? {};
      return inFlight + completed + infeasible === 0 && view.isExcluded(configuration);
    },
    isInfeasible: (configuration) =>
      (runSets.of(configuration)?.infeasible ?? 0) > 0 &&
      known?.has(runSets.configurations.find(configuration)) !== false,
  };
}

const modelOf = (table: RunTable, { runs }: SearchedRuns, first: number | undefined): SearchModel | null => {
  const { now } = table.model;
  return first === undefined || now === null ? now : modelAfter(runs, now, runs.length);
};

/** The runs of earlier searches, and the first `own` of the job itself. */
const firstOf = ({ runs, imported }: SearchedRuns, own: number): SearchedRuns => ({
  runs: { ...runs, length: imported + own, hpmax: runs.hpmax.subarray(0, imported + own) },
  imported,
});

function setsOf(table: RunTable): EvaluatedSet[] {
  return [...table.runSets]
    .filter(({ completed, isFeasible }) => completed > 0 && isFeasible)
    .sort((a, b) => (a.firstSeen ?? 0) - (b.firstSeen ?? 0))
    .map((set) => ({
      configuration: set.configuration,
      key: configurationKey(set.configuration),
      runs: set.completed,
      mean: set.mean,
      bestHpmax: set.bestHpmax,
      bestRun: bestRunOf(set.bestRun),
    }));
}

function bestRunOf(run: RunName | null): RunName {
  if (run === null) throw new RangeError("a set with completed runs has no best one");
  return run;
}
