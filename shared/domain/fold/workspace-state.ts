import { piecedBundles } from "../code-bundle.ts";
import type { JobName, WorkerId } from "../names.ts";
import { parseJobName } from "../names.ts";
import { ClaimRing } from "./claim-ring.ts";
import {
  type Actor,
  actorOf,
  type CheckpointLost,
  type CheckpointPlace,
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
import { isOpen, lastAttempt, type Trial } from "./trial.ts";

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
  /** Whether the broker refuses it until it is admitted again. */
  isCutOff: boolean;
  duty: WorkerDuty;
  /** Why it has its duty, such as `paused by ann`; "" while it works. */
  dutyReason: string;
  /** The process that claimed last, and the newest of those it replaced. */
  bootId: string;
  readonly retiredBoots: Set<string>;
  readonly claims: ClaimRing;
  /** Its results, without those that were rejected. */
  completed: number;
  rejected: number;
  failed: number;
  /** Its runs that have ended in any way, including those rejected or taken back since. */
  ended: number;
  /** Messages of it that the journal names as set aside: `mostNamed` at most. */
  setAside: number;
  failuresInRow: number;
  /** The trials that failed in a row, oldest first. */
  failureRow: FailedTrial[];
}

export interface FailedTrial {
  readonly job: JobName;
  readonly n: number;
  readonly attempt: number;
  /** The checkpoint that it had from another worker, in case that the failure is taken back. Left out: none. */
  readonly checkpoint?: CheckpointPlace;
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
  /** What is still known of deleted jobs. */
  readonly deleted: Map<JobName, DeletedJob>;
  readonly workers: Map<WorkerId, WorkerRecord>;
  /** Open invitations, and the last ones that are over, in the order in which they were made. */
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
  const { type } = event;
  if (!Object.hasOwn(folds, type)) {
    const what = `a record of unknown type ${JSON.stringify(type)}`;
    throw new FoldError(`${what}; if a newer nexus-swarm wrote it, install that one here too`);
  }
  (folds[type] as (state: WorkspaceState, event: JournalEvent) => void)(state, event); // the table has each under its type
  if ("ev" in event && event.ev > state.evidenceSeq) state.evidenceSeq = event.ev;
  if ("op" in event && event.op !== "") state.orders.set(event.op, subjectOf(event));
  return state;
}

type Fold<Type> = (state: WorkspaceState, event: Extract<JournalEvent, { readonly type: Type }>) => void;

/** What a record changes, by its type. */
const folds: { readonly [Type in JournalEvent["type"]]: Fold<Type> } = {
  led(state, { term, leader }) {
    if (term <= state.term) throw new FoldError(`term ${term} follows term ${state.term}`);
    state.term = term;
    state.leader = leader;
  },
  job(state, event) {
    const { job, firstParent, parents } = event;
    if (state.jobs.has(job) || state.deleted.has(job)) throw new FoldError(`${job} was submitted twice`);
    state.jobs.set(job, new RunTable(event));
    state.nextJob = Math.max(state.nextJob, (parseJobName(job)?.number ?? 0) + 1);
    state.nextRun = Math.max(state.nextRun, firstParent + parents);
  },
  "job-state"(state, event) {
    const table = tableOf(state, event.job);
    becomes(table, event, event.state, event.reason);
    if (table.isOver) forgetCheckpoints(state, event.job);
  },
  "job-edited"(state, event) {
    const table = tableOf(state, event.job);
    table.editedBy(event);
    if (event.opens !== undefined) becomes(table, event, "searching", event.opens);
  },
  "job-deleted": deleteJob,
  "range-refined": (state, event) => tableOf(state, event.job).refinedBy(event),
  "runs-ordered": (state, event) => orderRuns(tableOf(state, event.job), event),
  "results-judged"(state, event) {
    for (const [id, more] of tableOf(state, event.job).judged(event)) {
      const worker = state.workers.get(id);
      if (!worker) continue;
      worker.completed += more;
      worker.rejected -= more;
    }
  },
  learned(state, { job, beliefs, results }) {
    tableOf(state, job).model.learned = { beliefs, results };
  },
  assigned(state, event) {
    const table = tableOf(state, event.job);
    state.nextRun = Math.max(state.nextRun, table.assigned(event) + 1);
    const worker = workerOf(state, event.worker);
    if (worker.bootId !== event.bootId) {
      if (worker.bootId !== "") retire(worker.retiredBoots, worker.bootId);
      worker.bootId = event.bootId;
    }
    worker.claims.set(event.claimId, table.job, event.n, event.attempt);
  },
  completed(state, event) {
    tableOf(state, event.job).completed(event);
    const worker = state.workers.get(event.worker);
    // An earlier holder may have been forgotten meanwhile.
    if (!worker) return;
    worker.completed += 1;
    worker.ended += 1;
    worker.failuresInRow = 0;
    if (worker.failureRow.length > 0) worker.failureRow = [];
  },
  ended(state, event) {
    const table = tableOf(state, event.job);
    const checkpoint = table.trials.forFold(event.n)?.checkpoint;
    table.endedWithout(event);
    keepPrediction(table, event);
    const worker = state.workers.get(event.worker);
    if (!worker) return;
    worker.ended += 1;
    if (event.outcome !== "failed") return;
    worker.failed += 1;
    worker.failuresInRow += 1;
    const failed = { job: event.job, n: event.n, attempt: event.attempt };
    // A sick machine's own may be as bad as its failures.
    worker.failureRow.push(checkpoint && checkpoint.worker !== event.worker ? { ...failed, checkpoint } : failed);
    if (worker.failureRow.length > failuresKept) worker.failureRow.shift();
  },
  reopened(state, event) {
    markDistrust(tableOf(state, event.job).reopenedBy(event), state.workers);
    const worker = state.workers.get(event.worker);
    if (worker) worker.failureRow = worker.failureRow.filter(({ job, n }) => job !== event.job || n !== event.n);
  },
  lost: (state, event) => tableOf(state, event.job).lostBy(event),
  checkpoint: (state, event) => tableOf(state, event.job).checkpointed(event),
  "checkpoint-lost": (state, event) => checkpointLost(tableOf(state, event.job), event),
  late: (state, event) => tableOf(state, event.job).lateBy(event),
  "set-aside"(state, { worker }) {
    workerOf(state, worker).setAside += 1;
  },
  invited: (state, event) => invited(state.invites, event),
  "invite-ended": (state, event) => inviteEnded(state.invites, event),
  "worker-enrolled"(state, event) {
    const worker = workerOf(state, event.worker);
    // A new worker is admitted; enrolling again does not lift a bench.
    worker.publicKey = event.publicKey;
    worker.host = event.host;
    worker.invite = event.invite ?? "";
    worker.pools = event.targets ?? [];
    const invite = state.invites.get(worker.invite);
    if (invite) invite.used += 1;
  },
  "worker-state": changeWorker,
  "worker-forgotten"(state, { worker }) {
    state.workers.delete(worker);
  },
  "worker-purged": (state, event) => foldPurge(state.purges, event),
};

function becomes(table: RunTable, order: JobChanged | JobEdited, to: JobStateName, reason: string): void {
  table.state = to;
  table.reason = reason;
  table.stateBy = order.by;
  table.stateActor = actorOf(order);
  table.pauseCause = pauseCauseOf(table, order.type === "job-state" ? order.cause : undefined);
  table.pauseWords = order.type === "job-state" ? (order.told ?? null) : null;
  if (to === "completed" || to === "cancelled") table.endedAt = order.at;
  // Resuming a search allows it as many failures again.
  if (to === "searching") {
    table.failingRow.clear();
    table.endedAt = null; // an edit may have given more runs to one that had ended
  }
}

/** A checkpoint was not stored; or it cannot be read, so the run begins afresh, and less advanced ones count again. */
function checkpointLost(table: RunTable, { n, attempt, what, reason }: CheckpointLost): void {
  const trial = table.trials.forFold(n);
  if (!trial || !isOpen(trial) || !trial.attempts.some((part) => part.attempt === attempt))
    throw new FoldError(`"checkpoint-lost" of attempt ${attempt} cannot follow for ${table.job} trial ${n}`);
  if (what === "unsaved") trial.unsaved = reason;
  else trial.checkpoint = null;
}

/** The checkpoints of a job that is over are deleted: if it is opened again, no failure is taken back to one of them. */
function forgetCheckpoints({ workers }: WorkspaceState, over: JobName): void {
  for (const worker of workers.values()) {
    if (worker.failureRow.length === 0) continue;
    worker.failureRow = worker.failureRow.map(({ checkpoint, ...failed }) =>
      checkpoint && failed.job !== over ? { ...failed, checkpoint } : failed,
    );
  }
}

/** Where an open trial goes on, or one that has failed, if its failure may still be taken back; null: at the beginning. */
export function checkpointOf({ jobs, workers }: WorkspaceState, job: JobName, n: number): CheckpointPlace | null {
  const table = jobs.get(job);
  const trial = table?.trials.glance(n);
  // Once the job is over, what a snapshot of an earlier build still names is deleted.
  if (!table || trial?.status !== "failed" || table.isOver) return trial?.checkpoint ?? null;
  const failedOn = workers.get(table.failedOn.get(n) ?? lastAttempt(trial).worker);
  return failedOn?.failureRow.find((failed) => failed.job === job && failed.n === n)?.checkpoint ?? null;
}

/** Removes a job when its deletion begins; the workers' counts of its runs stay. */
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
      markOpen(state);
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

/**
 * Whether a person or a quota has sent the worker away. A worker that was benched because its runs failed may still end
 * what it has begun: its results are as good as before.
 */
export const isSentAway = ({ state, stateActor, isCutOff }: WorkerRecord): boolean =>
  state === "revoked" || (state === "benched" && (isCutOff || stateActor !== "coordinator"));

/** Marks the attempts of workers that are benched or revoked now. */
function markDistrust({ attempts }: Trial, workers: WorkspaceState["workers"]): void {
  for (const part of attempts) {
    const worker = workers.get(part.worker);
    if (!worker || worker.state === "admitted" || part.distrust === "sent away") continue;
    part.distrust = isSentAway(worker) ? "sent away" : "sick";
  }
}

/** Marks the attempts of these workers in all open trials. */
export function markOpen({ jobs, workers }: Pick<WorkspaceState, "jobs" | "workers">): void {
  for (const { trials, open } of jobs.values()) {
    if (open > 0) for (const trial of trials.glanceOpen()) markDistrust(trial, workers);
  }
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
      ended: 0,
      setAside: 0,
      failuresInRow: 0,
      failureRow: [],
    };
    state.workers.set(id, worker);
  }
  return worker;
}
