import { counted } from "../../../shared/domain/counted.ts";
import type { InUse } from "../../../shared/domain/fitting.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { JobName, WorkerId } from "../../../shared/domain/names.ts";
import type { Reign } from "../reign/reign.ts";
import { othersTake } from "./others.ts";
import { heldBy } from "./quotas.ts";

/** Further open runs that a worker earns with each run that it has ended. */
const earnedByEnd = 2;
/** Jobs that are named to a worker that has enough of them. */
const mostNamed = 3;

/**
 * Whether a worker gets no more of a job for now: it holds as many runs as its quota allows, and has ended few.
 *
 * A worker says itself how many slots it has, so one that ends nothing could hold all runs of a job for good. Beyond the quota it
 * needs runs that it has ended, or runs enough for others: half of what the job has still to give out, runs that wait for a new
 * worker included. So a machine of 256 slots begins with 256 runs where many are to come, and one that is the only worker there is
 * never held back. Elsewhere the price is that an honest machine of many slots begins a short job with some of them idle.
 */
export function hasEnough(reign: Reign, table: RunTable, worker: WorkerId, taken: InUse): boolean {
  const { openRuns } = reign.quotas.limits;
  // A run takes at least one slot: without so many taken, nothing needs to be counted.
  if (taken.cores < openRuns) return false;
  const { submitted, ended, open, waiting, hasRoom } = table;
  if (!hasRoom && !table.nextWaiting()) return false;
  const left = waiting.size + (hasRoom ? submitted.settings.totalRuns - ended - open : 0);
  const most = Math.max(openRuns + earnedByEnd * endedBy(reign, worker), left / 2);
  if (heldBy(reign, worker) < most || !othersTake(reign, table, worker)) return false;
  reign.quotas.full.add(worker);
  return true;
}

/** In words, why a worker gets no more of these jobs. */
export function enoughText(reign: Reign, worker: WorkerId, jobs: readonly JobName[]): string {
  const named = jobs.length > mostNamed ? `${jobs.length} jobs` : jobs.join(", ");
  return (
    `${worker} holds ${counted(heldBy(reign, worker), "run")} and has ended ${endedBy(reign, worker)}: ` +
    `more of ${named} are kept for others; ` +
    `each run that it ends earns it ${earnedByEnd} (quota runs=${reign.quotas.limits.openRuns})`
  );
}

const endedBy = ({ state }: Reign, worker: WorkerId): number => state.workers.get(worker)?.ended ?? 0;

/** A run of the worker has ended: it asks again, if it was given no more because it held enough. */
export function askAgain({ quotas, ports, term }: Reign, worker: WorkerId): void {
  if (quotas.full.delete(worker)) ports.tell(worker, { kind: "work", term });
}
