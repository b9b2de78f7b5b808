import { obstacle } from "../../../shared/domain/fitting.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import type { Reign } from "../reign/reign.ts";

const nothingTaken = { cores: 0, gpus: 0 };

/** Whether another worker is connected, lends, and takes runs of the job, now or when its own have ended. */
export function othersTake(reign: Reign, table: RunTable, worker: WorkerId): boolean {
  // A new leader has not heard all holders yet.
  for (const holder of table.holding.keys()) if (holder !== worker && !reign.presence.has(holder)) return true;
  const since = reign.ports.clock.monotonic() - 2 * reign.leaseMs;
  for (const [id, presence] of reign.presence) {
    const { heardAt, left = false, slots, lending } = presence;
    if (id === worker || left || heardAt < since || slots === 0 || lending.lending !== "open") continue;
    if (!mayWork(reign, id)) continue;
    if (table.holding.has(id) || obstacle(table, id, presence, nothingTaken) === null) return true;
  }
  return false;
}

/** Whether nobody has sent the worker away or told it to rest. */
export function mayWork({ state }: Reign, id: WorkerId): boolean {
  const record = state.workers.get(id);
  return !record || (record.state === "admitted" && record.duty === "working");
}
