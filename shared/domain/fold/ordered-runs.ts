import type { RunsOrdered } from "./events.ts";
import type { RunTable } from "./run-table.ts";
import { isOpen } from "./trial.ts";

/** Notes an order on the runs that are open. An end that follows from it is a record of its own. */
export function orderRuns(table: RunTable, { trials, order, by }: RunsOrdered): void {
  for (const n of trials) {
    const trial = table.trials.forFold(n);
    if (!trial || !isOpen(trial) || table.condemned.has(n)) continue;
    if (order === "pruned" || order === "cancelled") {
      trial.order = order;
      trial.reason = `${order === "pruned" ? "stopped" : "cancelled"} by ${by}`;
      table.paused.delete(n);
      table.condemned.add(n);
    } else {
      trial.order = order === "paused" ? "paused" : "";
      if (order === "paused") table.paused.add(n);
      else table.paused.delete(n);
    }
  }
}
