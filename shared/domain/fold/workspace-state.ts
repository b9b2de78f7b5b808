import { piecedBundles } from "../code-bundle.ts";
import type { JobName, WorkerId } from "../names.ts";
import { parseJobName } from "../names.ts";
import { ClaimRing } from "./claim-ring.ts";
import {
  type Actor,
  actorOf,
  type CheckpointLost,
  type JobChanged,
  type JobDeleted,
  type JobEdited,
  type JobStateName,
  type JournalEvent,
  type WorkerChanged,
  type WorkerDuty,
  type WorkerStanding,
} from "./events.ts";
import { FoldError } from "./fold-error.ts";
import { type InviteRecord, invited, inviteEnded } from "./invites.ts";
import { pauseCauseOf } from "./job-state.ts";
import { orderRuns } from "./ordered-runs.ts";
import { keepPrediction } from "./predicted-ends.ts";
import { type DeletedJob, deletedJob, foldPurge, noPurges, type Purges } from "./purges.ts";
import { retire } from "./retired-boots.ts";
import { RunTable } from "./run-table.ts";
import { isOpen } from "./trial.ts";

/** Maximum number of latest failures in a row that a worker's record names. */
const failuresKept = 64;

export interface WorkerRecord {
  readonly id: WorkerId;
  publicKey: string;
  host: string;
  /** The invitation that it came by; "" if it joined before there were any. */
  invite: string;
  /** Pools that it may serve, whatever it says; empty: all. */
  pools: readonly string[];
  state: WorkerStanding;
  /** Why the worker is in its state, and who put it there; "" and null at first. */
  reason: string;
  stateBy: string;
  stateActor: Actor | null;
  /** Whether the broker lets it in no more, until it is admitted. */
  isCutOff: boolean;
  duty: WorkerDuty;
  /** Who ordered its duty; "" while it works. */
  dutyReason: string;
  /** The process that claimed last, and the newest of those it replaced. */
  bootId: string;
  readonly retiredBoots: Set<string>;
  readonly claims: ClaimRing;
  /** Its results, without those that were rejected. */
  completed: number;
  rejected: number;
  failed: number;
  /** Its messages that were named as set aside: `mostNamed` at most. */
  setAside: number;
  failuresInRow: number;
  /** The trials that failed in a row, oldest first. */
  failureRow: { readonly job: JobName; readonly n: number; readonly attempt: number }[];
}

/** The journal, folded. Two folds of the same journal are equal on every machine. */
export interface WorkspaceState {
  /** Sequence of the last journal message that was folded, set by the reader of the journal; 0 before the first. */
  seq: number;
  term: number;
  leader: string;
  nextJob: number;
  nextRun: number;
  /** Highest EV sequence that a decision cites: all evidence up to it has been judged. */
  evidenceSeq: number;
  readonly jobs: Map<JobName, RunTable>;
  /** Jobs that were deleted: nothing else is known of them. */
  readonly deleted: Map<JobName, DeletedJob>;
  readonly workers: Map<WorkerId, WorkerRecord>;
  /** Those that are open, and the last ones that are over, in the order in which they were made. */
  readonly invites: Map<string, InviteRecord>;
  /** Request id of an operator's order -> the answer. */
  readonly orders: Map<string, string>;
  readonly purges: Purges;
}

export function emptyWorkspace(): WorkspaceState {
  return {
    seq: 0,
    term: 0,
    leader: "",
    nextJob: 1,
    nextRun: 1,
    evidenceSeq: 0,
    jobs: new Map(),
    deleted: new Map(),
    workers: new Map(),
    invites: new Map(),
    orders: new Map(),
    purges: noPurges(),
  };
}

/**
 * Folds one record into the state, in place (a copy for each of a million records would take hours), and returns the state. The
 * result depends only on state and record.
 *
 * @throws FoldError if the record cannot follow from the state
 */
export function apply(state: WorkspaceState, event: JournalEvent): WorkspaceState {
  switch (event.type) {
    case "led":
      if (event.term <= state.term) throw new FoldError(`term ${event.term} follows term ${state.term}`);
      state.term = event.term;
      state.leader = event.leader;
      break;
    case "job": {
      if (state.jobs.has(event.job) || state.deleted.has(event.job))
        throw new FoldError(`${event.job} was submitted twice`);
      state.jobs.set(event.job, new RunTable(event));
      state.nextJob = Math.max(state.nextJob, (parseJobName(event.job)?.number ?? 0) + 1);
      state.nextRun = Math.max(state.nextRun, event.firstParent + event.parents);
      break;
    }
    case "job-state":
      becomes(tableOf(state, event.job), event, event.state, event.reason);
      break;
    case "job-edited": {
      const table = tableOf(state, event.job);
      table.editedBy(event);
      if (event.opens !== undefined) becomes(table, event, "searching", event.opens);
      break;
    }
    case "job-deleted":
      deleteJob(state, event);
      break;
    case "range-refined":
      tableOf(state, event.job).refinedBy(event);
      break;
    case "runs-ordered":
      orderRuns(tableOf(state, event.job), event);
      break;
    case "results-judged":
      for (const [id, more] of tableOf(state, event.job).judged(event)) {
        const worker = state.workers.get(id);
        if (!worker) continue;
        worker.completed += more;
        worker.rejected -= more;
      }
      break;
    case "learned":
      tableOf(state, event.job).model.learned = { beliefs: event.beliefs, results: event.results };
      break;
    case "assigned": {
      const table = tableOf(state, event.job);
      state.nextRun = Math.max(state.nextRun, table.assigned(event) + 1);
      const worker = workerOf(state, event.worker);
      if (worker.bootId !== event.bootId) {
        if (worker.bootId !== "") retire(worker.retiredBoots, worker.bootId);
        worker.bootId = event.bootId;
      }
      worker.claims.set(event.claimId, table.job, event.n, event.attempt);
      break;
    }
    case "completed": {
      tableOf(state, event.job).completed(event);
      const worker = state.workers.get(event.worker);
      // An earlier holder may have been forgotten meanwhile.
      if (!worker) break;
      worker.completed += 1;
      worker.failuresInRow = 0;
      if (worker.failureRow.length > 0) worker.failureRow = [];
      break;
    }
    case "ended": {
      const table = tableOf(state, event.job);
      table.endedWithout(event);
      keepPrediction(table, event);
      const worker = state.workers.get(event.worker);
      if (worker && event.outcome === "failed") {
        worker.failed += 1;
        worker.failuresInRow += 1;
        worker.failureRow.push({ job: event.job, n: event.n, attempt: event.attempt });
        if (worker.failureRow.length > failuresKept) worker.failureRow.shift();
      }
      break;
    }
    case "reopened": {
      tableOf(state, event.job).reopenedBy(event);
      const worker = state.workers.get(event.worker);
      if (worker) worker.failureRow = worker.failureRow.filter(({ job, n }) => job !== event.job || n !== event.n);
      break;
    }
    case "lost":
      tableOf(state, event.job).lostBy(event);
      break;
    case "checkpoint":
      tableOf(state, event.job).checkpointed(event);
      break;
    case "checkpoint-lost":
      checkpointLost(tableOf(state, event.job), event);
      break;
    case "late":
      tableOf(state, event.job).lateBy(event);
      break;
    case "set-aside":
      workerOf(state, event.worker).setAside += 1;
      break;
    case "invited":
      invited(state.invites, event);
      break;
    case "invite-ended":
      inviteEnded(state.invites, event);
      break;
    case "worker-enrolled": {
      const worker = workerOf(state, event.worker);
      // A new worker is admitted; enrolling again does not lift a bench.
      worker.publicKey = event.publicKey;
      worker.host = event.host;
      worker.invite = event.invite ?? "";
      worker.pools = event.targets ?? [];
      const invite = state.invites.get(worker.invite);
      if (invite) invite.used += 1;
      break;
    }
    case "worker-state":
      changeWorker(state, event);
      break;
    case "worker-forgotten":
      state.workers.delete(event.worker);
      break;
    case "worker-purged":
      foldPurge(state.purges, event);
      break;
    default: {
      const never: never = event;
      const { type } = never as { type: unknown };
      throw new FoldError(
        `a record of unknown type ${JSON.stringify(type)}; if a newer nexus-swarm wrote it, install that one here too`,
      );
    }
  }
  if ("ev" in event && event.ev > state.evidenceSeq) state.evidenceSeq = event.ev;
  if ("op" in event && event.op !== "") state.orders.set(event.op, subjectOf(event));
  return state;
}

function becomes(table: RunTable, order: JobChanged | JobEdited, to: JobStateName, reason: string): void {
  table.state = to;
  table.reason = reason;
  table.stateBy = order.by;
  table.stateActor = actorOf(order);
  table.pauseCause = pauseCauseOf(table, order.type === "job-state" ? order.cause : undefined);
  table.pauseWords = order.type === "job-state" ? (order.told ?? null) : null;
  if (to === "completed" || to === "cancelled") table.endedAt = order.at;
  // Who lets a search go on gives it as many failures again.
  if (to === "searching") {
    table.failingRow.clear();
    table.endedAt = null; // an edit may have given more runs to one that had ended
  }
}

/** A checkpoint was not carried, or cannot be read: then the run begins afresh, and checkpoints that are not as far count again. */
function checkpointLost(table: RunTable, { n, attempt, what, reason }: CheckpointLost): void {
  const trial = table.trials.forFold(n);
  if (!trial || !isOpen(trial) || !trial.attempts.some((part) => part.attempt === attempt))
    throw new FoldError(`"checkpoint-lost" of attempt ${attempt} cannot follow for ${table.job} trial ${n}`);
  if (what === "unsaved") trial.unsaved = reason;
  else trial.checkpoint = null;
}

/** A job goes when its deletion begins; what workers have done stays with them. */
function deleteJob({ jobs, deleted, workers, purges }: WorkspaceState, event: JobDeleted): void {
  const table = jobs.get(event.job);
  if (event.messages !== null) {
    if (!deleted.has(event.job)) throw new FoldError(`the deletion of ${event.job} ended, and had not begun`);
    foldPurge(purges, event);
    return;
  }
  if (!table) throw new FoldError(`${event.job} was deleted, and is not there`);
  deleted.set(event.job, deletedJob(table, event));
  jobs.delete(event.job);
  for (const worker of workers.values()) {
    if (worker.failureRow.length > 0) worker.failureRow = worker.failureRow.filter(({ job }) => job !== event.job);
  }
  foldPurge(purges, event, piecedBundles(table.submitted));
}

/** What an order is about, which is its answer. */
function subjectOf(event: Extract<JournalEvent, { readonly op: string }>): string {
  if ("job" in event) return event.job;
  return "worker" in event ? event.worker : event.invite;
}

function changeWorker(state: WorkspaceState, event: WorkerChanged): void {
  const worker = workerOf(state, event.worker);
  switch (event.state) {
    case "working":
    case "paused":
    case "draining":
    case "stopped":
      worker.duty = event.state;
      worker.dutyReason = event.state === "working" ? "" : event.reason;
      break;
    case "admitted":
      worker.failuresInRow = 0;
      worker.failureRow = [];
      setStanding(worker, event.state, event);
      break;
    case "benched":
    case "revoked":
      setStanding(worker, event.state, event);
      break;
    default: {
      const never: never = event.state;
      throw new FoldError(`a worker is never ${String(never)}`);
    }
  }
}

function setStanding(worker: WorkerRecord, state: WorkerStanding, event: WorkerChanged): void {
  worker.state = state;
  worker.reason = event.reason;
  worker.stateBy = event.by;
  worker.stateActor = actorOf(event);
  worker.isCutOff = event.cutOff === true;
}

function tableOf(state: WorkspaceState, job: JobName): RunTable {
  const table = state.jobs.get(job);
  if (!table) throw new FoldError(`${job} was ${state.deleted.has(job) ? "deleted" : "never submitted"}`);
  return table;
}

/** The record of a worker; created at the first mention. */
export function workerOf(state: WorkspaceState, id: WorkerId): WorkerRecord {
  let worker = state.workers.get(id);
  if (!worker) {
    worker = {
      id,
      publicKey: "",
      host: "",
      invite: "",
      pools: [],
      state: "admitted",
      reason: "",
      stateBy: "",
      stateActor: null,
      isCutOff: false,
      duty: "working",
      dutyReason: "",
      bootId: "",
      retiredBoots: new Set(),
      claims: new ClaimRing(),
      completed: 0,
      rejected: 0,
      failed: 0,
      setAside: 0,
      failuresInRow: 0,
      failureRow: [],
    };
    state.workers.set(id, worker);
  }
  return worker;
}
