import type { Lost } from "../../../shared/domain/fold/events.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { isOpen, lastAttempt, type Trial } from "../../../shared/domain/fold/trial.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import type { Reign } from "../reign/reign.ts";
import { benchCause } from "./bench.ts";
import { requeueLeased } from "./requeue.ts";

/** Time that a stopped worker has to save its runs and hand them back, besides its grace; then they are taken from it. */
const handBackMs = 5000;
/** The grace of a worker that this leader has not heard: that of one which was started without `--grace`. */
const usualGraceMs = 10_000;

/** Carries out the orders in the journal: when one is recorded, and by the clock, in case a leader died in between. */
export function enforce(reign: Reign): void {
  for (const table of reign.state.jobs.values()) enforceOn(reign, table);
  for (const worker of reign.restrained) enforceOnWorker(reign, worker);
}

/** Takes from a worker the runs that it may no longer hold. */
export function enforceOnWorker(reign: Reign, id: WorkerId): void {
  const worker = reign.state.workers.get(id);
  if (worker?.state === "benched")
    takeAll(reign, id, { cause: benchCause(worker), reason: `${id} is benched: ${worker.reason}` });
  else if (worker?.state === "revoked")
    takeAll(reign, id, { cause: "ordered", reason: `${id} was revoked: ${worker.reason}` });
  else if (worker?.duty === "stopped") takeOverdue(reign, id, worker.dutyReason);
  else reign.restrained.delete(id);
}

/** Ends the runs of a job that are to end. */
export function enforceOn(reign: Reign, table: RunTable): void {
  if (table.state === "cancelling" && table.open > 0) {
    end(reign, table, [...table.trials.open()], "cancelled", () => `${table.job} was ${table.reason}`);
  }
  if (table.condemned.size === 0) return;
  const condemned = [...table.condemned].flatMap((n) => table.trial(n) ?? []);
  for (const outcome of ["pruned", "cancelled"] as const) {
    const trials = condemned.filter(({ order }) => order === outcome);
    end(reign, table, trials, outcome, ({ reason }) => reason);
  }
}

function end(
  reign: Reign,
  table: RunTable,
  trials: readonly Trial[],
  outcome: "pruned" | "cancelled",
  why: (trial: Trial) => string,
): void {
  const { job } = table;
  const holders = new Set<WorkerId>();
  for (const trial of trials) {
    // The end before it may have stopped the job, and that ended the others.
    if (!isOpen(trial)) continue;
    const { n } = trial;
    const { attempt, worker } = lastAttempt(trial);
    if (trial.status === "running") holders.add(worker);
    const prunedBy = outcome === "pruned" ? ({ prunedBy: "operator" } as const) : {};
    void reign.record({ type: "ended", job, n, attempt, worker, outcome, ...prunedBy, reason: why(trial), ev: 0 });
  }
  for (const worker of holders) reign.tellToRenew(worker);
}

/** Takes all its runs from a worker, uncharged; the next free slots elsewhere get them. */
export function takeAll(reign: Reign, worker: WorkerId, how: Pick<Lost, "cause" | "reason">): void {
  if (![...reign.state.jobs.values()].some((table) => table.holding.has(worker))) return;
  const taken = reign.leases
    .heldBy(worker)
    .filter((lease) => requeueLeased(reign, lease, () => ({ ...how, charged: false })));
  if (taken.length > 0) reign.tellToRenew(worker);
}

function takeOverdue(reign: Reign, worker: WorkerId, reason: string): void {
  const now = reign.ports.clock.monotonic();
  const since = reign.stoppedSince.get(worker) ?? now;
  reign.stoppedSince.set(worker, since);
  const { graceMs = handBackMs } = reign.presence.get(worker) ?? { graceMs: usualGraceMs };
  if (now - since >= graceMs + handBackMs)
    takeAll(reign, worker, { cause: "ordered", reason: `${worker} was ${reason}` });
}
