import type { RunTable } from "../run-table.ts";
import type { CompletedRun } from "./history.ts";

/** A job's completed runs in the order in which they completed. */
export function completedRuns(table: RunTable): CompletedRun[] {
  return table.completions.map((n) => {
    const trial = table.trial(n);
    if (!trial || trial.hpmax === null) throw new RangeError(`${table.job}: trial ${n} completed without hpmax`);
    return { run: trial.run, configuration: trial.configuration, hpmax: trial.hpmax };
  });
}
