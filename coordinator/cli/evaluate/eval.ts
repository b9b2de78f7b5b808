import { usedSettings } from "../../../shared/domain/conditions/activity.ts";
import { type Evaluated, evaluate } from "../../../shared/domain/evaluation/evaluated.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { Configuration, Hyperparameter, Setting } from "../../../shared/domain/hyperparameter.ts";
import { checkIsSearch, nothingCompleted } from "../../runs/searched.ts";

export interface EvalOptions {
  /** Judge the search as it stood after its first n completed runs; the prior still comes from all of them. */
  readonly first?: number | undefined;
  readonly json?: boolean | undefined;
}

/**
 * Evaluates a search.
 *
 * @param flags  what a command must add to reach the same workspace
 * @throws UsageError if there is nothing to compare, NotFoundError if no run has completed
 */
export function evaluated(table: RunTable, { first }: EvalOptions = {}, flags = ""): Evaluated {
  checkIsSearch(table, flags);
  const found = evaluate(table, first);
  if (!found) throw nothingCompleted(table, flags);
  return found;
}

/** The settings by name, without inactive hyperparameters. */
export function hparamsOf(
  hyperparameters: readonly Hyperparameter[],
  configuration: Configuration,
): Record<string, Setting> {
  const settings = usedSettings(hyperparameters, configuration);
  return Object.fromEntries(
    hyperparameters.flatMap(({ name }, i): [string, Setting][] => {
      const setting = settings[i];
      return setting === undefined ? [] : [[name, setting]];
    }),
  );
}
