import type { Reign } from "../reign/reign.ts";
import { begin, type Deletion } from "./carry-out-purge.ts";
import { jobDeletion } from "./delete-job.ts";
import { workerPurge } from "./purge-worker.ts";

/** Goes on with what an earlier leader began to delete, and with what failed. Called by the clock. */
export function resumePurges(reign: Reign): void {
  const { open, deleting } = reign.state.purges;
  if (open.length + deleting.length === 0) return;
  const { purger, log } = reign.ports;
  if (!purger) return;
  for (const each of [...open.map(workerPurge), ...deleting.map(jobDeletion)] satisfies Deletion[]) {
    if (reign.purges.of(each.name)) continue;
    begin(reign, purger, each).catch((error: unknown) => {
      log.warn(`what ${each.name} had stored is not deleted yet: ${String(error)}`);
    });
  }
}
