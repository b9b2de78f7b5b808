import type { JobName, WorkerId } from "../names.ts";
import { ClaimRing, type SavedClaims } from "./claim-ring.ts";
import type { JobEdited, JobStateName, JobSubmitted } from "./events.ts";
import { type ParentRun, RunTable } from "./run-table.ts";
import type { SavedTrials } from "./trial-list.ts";
import { emptyWorkspace, type WorkerRecord, type WorkspaceState } from "./workspace-state.ts";

/** Raised with every change to what the fold keeps: a snapshot of another version is not used, and the journal folded whole. */
export const snapshotVersion = 4;

/** A job's table as plain data: what cannot be worked out from its trials. */
export interface SavedTable {
  readonly submitted: JobSubmitted;
  readonly edits: readonly JobEdited[];
  readonly state: JobStateName;
  readonly reason: string;
  readonly stateBy: string;
  readonly endedAt: number | null;
  readonly completions: Uint32Array<ArrayBuffer>;
  /** Of the run sets by number, one after the other. */
  readonly configurations: Uint32Array<ArrayBuffer>;
  /** How many there are. */
  readonly runSets: number;
  readonly parents: readonly ParentRun[];
  readonly columns: readonly string[];
  readonly waiting: readonly number[];
  readonly paused: readonly number[];
  readonly condemned: readonly number[];
  readonly holding: readonly (readonly [WorkerId, number])[];
  readonly lost: number;
  readonly reclaimed: number;
  readonly late: number;
  readonly reopened: number;
  readonly completedBy: readonly (readonly [WorkerId, number])[];
  /** Trials that failed, and the workers on which they did, in the order of the trials. */
  readonly failedOn: readonly (readonly [number, WorkerId])[];
}

type SavedWorker = Omit<WorkerRecord, "retiredBoots" | "claims"> & {
  readonly retiredBoots: readonly string[];
  readonly claims: SavedClaims;
};

/** Everything that the journal said up to one of its messages, as plain data: folding goes on from there. */
export interface Snapshot {
  readonly v: number;
  /** Sequence of the last message that is in it. */
  readonly seq: number;
  readonly term: number;
  readonly leader: string;
  readonly nextJob: number;
  readonly nextRun: number;
  readonly evidenceSeq: number;
  readonly jobs: readonly { readonly table: SavedTable; readonly trials: SavedTrials }[];
  readonly workers: readonly SavedWorker[];
  readonly orders: readonly (readonly [string, string])[];
}

export function takeSnapshot(state: WorkspaceState): Snapshot {
  const { seq, term, leader, nextJob, nextRun, evidenceSeq } = state;
  return {
    v: snapshotVersion,
    seq,
    term,
    leader,
    nextJob,
    nextRun,
    evidenceSeq,
    jobs: [...state.jobs.values()].map((table) => ({
      table: table.save(),
      trials: table.trials.save(),
    })),
    workers: [...state.workers.values()].map((worker) => ({
      ...worker,
      retiredBoots: [...worker.retiredBoots],
      claims: worker.claims.save(),
    })),
    orders: [...state.orders],
  };
}

/** The state that was saved; equal to what folding the same records gives. */
export function restoreSnapshot(saved: Snapshot): WorkspaceState {
  const { seq, term, leader, nextJob, nextRun, evidenceSeq } = saved;
  const jobs = saved.jobs.map(({ table, trials }): [JobName, RunTable] => [
    table.submitted.job,
    RunTable.restored(table, trials),
  ]);
  const workers = saved.workers.map((worker): [WorkerId, WorkerRecord] => {
    const claims = ClaimRing.restored(worker.claims);
    return [worker.id, { ...worker, retiredBoots: new Set(worker.retiredBoots), claims }];
  });
  return {
    ...emptyWorkspace(),
    seq,
    term,
    leader,
    nextJob,
    nextRun,
    evidenceSeq,
    jobs: new Map(jobs),
    workers: new Map(workers),
    orders: new Map(saved.orders),
  };
}
