import { type LossCause, ownDecision } from "../../../shared/domain/fold/events.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { WorkerRecord } from "../../../shared/domain/fold/workspace-state.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import { failuresBeforeBench, type Reign } from "../reign/reign.ts";

/** After a failure: before the job may end because of it. */
export function benchIfSick(reign: Reign, worker: WorkerId, table: RunTable): void {
  const record = reign.state.workers.get(worker);
  if (record?.state !== "admitted" || record.failuresInRow < failuresBeforeBench) return;
  // In the same job: a job whose own code fails must not bench the whole swarm.
  if (!othersSucceed(table, worker)) {
    reign.failing.add(worker);
    return;
  }
  const reason = `its last ${record.failuresInRow} runs failed while others succeed`;
  void reign.record({ type: "worker-state", worker, state: "benched", reason, ...ownDecision });
}

/**
 * After a completion, before the job may end with it: what fails within seconds, on a full disk say, has failed
 * often before another machine completes the first run, and only that one shows whose fault it was.
 */
export function benchWhoFailed(reign: Reign, table: RunTable): void {
  for (const worker of [...reign.failing]) {
    const record = reign.state.workers.get(worker);
    if (record?.state !== "admitted" || record.failuresInRow < failuresBeforeBench) reign.failing.delete(worker);
    else if (record.failureRow.at(-1)?.job === table.job) benchIfSick(reign, worker, table);
  }
}

/** Takes back the failures that brought a worker onto the bench, so that other machines try those trials anew. */
export function takeFailuresBack(reign: Reign, worker: WorkerId, reason: string): void {
  const record = reign.state.workers.get(worker);
  reign.ports.log.warn({ worker, by: record?.stateBy }, `benched: ${reason}`);
  for (const { job, n, attempt } of [...(record?.failureRow ?? [])]) {
    const table = reign.state.jobs.get(job);
    if (!table || table.isOver || table.state === "cancelling" || !othersSucceed(table, worker)) continue;
    if (table.trial(n)?.status !== "failed") continue;
    void reign.record({ type: "reopened", job, n, attempt, worker, reason: `${worker} is benched: ${reason}` });
  }
}

/** Why a benched worker loses what it holds: it is sick, or a person wanted it. */
export const benchCause = ({ stateActor }: WorkerRecord): LossCause =>
  stateActor === "coordinator" ? "sick" : "benched";

const othersSucceed = (table: RunTable, worker: WorkerId): boolean =>
  table.outcomes.completed > (table.completedBy.get(worker) ?? 0);
