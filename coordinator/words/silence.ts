import type { WorkerRecord, WorkspaceState } from "../../shared/domain/fold/workspace-state.ts";
import type { WorkerId } from "../../shared/domain/names.ts";

// A worker asks every 22 s if idle, 30 s if refused, give or take a quarter (worker/node/slots.ts); the rest is travel time.
const idleAskMs = 29_000;
const refusedAskMs = 39_000;

/**
 * Whether a worker has been silent for longer than a lease, after which its runs are lost; without runs, also for
 * longer than the interval at which it asks.
 *
 * @param left  whether it said that it ends; without runs it then counts as silent at once
 * @param held  runs that it holds; a worker with runs renews their leases several times a lease
 */
export function isSilent(
  { state, duty }: Pick<WorkerRecord, "state" | "duty">,
  {
    silentMs,
    leaseMs,
    held,
    left = null,
  }: {
    readonly silentMs: number;
    readonly leaseMs: number;
    readonly held: number;
    readonly left?: boolean | null;
  },
): boolean {
  if (left && held === 0) return true;
  const askMs = held > 0 ? 0 : state === "admitted" && duty === "working" ? idleAskMs : refusedAskMs;
  return silentMs > Math.max(leaseMs, askMs);
}

/**
 * Whether a worker with runs has missed two renewals, which come at a third of a lease. It may have ended or be cut
 * off; nobody knows which before the leases end.
 */
export const isOverdue = (silentMs: number | undefined, leaseMs: number | undefined): boolean =>
  silentMs !== undefined && leaseMs !== undefined && silentMs > (2 / 3) * leaseMs;

/** Trials that each worker holds, over all jobs. */
export function heldByWorker(state: WorkspaceState): Map<WorkerId, number> {
  const held = new Map<WorkerId, number>();
  for (const table of state.jobs.values()) {
    for (const [worker, count] of table.holding) held.set(worker, (held.get(worker) ?? 0) + count);
  }
  return held;
}
