import { type Evaluated, evaluate } from "../../../shared/domain/evaluation/evaluated.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import {
  type Configuration,
  type Hyperparameter,
  type Setting,
  settingsOf,
} from "../../../shared/domain/hyperparameter.ts";
import { NotFoundError, UsageError } from "../../../shared/errors.ts";

/** `nexus eval`. */
export interface EvalOptions {
  /** Judge the search as it stood after so many completed runs; the prior still comes from all. */
  readonly first?: number | undefined;
  readonly json?: boolean | undefined;
}

/**
 * Evaluates a search.
 *
 * @throws UsageError where there is nothing to compare, NotFoundError where no run has completed
 */
export function evaluated(table: RunTable, { first }: EvalOptions = {}): Evaluated {
  checkIsSearch(table);
  const found = evaluate(table, first);
  if (!found) throw nothingCompleted(table);
  return found;
}

/** @throws UsageError where all runs are of one configuration */
export function checkIsSearch(table: RunTable): void {
  const { job, submitted } = table;
  const { hyperparameters, settings } = submitted;
  if (settings.hpTuning === false) {
    const { confirms } = settings;
    const next =
      confirms === null
        ? `their mean, and how sure it is: nexus eval ${job}`
        : `it confirms ${confirms}; what came of that: nexus confirm ${confirms} --show`;
    throw new UsageError(`${job} repeats one configuration (hp_tuning: false): it is no search to evaluate\n  ${next}`);
  }
  if (hyperparameters.some(({ values }) => values.length > 1)) return;
  const why = hyperparameters.length === 0 ? "has no hyperparameters" : "has one value only for each hyperparameter";
  throw new UsageError(
    `${job} ${why}, so there is one configuration only, and nothing to compare\n  its runs: nexus list runs ${job}`,
  );
}

export function nothingCompleted(table: RunTable): NotFoundError {
  const { outcomes, running, waiting } = table;
  const counts: [number, string][] = [
    [running, "running"],
    [waiting.size, "queued"],
    [outcomes.failed, "failed"],
    [outcomes["timed out"], "timed out"],
    [outcomes.pruned, "pruned"],
    [outcomes.cancelled, "cancelled"],
  ];
  const found = counts.flatMap(([count, word]) => (count > 0 ? [`${count} ${word}`] : []));
  const so = found.length === 0 ? "none has started" : found.join(", ");
  return new NotFoundError(
    `${table.job} has no completed run yet (${so})\n  to see its runs: nexus list runs ${table.job}`,
  );
}

export function hparamsOf(
  hyperparameters: readonly Hyperparameter[],
  configuration: Configuration,
): Record<string, Setting> {
  const settings = settingsOf(hyperparameters, configuration);
  return Object.fromEntries(hyperparameters.map(({ name }, i) => [name, settings[i] ?? null]));
}
