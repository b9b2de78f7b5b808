import { type LossCause, ownDecision } from "../../../shared/domain/fold/events.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { Trial } from "../../../shared/domain/fold/trial.ts";
import type { WorkerRecord } from "../../../shared/domain/fold/workspace-state.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import { failuresBeforeBench, type Reign } from "../reign/reign.ts";
import { goOnIfMachineFailed } from "./job-end.ts";

/**
 * Sick machines: a worker is benched until `nexus admit` if three runs in a row failed on it, or more where runs of the
 * job often fail, while another worker has completed runs of the same job. The search handles bad settings: it excludes
 * a configuration that failed three times and on two workers. Every ended run counts in DGD's weights; only completed
 * runs count in means. A run that came from a benched worker and fails again is itself at fault, so bad settings do not
 * bench one worker after another.
 */

/** Failures in a row that bad settings explain by chance less often than this are the machine's. */
const unlikely = 2e-4;
/** The least share of runs that may fail by their settings, even where nothing else has failed. */
const leastShare = 0.05;

/** Asked after each failure. */
export function benchIfSick(reign: Reign, worker: WorkerId, table: RunTable): void {
  const record = reign.state.workers.get(worker);
  if (record?.state !== "admitted" || record.failuresInRow < failuresBeforeBench) return;
  const own = record.failureRow.filter(({ job, n }) => !failedElsewhere(reign.state.jobs.get(job)?.trial(n), worker));
  if (own.length < failuresBeforeBench || shareOfFailures(table, own.length) ** own.length > unlikely) return;
  // Others must succeed in the same job: a job whose own code fails must not bench the whole swarm.
  if (!othersSucceed(table, worker)) {
    reign.failing.add(worker);
    return;
  }
  const reason = `its last ${record.failuresInRow} runs failed while others succeed`;
  void reign.record({ type: "worker-state", worker, state: "benched", reason, ...ownDecision });
}

/**
 * Asked after each completion: a machine that fails within seconds, for example on a full disk, has failed often before another
 * one completes the first run, and only that completion shows that the machine was at fault.
 */
export function benchWhoFailed(reign: Reign, table: RunTable): void {
  for (const worker of [...reign.failing]) {
    const record = reign.state.workers.get(worker);
    if (record?.state === "benched") {
      if (record.failureRow.some(({ job }) => job === table.job)) takeBack(reign, record);
    } else if (record?.state !== "admitted" || record.failuresInRow < failuresBeforeBench) reign.failing.delete(worker);
    else if (record.failureRow.at(-1)?.job === table.job) benchIfSick(reign, worker, table);
  }
}

/** Follows when a worker is benched. */
export function takeFailuresBack(reign: Reign, worker: WorkerId, reason: string): void {
  const record = reign.state.workers.get(worker);
  reign.ports.log.warn({ worker, by: record?.stateBy }, `benched: ${reason}`);
  if (record) takeBack(reign, record);
}

/**
 * Takes back the failures of a benched worker: other machines try those trials again, from the checkpoints that others had made.
 * Failures in a job of which no other worker has completed a run yet wait for that: the job itself may be at fault.
 */
function takeBack(reign: Reign, { id: worker, reason, failureRow }: WorkerRecord): void {
  let isWaiting = false;
  const concerned = new Set<RunTable>();
  for (const { job, n, attempt, checkpoint } of [...failureRow]) {
    const table = reign.state.jobs.get(job);
    if (!table || table.isOver || table.state === "cancelling" || table.trial(n)?.status !== "failed") continue;
    if (!othersSucceed(table, worker)) {
      isWaiting = true;
      continue;
    }
    void reign.record({ type: "reopened", job, n, attempt, worker, reason: `${worker} is benched: ${reason}` });
    if (checkpoint) void reign.record({ type: "checkpoint", job, n, ...checkpoint, ev: 0 });
    concerned.add(table);
  }
  if (isWaiting) reign.failing.add(worker);
  else reign.failing.delete(worker);
  for (const table of concerned) goOnIfMachineFailed(reign, table, `${worker} is benched`);
}

/** Why a benched worker loses its runs: it is sick, or a person benched it. */
export const benchCause = ({ stateActor }: WorkerRecord): LossCause =>
  stateActor === "coordinator" ? "sick" : "benched";

/** Whether another worker's failure of this run was taken back: then it has failed on both. */
const failedElsewhere = (trial: Trial | undefined, here: WorkerId): boolean =>
  trial?.attempts.some(({ worker, end, cause }) => worker !== here && end !== "" && cause === null) === true;

/** The share of the job's other runs that failed: three in a row say little where every third fails anyway. */
function shareOfFailures({ outcomes }: RunTable, own: number): number {
  const failed = Math.max(0, outcomes.failed - own);
  return Math.max(leastShare, failed / Math.max(1, failed + outcomes.completed));
}

const othersSucceed = (table: RunTable, worker: WorkerId): boolean =>
  table.outcomes.completed > (table.completedBy.get(worker) ?? 0);
