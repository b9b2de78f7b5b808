import { counted } from "../../../shared/domain/counted.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import { trustNeeded } from "../../../shared/domain/runspec/trust-needed.ts";
import type { Claim } from "../../../shared/wire/messages.ts";

/** What a worker says about the trials that it takes. */
export type WhatItTakes = Pick<Claim, "targets" | "opportunistic" | "slots" | "noCode">;

export const openJobs = ({ jobs }: WorkspaceState): RunTable[] => [...jobs.values()].filter((table) => !table.isOver);

/** Slots that a worker's runs of all jobs take: `cores_per_run` each. */
export const coresInUse = (open: readonly RunTable[], worker: WorkerId): number =>
  open.reduce((sum, table) => sum + (table.holding.get(worker) ?? 0) * table.submitted.settings.coresPerRun, 0);

/**
 * What keeps this worker from taking a trial of this job; null if nothing does.
 *
 * @param inUse  slots that its runs take already (`coresInUse`)
 */
export function obstacle(table: RunTable, worker: WorkerId, claim: WhatItTakes, inUse: number): string | null {
  const { computeTarget, computeNodes, runsPerNode, lowPriority, coresPerRun } = table.submitted.settings;
  const holds = table.holding.get(worker) ?? 0;
  if (computeTarget !== null && claim.targets.length > 0 && !claim.targets.includes(computeTarget)) {
    return `${table.job} is for the target "${computeTarget}", and ${worker} serves ${claim.targets.join(", ")}`;
  }
  const needed = claim.noCode ? trustNeeded(table.submitted) : null;
  if (needed !== null) return `${table.job} ${needed}, and ${worker} takes none (--no-code)`;
  if (!lowPriority && claim.opportunistic)
    return `${table.job} has low_priority: false, and ${worker} is opportunistic`;
  if (holds === 0 && computeNodes !== null && table.holding.size >= computeNodes) {
    return `${table.job} runs on its ${counted(computeNodes, "node")} already (compute_nodes)`;
  }
  // compute_nodes was lowered: the workers that came last get nothing more, and leave as their runs end.
  if (computeNodes !== null && table.holding.size > computeNodes && rankOf(table, worker) >= computeNodes) {
    return `${table.job} runs on more nodes than its ${computeNodes} (compute_nodes), and ${worker} came last`;
  }
  if (runsPerNode !== null && holds >= runsPerNode)
    return `${worker} has its ${counted(runsPerNode, "run")} of ${table.job} (runs_per_node)`;
  // A run that needs more slots than the worker has runs there alone.
  if (inUse > 0 && inUse + coresPerRun > claim.slots) {
    return `${worker} has ${claim.slots} slots, of which ${inUse} are taken, and a run of ${table.job} takes ${coresPerRun} (cores_per_run)`;
  }
  return null;
}

/** Why a worker gets nothing now, for people. */
export function whyNothing(state: WorkspaceState, worker: WorkerId, claim: WhatItTakes): string {
  const jobs = openJobs(state);
  if (jobs.length === 0) return "no job is open; start one: nexus run spec.yaml";
  const inUse = coresInUse(jobs, worker);
  return jobs
    .map((table) => {
      const why = obstacle(table, worker, claim, inUse);
      if (why !== null) return why;
      if (table.state !== "searching") return `${table.job} is ${table.state}: ${table.reason}`;
      const paused = table.paused.size > 0 ? `, ${table.paused.size} of them paused` : "";
      return `${table.job} has started all its ${table.submitted.settings.totalRuns} runs, ${table.open} still open${paused}`;
    })
    .slice(0, 5)
    .join("; ")
    .slice(0, 1000);
}

/** A worker's place among those that hold runs of the job, from 0, in the order in which they came. */
function rankOf(table: RunTable, worker: WorkerId): number {
  let rank = 0;
  for (const holder of table.holding.keys()) {
    if (holder === worker) break;
    rank += 1;
  }
  return rank;
}
