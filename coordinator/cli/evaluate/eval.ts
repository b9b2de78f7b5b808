import { type Evaluated, evaluate } from "../../../shared/domain/evaluation/evaluated.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import {
  type Configuration,
  type Hyperparameter,
  type Setting,
  settingsOf,
} from "../../../shared/domain/hyperparameter.ts";
import { checkIsSearch, nothingCompleted } from "../../runs/searched.ts";

export interface EvalOptions {
  /** Judge the search as it stood after its first n completed runs; the prior still comes from all of them. */
  readonly first?: number | undefined;
  readonly json?: boolean | undefined;
}

/**
 * Evaluates a search.
 *
 * @throws UsageError if there is nothing to compare, NotFoundError if no run has completed
 */
export function evaluated(table: RunTable, { first }: EvalOptions = {}): Evaluated {
  checkIsSearch(table);
  const found = evaluate(table, first);
  if (!found) throw nothingCompleted(table);
  return found;
}

export function hparamsOf(
  hyperparameters: readonly Hyperparameter[],
  configuration: Configuration,
): Record<string, Setting> {
  const settings = settingsOf(hyperparameters, configuration);
  return Object.fromEntries(hyperparameters.map(({ name }, i) => [name, settings[i] ?? null]));
}
