import type { ParentRun, RunTable } from "../../shared/domain/run-table.ts";
import type { TrialStatus } from "../../shared/domain/trial.ts";

/** Every word that the status column may hold. */
export const statusWords = [
  "allocating",
  "queued",
  "running",
  "completed",
  "error",
  "timed out",
  "pruned",
  "cancelled",
] as const;
export type StatusWord = (typeof statusWords)[number];

export function childStatus(status: TrialStatus): StatusWord {
  switch (status) {
    case "waiting":
      return "queued";
    case "failed":
      return "error";
    case "running":
    case "completed":
    case "timed out":
    case "pruned":
    case "cancelled":
      return status;
    default: {
      const never: never = status;
      return never;
    }
  }
}

/**
 * A parent run is a worker's part in a job: allocating until a worker has come, running while it holds a run, queued while
 * it may get another one, cancelled when the job ended before a worker came.
 */
export function parentStatus(table: RunTable, parent: ParentRun): StatusWord {
  if (parent.worker === null) return table.isOver ? "cancelled" : "allocating";
  if ((table.holding.get(parent.worker) ?? 0) > 0) return "running";
  if (table.state === "cancelled") return "cancelled";
  const mayGetMore = table.hasRoom || table.waiting.size > 0;
  return mayGetMore && !table.isOver ? "queued" : "completed";
}
