import type { RunTable } from "../fold/run-table.ts";
import { configurationKey } from "../hyperparameter.ts";
import { type Standing, standings } from "../model/standings.ts";
import { searchedRuns } from "./completed-runs.ts";
import { ledFor } from "./model-history.ts";

/** The best configuration of a search: the first of its standings, which is the model's best. Null before any run has completed. */
export function leaderOf(table: RunTable): Standing | null {
  return standings(table.model.now, table.runSets, { top: 1 })[0] ?? null;
}

/** How long the best configuration has led. */
export interface Lead {
  /** `configurationKey` of the leader. */
  readonly key: string;
  /** Completed runs in a row, up to the newest, after which it led; exact for the last 20, see `ledFor`. */
  readonly runs: number;
}

/** The best configuration's lead; null before any run has completed. One pass over all runs, and some sixty models. */
export function leadOf(table: RunTable): Lead | null {
  const model = table.model.now;
  if (model === null) return null;
  const { configuration } = model.best.runSet;
  return { key: configurationKey(configuration), runs: ledFor(searchedRuns(table), model, configuration) };
}
