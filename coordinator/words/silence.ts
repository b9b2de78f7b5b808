import type { WorkerRecord, WorkspaceState } from "../../shared/domain/fold/workspace-state.ts";
import type { WorkerId } from "../../shared/domain/names.ts";

/** An idle worker asks for work every 15 s, one that is refused every 30 s, give or take a quarter (worker/node/node.ts); the rest is the way. */
const idleAskMs = 20_000;
const refusedAskMs = 39_000;

/**
 * Whether a worker was not heard for so long that nobody counts upon it: for a lease, after which what it held is lost. Where leases
 * are shorter than the pauses in which a worker without runs asks, for such a pause.
 *
 * @param held  runs that it holds: whoever has one renews its lease several times in it
 */
export function isSilent(
  { state, duty }: Pick<WorkerRecord, "state" | "duty">,
  { silentMs, leaseMs, held }: { readonly silentMs: number; readonly leaseMs: number; readonly held: number },
): boolean {
  const askMs = held > 0 ? 0 : state === "admitted" && duty === "working" ? idleAskMs : refusedAskMs;
  return silentMs > Math.max(leaseMs, askMs);
}

/** Trials that each worker holds, over all jobs. */
export function heldBy(state: WorkspaceState): Map<WorkerId, number> {
  const held = new Map<WorkerId, number>();
  for (const table of state.jobs.values()) {
    for (const [worker, count] of table.holding) held.set(worker, (held.get(worker) ?? 0) + count);
  }
  return held;
}
