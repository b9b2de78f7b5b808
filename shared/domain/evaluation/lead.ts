import type { RunTable } from "../fold/run-table.ts";
import { type Standing, standings } from "../run-sets/standings.ts";
import { completedRuns } from "./completed-runs.ts";
import { searchHistory } from "./history.ts";

/**
 * The best configuration of a search: the first of its standings. Null before any run has completed. One pass over the run sets.
 *
 * The search itself may centre on another one: dgd takes the highest plain mean, as published (`RunSets.best`).
 */
export function leaderOf(table: RunTable): Standing | null {
  return standings(table.runSets, table.submitted.hyperparameters, { top: 1 })[0] ?? null;
}

/** How long the best configuration has led. */
export interface Lead {
  /** `configurationKey` of the leader. */
  readonly key: string;
  /** Completed runs in a row, up to the newest, after which it led, as in `nexus eval`. */
  readonly runs: number;
}

/** One pass over all completed runs. */
export function leadOf(table: RunTable): Lead | null {
  const last = searchHistory(completedRuns(table), table.submitted.hyperparameters).rows.at(-1);
  return last === undefined ? null : { key: last.key, runs: last.bestFor };
}
