import { counted } from "../../../shared/domain/counted.ts";
import type { InUse } from "../../../shared/domain/fitting.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import type { Reign } from "../reign/reign.ts";
import { heldBy } from "./quotas.ts";

/** Open runs that each run earns a worker that it has ended. */
const earnedByEnd = 2;

/**
 * Why a worker gets no more of a job for now: it holds as many runs as its quota has, and ended few; undefined if it may have more.
 *
 * A worker says itself how many slots it has, so one that ends nothing could hold all runs of a job for good. Beyond the quota it
 * needs runs that it has ended, or runs enough for others: half of what the job has still to start. So a machine of 256 slots
 * begins with 256 runs where many are to come, and one that is the only worker is never held back.
 */
export function whyEnough(reign: Reign, table: RunTable, worker: WorkerId, taken: InUse): string | undefined {
  const { openRuns } = reign.quotas.limits;
  // A run takes at least one slot: without so many taken, nothing needs to be counted.
  if (taken.cores < openRuns) return undefined;
  const held = heldBy(reign, worker);
  const { completed = 0, failed = 0 } = reign.state.workers.get(worker) ?? {};
  const ended = completed + failed;
  const left = table.submitted.settings.totalRuns - table.ended - table.open;
  if (held < Math.max(openRuns + earnedByEnd * ended, left / 2) || !hasOthers(reign.state, worker)) return undefined;
  reign.quotas.full.add(worker);
  return (
    `${worker} holds ${counted(held, "run")} and has ended ${ended}: more of ${table.job} are kept for others; ` +
    `each run that it ends earns it ${earnedByEnd} (quota runs=${openRuns})`
  );
}

/** A run of the worker has ended: it asks again, if it was given no more because it held enough. */
export function askAgain({ quotas, ports, term }: Reign, worker: WorkerId): void {
  if (quotas.full.delete(worker)) ports.tell(worker, { kind: "work", term });
}

function hasOthers({ workers }: WorkspaceState, worker: WorkerId): boolean {
  for (const { id, state } of workers.values()) if (id !== worker && state === "admitted") return true;
  return false;
}
