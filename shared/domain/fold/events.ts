import type { CodeBundle } from "../code-bundle.ts";
import type { Hyperparameter, Setting } from "../hyperparameter.ts";
import type { JobName, RunName, WorkerId } from "../names.ts";
import type { JobSettings, StopRule } from "../runspec/job-settings.ts";

/**
 * What the journal records: every decision, once, in one order. The leading coordinator alone writes these; `apply` in
 * workspace-state.ts folds them, the same in every program. `at` is wall-clock milliseconds, for people only.
 */
export type JournalEvent =
  | Led
  | JobSubmitted
  | JobChanged
  | JobEdited
  | RunsOrdered
  | Assigned
  | Completed
  | EndedWithout
  | Reopened
  | Lost
  | Late
  | Checkpointed
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
  /** Left out: the job needs only what every worker has. */
  readonly code?: CodeBundle;
  readonly hyperparameters: readonly Hyperparameter[];
  readonly settings: JobSettings;
  /** Seed of the job: every choice and every trial's seed follow from it. */
  readonly seed: number;
  /** First run number of the parent runs made at submission, and how many (compute_nodes, or 0). */
  readonly firstParent: number;
  readonly parents: number;
  /** Runs of earlier searches that this one counts, but not towards total_runs; left out: none. */
  readonly imported?: readonly ImportedRun[];
}

/** A completed run of an earlier search: its name there, its hpmax, its settings as positions. */
export type ImportedRun = readonly [name: string, hpmax: number, configuration: readonly number[]];

/**
 * searching: it starts runs. paused: it leases nothing, runs in hand go on. draining: what was begun is finished, then it is
 * paused. stopping: what was begun is finished, then it ends. cancelling: its runs are being ended. The others are over.
 */
export type JobStateName =
  | "searching"
  | "paused"
  | "draining"
  | "stopping"
  | "cancelling"
  | "held"
  | "completed"
  | "cancelled";

/** `by` and `op` of what the coordinator decides itself. A person may have that name too, hence `actorOf`. */
export const ownDecision = { by: "coordinator", op: "" } as const;

/** Who decided: the coordinator itself, or a person whose order it carried out. */
export type Actor = "coordinator" | "person";

/** Every order of a person has a request id, and no decision of the coordinator's own has one. */
export const actorOf = ({ op }: { readonly op: string }): Actor => (op === "" ? "coordinator" : "person");

/** A job's state changed: it ended, a person ordered it, or its held nodes were released. */
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

/** What a person may change in a job that is not over; what is left out stays as it is. */
export interface JobChanges {
  readonly totalRuns?: number;
  /** Null: all workers that come. */
  readonly computeNodes?: number | null;
  /** Null: as many as a worker has slots. */
  readonly runsPerNode?: number | null;
  readonly priority?: number;
  readonly retries?: number;
  /** Null: no limit. Runs in hand get the new limit at their next renewal. */
  readonly maxRunSeconds?: number | null;
  /** Counted from the submission; null: no limit. */
  readonly maxJobSeconds?: number | null;
  /** Wall clock, milliseconds; null: none. */
  readonly deadline?: number | null;
  readonly stopWhen?: StopRule | null;
  /** By hyperparameter: values that the search may choose from now on as well. */
  readonly addValues?: Readonly<Record<string, readonly Setting[]>>;
}

/** A person changed a job that lives. What was chosen before stays as it was; choices from here on use what is said here. */
export interface JobEdited {
  readonly type: "job-edited";
  readonly job: JobName;
  /** As it was asked, for people. */
  readonly changes: JobChanges;
  /** The settings as they now are. */
  readonly settings: JobSettings;
  /** As they now are: positions of values that were there are the same, so configurations keep their meaning. */
  readonly hyperparameters: readonly Hyperparameter[];
  readonly by: string;
  readonly op: string;
  readonly at: number;
}

/** What a person ordered for runs. The ends that follow from "pruned" and "cancelled" are records of their own. */
export type RunOrder = "paused" | "resumed" | "pruned" | "cancelled";

/** A person ordered something for some runs of a job; those that have ended by then are left as they are. */
export interface RunsOrdered {
  readonly type: "runs-ordered";
  readonly job: JobName;
  /** Numbers of their trials. */
  readonly trials: readonly number[];
  readonly order: RunOrder;
  readonly by: string;
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
  /** The run's last console lines, where they tell why; left out by records from before there were any. */
  readonly console?: string;
  /** Sequence in EV of the message that was read; 0 when the coordinator decided. */
  readonly ev: number;
  readonly at: number;
}

/**
 * A trial's failure is taken back, because its machine turned out to be sick: it waits for another one, uncharged. The one way
 * in which a trial that had ended is open again; its room in total_runs stays the one that it had.
 */
export interface Reopened {
  readonly type: "reopened";
  readonly job: JobName;
  readonly n: number;
  /** The attempt that had failed, and on which worker. */
  readonly attempt: number;
  readonly worker: WorkerId;
  readonly reason: string;
  readonly at: number;
}

/**
 * Why a worker lost a trial, and what that is called: lost, the machine's fault; reclaimed, never charged.
 *
 * silent: its lease ran out. restarted: a new process of the worker claims. runner: the process of the run died. sick: the
 * coordinator benched the worker. owner: its owner took the machine back. benched: a person benched it. ordered: a person stopped it.
 */
export const lossOutcomes = {
  silent: "lost",
  restarted: "lost",
  runner: "lost",
  sick: "lost",
  owner: "reclaimed",
  benched: "reclaimed",
  ordered: "reclaimed",
} as const;
export type LossCause = keyof typeof lossOutcomes;

/** A worker's part in a trial ended, the trial goes on: it waits for the next free slot. */
export interface Lost {
  readonly type: "lost";
  readonly job: JobName;
  readonly n: number;
  readonly attempt: number;
  readonly worker: WorkerId;
  readonly outcome: (typeof lossOutcomes)[LossCause];
  /** Earlier versions wrote none: it is read from the reason where the record is decoded. */
  readonly cause: LossCause;
  readonly charged: boolean;
  /** For people, and for earlier versions, which tell the causes apart by these sentences. */
  readonly reason: string;
  readonly ev: number;
  readonly at: number;
}

/** Where a run's state lies, and what opens it. */
export interface CheckpointPlace {
  /** Who made it, in which attempt. */
  readonly worker: WorkerId;
  readonly attempt: number;
  /** How far the run had come: iterations of that stage. */
  readonly stage: number;
  readonly iters: number;
  /** Name of the attempt's blob. */
  readonly blob: string;
  readonly key: Uint8Array;
  /** Bytes before they were sealed, and of these. */
  readonly size: number;
  readonly sha256: string;
  readonly chunks: number;
}

/** The trial's run can go on from here, on any machine. */
export interface Checkpointed extends CheckpointPlace {
  readonly type: "checkpoint";
  readonly job: JobName;
  readonly n: number;
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

/** Whether a worker is trusted with runs. */
export type WorkerStanding = "benched" | "admitted" | "revoked";

/**
 * What a person ordered a worker to do. working: nothing special. paused: it gets nothing new. draining: it finishes what it
 * holds and ends. stopped: it hands back what it holds, and gets nothing.
 */
export type WorkerDuty = "working" | "paused" | "draining" | "stopped";

/** A worker's standing or duty changed; neither touches the other. */
export interface WorkerChanged {
  readonly type: "worker-state";
  readonly worker: WorkerId;
  readonly state: WorkerStanding | WorkerDuty;
  readonly reason: string;
  readonly by: string;
  readonly op: string;
  readonly at: number;
}

export type TrialEvent = Assigned | Checkpointed | Completed | EndedWithout | Reopened | Lost | Late;
