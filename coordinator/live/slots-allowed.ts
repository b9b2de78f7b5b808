import { obstacle } from "../../shared/domain/fitting.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import type { WorkspaceState } from "../../shared/domain/fold/workspace-state.ts";
import type { Status } from "../../shared/wire/messages.ts";
import { isSilent } from "../words/silence.ts";

const nothingTaken = { cores: 0, gpus: 0 };

/**
 * Slots that a job could have at once: those of connected workers that may take its runs, within `compute_nodes` and
 * `runs_per_node`. Other jobs may hold them at the moment.
 */
export function slotsAllowed(table: RunTable, { workers }: WorkspaceState, { workers: all, leaseMs }: Status): number {
  const { computeNodes, runsPerNode, coresPerRun } = table.submitted.settings;
  const open: { readonly isHolder: boolean; readonly slots: number }[] = [];
  for (const presence of all) {
    const { worker, slots, lending } = presence;
    const record = workers.get(worker);
    const held = table.holding.get(worker) ?? 0;
    if (!record || isSilent(record, { ...presence, leaseMs, held })) continue;
    const mayWork = record.state === "admitted" && record.duty === "working" && (!lending || lending === "open");
    if (held === 0 && (!mayWork || obstacle(table, worker, presence, nothingTaken) !== null)) continue;
    const most = runsPerNode === null ? slots : Math.min(slots, runsPerNode * coresPerRun);
    open.push({ isHolder: held > 0, slots: most });
  }
  // Those that hold its runs are among its nodes already.
  open.sort((a, b) => Number(b.isHolder) - Number(a.isHolder) || b.slots - a.slots);
  return open.slice(0, computeNodes ?? open.length).reduce((sum, { slots }) => sum + slots, 0);
}
