import type { Hyperparameter } from "./hyperparameter.ts";
import type { JobName, RunName, WorkerId } from "./names.ts";
import type { JobSettings } from "./spec.ts";

/**
 * What the journal records: every decision, once, in one order. The leading coordinator alone writes these; `apply` in
 * run-table.ts folds them, the same in every program. `at` is wall-clock milliseconds, for people only.
 */
export type JournalEvent =
  | Led
  | JobSubmitted
  | JobChanged
  | Assigned
  | Completed
  | EndedWithout
  | Lost
  | Late
  | WorkerEnrolled
  | WorkerChanged;

/** A coordinator took the lead. */
export interface Led {
  readonly type: "led";
  readonly term: number;
  readonly leader: string;
  readonly at: number;
}

/** A job was accepted. */
export interface JobSubmitted {
  readonly type: "job";
  readonly job: JobName;
  /** Request id of the operator's order, so that asking again changes nothing. */
  readonly op: string;
  readonly by: string;
  readonly at: number;
  readonly file: string;
  readonly text: string;
  /** Defaults YAML of every component that the spec may use, by component name. */
  readonly sources: Readonly<Record<string, string>>;
  readonly commandLine: Readonly<Record<string, string>>;
  readonly hyperparameters: readonly Hyperparameter[];
  readonly settings: JobSettings;
  /** Seed of the job: every choice and every trial's seed follow from it. */
  readonly seed: number;
  /** First run number of the parent runs made at submission, and how many (compute_nodes, or 0). */
  readonly firstParent: number;
  readonly parents: number;
}

export type JobStateName = "searching" | "stopping" | "held" | "completed" | "cancelled";

/** A job's state changed: it ended, was stopped, or its held nodes were released. */
export interface JobChanged {
  readonly type: "job-state";
  readonly job: JobName;
  readonly state: JobStateName;
  readonly reason: string;
  readonly by: string;
  /** Request id of the operator's order; empty when the coordinator decided. */
  readonly op: string;
  readonly at: number;
}

/** A worker was given a trial. Attempt 1 also names the run and its configuration, which never change afterwards. */
export interface Assigned {
  readonly type: "assigned";
  readonly job: JobName;
  readonly n: number;
  readonly attempt: number;
  readonly worker: WorkerId;
  readonly claimId: string;
  readonly bootId: string;
  readonly run: RunName;
  readonly configuration: readonly number[];
  readonly seed: number;
  readonly why: string;
  readonly at: number;
}

/** The trial's one result. */
export interface Completed {
  readonly type: "completed";
  readonly job: JobName;
  readonly n: number;
  readonly attempt: number;
  readonly worker: WorkerId;
  readonly hpmax: number;
  readonly iters: number;
  /** Last value of every column by name: s1-hrs, s1-rew, ... */
  readonly metrics: Readonly<Record<string, number>>;
  /** Sequence in EV of the message that was read. */
  readonly ev: number;
  readonly at: number;
}

export type EndedOutcome = "failed" | "timed out" | "pruned" | "cancelled";

/** The trial ended without a result. */
export interface EndedWithout {
  readonly type: "ended";
  readonly job: JobName;
  readonly n: number;
  readonly attempt: number;
  readonly worker: WorkerId;
  readonly outcome: EndedOutcome;
  readonly reason: string;
  /** Sequence in EV of the message that was read; 0 when the coordinator decided. */
  readonly ev: number;
  readonly at: number;
}

/** A worker's part in a trial ended, the trial goes on: it waits for the next free slot. */
export interface Lost {
  readonly type: "lost";
  readonly job: JobName;
  readonly n: number;
  readonly attempt: number;
  readonly worker: WorkerId;
  /** lost: the machine's fault; reclaimed: the owner took the machine back, never charged. */
  readonly outcome: "lost" | "reclaimed";
  readonly charged: boolean;
  readonly reason: string;
  readonly ev: number;
  readonly at: number;
}

/** A result that came after its trial had ended: kept, labelled, never counted. */
export interface Late {
  readonly type: "late";
  readonly job: JobName;
  readonly n: number;
  readonly attempt: number;
  readonly worker: WorkerId;
  readonly hpmax: number;
  readonly ev: number;
  readonly at: number;
}

/** A machine joined: its public key may from now on connect as this worker. */
export interface WorkerEnrolled {
  readonly type: "worker-enrolled";
  readonly worker: WorkerId;
  /** Public nkey, "U..."; empty with an external broker, whose administrator made the user. */
  readonly publicKey: string;
  readonly host: string;
  readonly op: string;
  readonly at: number;
}

/** A worker's standing changed. */
export interface WorkerChanged {
  readonly type: "worker-state";
  readonly worker: WorkerId;
  readonly state: "benched" | "admitted" | "revoked";
  readonly reason: string;
  readonly by: string;
  readonly op: string;
  readonly at: number;
}

export type TrialEvent = Assigned | Completed | EndedWithout | Lost | Late;
