import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import { NotFoundError, UsageError } from "../../shared/errors.ts";

/** Whether a job compares configurations. */
export const isSearch = ({ submitted: { settings, hyperparameters } }: RunTable): boolean =>
  settings.hpTuning !== false && hyperparameters.some(({ values }) => values.length > 1);

/**
 * @param flags  what a command must add to reach the same workspace
 * @throws UsageError if all runs have one configuration
 */
export function checkIsSearch(table: RunTable, flags: string): void {
  const { job, submitted } = table;
  const { hyperparameters, settings } = submitted;
  if (settings.hpTuning === false) {
    const { confirms } = settings;
    const next =
      confirms === null
        ? `their mean, and how certain it is: nexus eval ${job}${flags}`
        : `it confirms ${confirms}; for the results: nexus confirm ${confirms} --show${flags}`;
    throw new UsageError(
      `${job} repeats one configuration (hp_tuning: false): there is no search to evaluate\n  ${next}`,
    );
  }
  if (isSearch(table)) return;
  const why = hyperparameters.length === 0 ? "has no hyperparameters" : "has a single value for each hyperparameter";
  throw new UsageError(
    `${job} ${why}, so there is only one configuration and nothing to compare\n  its runs: nexus list runs ${job}${flags}`,
  );
}

/** @param flags  as above */
export function nothingCompleted(table: RunTable, flags: string): NotFoundError {
  const { outcomes, rejected, running, waiting, runSets } = table;
  const counts: [number, string][] = [
    [running, "running"],
    [waiting.size, "queued"],
    [runSets.totals.infeasible, "infeasible"],
    [rejected.size, "rejected"],
    [outcomes.failed, "failed"],
    [outcomes["timed out"], "timed out"],
    [outcomes.pruned, "pruned"],
    [outcomes.cancelled, "cancelled"],
  ];
  const found = counts.flatMap(([count, word]) => (count > 0 ? [`${count} ${word}`] : []));
  const so = found.length === 0 ? "none has started" : found.join(", ");
  return new NotFoundError(
    `${table.job} has no ${runSets.totals.infeasible > 0 ? "feasible" : "completed"} run yet (${so})\n  to see its runs: nexus list runs ${table.job}${flags}`,
  );
}
