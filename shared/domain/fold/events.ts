import type { Brought } from "../code-bundle.ts";
import type { Hyperparameter, Range, Setting } from "../hyperparameter.ts";
import type { Beliefs } from "../model/kernel.ts";
import type { JobName, RunName, WorkerId } from "../names.ts";
import type { Predicted } from "../pruning/predicted.ts";
import type { JobSettings } from "../runspec/job-settings.ts";
import type { CheckpointPlace } from "./checkpoint-place.ts";
import type { Actor, JobStateName, PauseCause, PauseWords } from "./job-state.ts";

/** The journal's records: every decision, once, in one order. Only the leader writes them; `apply` folds them everywhere. */
export type JournalEvent =
  | Led
  | JobSubmitted
  | JobChanged
  | JobEdited
  | JobDeleted
  | RangeRefined
  | RunsOrdered
  | ResultsJudged
  | Learned
  | Assigned
  | Completed
  | EndedWithout
  | Reopened
  | Lost
  | Late
  | Checkpointed
  | CheckpointLost
  | SetAside
  | Invited
  | InviteEnded
  | WorkerEnrolled
  | WorkerChanged
  | WorkerForgotten
  | WorkerPurged;

export type { CheckpointPlace } from "./checkpoint-place.ts";
export type { Actor, JobStateName } from "./job-state.ts";

interface Recorded {
  /** Wall-clock milliseconds, for people only. */
  readonly at: number;
}

/** A decision of an operator, or the coordinator's own of the same kind (`ownDecision`). */
interface Ordered extends Recorded {
  /** The operator's name, or "coordinator". */
  readonly by: string;
  /** Request id of the order, so that repeating it changes nothing; "" if the coordinator decided. */
  readonly op: string;
}

/** Something about one attempt of a trial. */
interface OfAttempt extends Recorded {
  readonly job: JobName;
  readonly n: number;
  readonly attempt: number;
  readonly worker: WorkerId;
}

/** A decision that rests on a worker's message. */
interface Cited extends OfAttempt {
  /** The message's sequence in EV; 0 if the coordinator decided without one. */
  readonly ev: number;
}

/** A coordinator took the lead. */
export interface Led extends Recorded {
  readonly type: "led";
  readonly term: number;
  readonly leader: string;
}

/** A job was accepted. */
export interface JobSubmitted extends Ordered, Brought {
  readonly type: "job";
  readonly job: JobName;
  readonly file: string;
  readonly text: string;
  /** Defaults YAML of every component that the spec may use, by component name. */
  readonly sources: Readonly<Record<string, string>>;
  readonly commandLine: Readonly<Record<string, string>>;
  readonly hyperparameters: readonly Hyperparameter[];
  readonly settings: JobSettings;
  /** Determines every choice and every trial's seed. */
  readonly seed: number;
  /** Number of the first parent run made at submission, and how many were made (compute_nodes, or 0). */
  readonly firstParent: number;
  readonly parents: number;
  /** Runs of earlier searches that this one learns from; they do not count towards total_runs. */
  readonly imported?: readonly ImportedRun[];
}

/** A completed run of an earlier search: its name there, its hpmax, its settings as positions. */
export type ImportedRun = readonly [name: string, hpmax: number, configuration: readonly number[]];

/** `by` and `op` of the coordinator's own decisions. An operator may have the same name, hence `actorOf`. */
export const ownDecision = { by: "coordinator", op: "" } as const;

/** Who decided. Orders have a request id; the coordinator's own decisions do not. */
export const actorOf = ({ op }: { readonly op: string }): Actor => (op === "" ? "coordinator" : "person");

/** A job's state changed: it ended, an operator ordered it, or its held nodes were released. */
export interface JobChanged extends Ordered {
  readonly type: "job-state";
  readonly job: JobName;
  readonly state: JobStateName;
  /** The whole sentence, for people and for earlier versions. */
  readonly reason: string;
  /** Why the coordinator paused it. Earlier versions wrote none; the fold then derives it from the reason. */
  readonly cause?: PauseCause;
  /** If the coordinator paused it, its reason apart from what to type. Earlier versions wrote none; the decoder then derives it. */
  readonly told?: PauseWords;
}

/** What an operator may change in a job. maxRunSeconds and graceSeconds reach running trials at their next renewal. */
export const changeableSettings = [
  "totalRuns",
  "computeNodes",
  "runsPerNode",
  "priority",
  "retries",
  "checkpointLimit",
  "graceSeconds",
  "maxRunSeconds",
  "maxJobSeconds",
  "deadline",
  "stopWhen",
  "maxFailuresInARow",
  "maxFailuresAtStart",
] as const satisfies readonly (keyof JobSettings)[];

/** What an operator may change in a job that is not over; omitted fields stay as they are. */
export interface JobChanges extends Partial<Pick<JobSettings, (typeof changeableSettings)[number]>> {
  /** By hyperparameter: additional values for future choices. */
  readonly addValues?: Readonly<Record<string, readonly Setting[]>>;
  /** By hyperparameter: the range that it has from now on, which includes all its values. */
  readonly addRanges?: Readonly<Record<string, Range>>;
}

/** An operator changed a job. Earlier choices stay; later ones use these settings and values. */
export interface JobEdited extends Ordered {
  readonly type: "job-edited";
  readonly job: JobName;
  /** As requested, for people. */
  readonly changes: JobChanges;
  /** The complete settings after the change. */
  readonly settings: JobSettings;
  /** All of them after the change. Existing values keep their positions, so that configurations keep their meaning. */
  readonly hyperparameters: readonly Hyperparameter[];
  /** Why it searches again, if it was over; left out if it was not. In older journals a "job-state" follows instead. */
  readonly opens?: string;
}

/** A job that is over is deleted with all it stored: one record before anything is deleted, one with the result. */
export interface JobDeleted extends Ordered {
  readonly type: "job-deleted";
  readonly job: JobName;
  /** Only messages before this one of EV, which stays, so that EV keeps its end. */
  readonly before: number;
  /**
   * Deleted messages of EV; null when the deletion begins. After that no record is about the job, except the one that ends the
   * deletion.
   */
  readonly messages: number | null;
}

/** The coordinator made ranges denser where the search looks. Earlier choices stay; later ones may use the marks. */
export interface RangeRefined extends Recorded {
  readonly type: "range-refined";
  readonly job: JobName;
  /** By hyperparameter: the marks that its dial gets. */
  readonly marks: Readonly<Record<string, readonly number[]>>;
}

/** An order for runs. The ends that follow from "pruned" and "cancelled" are records of their own. */
export type RunOrder = "paused" | "resumed" | "pruned" | "cancelled";

/** An operator ordered something for some runs of a job. It does not affect runs that have ended. */
export interface RunsOrdered extends Ordered {
  readonly type: "runs-ordered";
  readonly job: JobName;
  readonly trials: readonly number[];
  readonly order: RunOrder;
}

/** rejected: no estimate uses these results any more. accepted: that is undone. */
export type ResultsVerdict = "rejected" | "accepted";

/** An operator rejected results of a job, or accepted rejected ones again. Results judged so before do not change. */
export interface ResultsJudged extends Ordered {
  readonly type: "results-judged";
  readonly job: JobName;
  readonly trials: readonly number[];
  readonly verdict: ResultsVerdict;
  /** In the operator's words; "" if there are none. */
  readonly reason: string;
  /** Set if the order named all results of this worker. */
  readonly worker?: WorkerId;
}

/** The coordinator learned how a job's results depend on its hyperparameters; its choices and its best configuration follow. */
export interface Learned extends Recorded {
  readonly type: "learned";
  readonly job: JobName;
  /** Completed runs that it learned from. */
  readonly results: number;
  readonly beliefs: Beliefs;
}

/** A worker was given a trial. Run, configuration and seed are those of attempt 1 in every later attempt. */
export interface Assigned extends OfAttempt {
  readonly type: "assigned";
  readonly claimId: string;
  readonly bootId: string;
  readonly run: RunName;
  readonly configuration: readonly number[];
  readonly seed: number;
  readonly why: string;
}

/** The trial's one result. */
export interface Completed extends Cited {
  readonly type: "completed";
  readonly hpmax: number;
  readonly iters: number;
  /** Last value of every column by name: s1-hrs, s1-rew, ... */
  readonly metrics: Readonly<Record<string, number>>;
}

export type EndedOutcome = "failed" | "timed out" | "pruned" | "cancelled";

/** What stopped a run whose result would not have mattered: the job's rule (`pruning`), its own search, or an operator. */
export type PrunedBy = "rule" | "search" | "operator";

/** The trial ended without a result. */
export interface EndedWithout extends Cited {
  readonly type: "ended";
  readonly outcome: EndedOutcome;
  readonly reason: string;
  /** If it was pruned. Earlier versions wrote none; the decoder then derives it from the reason. */
  readonly prunedBy?: PrunedBy;
  /** If the coordinator pruned it: how far it had come, in iterations of its last stage. */
  readonly iters?: number;
  /** If the pruner predicted its end. */
  readonly predicted?: Predicted;
  /** The run's last console lines, if they help to see why. */
  readonly console?: string;
}

/** A failure was taken back: the machine was sick. The trial waits for another worker, uncharged, and keeps its place in total_runs. */
export interface Reopened extends OfAttempt {
  readonly type: "reopened";
  readonly reason: string;
}

/**
 * Why a worker lost a trial, and its outcome: lost is the machine's fault; reclaimed is not and is never charged.
 *
 * silent: its lease expired. restarted: a new process of the worker claims. runner: the run's process died. sick: the coordinator
 * benched the worker. owner: the owner took the machine back. benched: an operator benched it. ordered: an operator stopped it.
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

/** A worker lost a trial, which now waits for a free slot. */
export interface Lost extends Cited {
  readonly type: "lost";
  readonly outcome: (typeof lossOutcomes)[LossCause];
  /** Earlier versions wrote none; the decoder then derives it from the reason. */
  readonly cause: LossCause;
  readonly charged: boolean;
  /** For people, and for earlier versions, which recognise causes by these sentences. */
  readonly reason: string;
}

/** The run can resume from here on any machine. */
export interface Checkpointed extends Cited, CheckpointPlace {
  readonly type: "checkpoint";
}

/** A checkpoint of a run is of no use. */
export interface CheckpointLost extends Cited {
  readonly type: "checkpoint-lost";
  /** unsaved: it did not reach the broker. unread: unreadable, so the run begins afresh; its pieces are deleted. */
  readonly what: "unsaved" | "unread";
  /** The place in the run that it should have kept. */
  readonly stage: number;
  readonly iters: number;
  readonly reason: string;
}

/** A result that arrived after its trial had ended: kept and labelled, never counted. */
export interface Late extends Cited {
  readonly type: "late";
  readonly hpmax: number;
}

/**
 * A stored message of a worker that cannot be read, or says what no worker may say. It is never read again, so it is
 * named once. Only the first few messages of a worker are named (`mostNamed`).
 */
export interface SetAside extends Recorded {
  readonly type: "set-aside";
  readonly worker: WorkerId;
  /** Its sequence in EV, and its subject. */
  readonly ev: number;
  readonly subject: string;
  readonly reason: string;
}

/** Maximum number of messages set aside that are named for a worker, or one that sends many could fill the journal. */
export const mostNamed = 5;

/** Those who hold a code may enrol machines. The code itself is nowhere in the journal: only its holders can make its key. */
export interface Invited extends Ordered {
  readonly type: "invited";
  /** Its id, derived from the key. */
  readonly invite: string;
  /** Public half of the key derived from the code. */
  readonly publicKey: string;
  /** Wall-clock milliseconds, by the leader's clock. */
  readonly expiresAt: number;
  /** How many machines may enrol with it; null: any number. */
  readonly uses: number | null;
  /** Pools that its workers may serve; empty: all. */
  readonly targets: readonly string[];
  /** The machine whose coordinator shows this invitation as its join line; left out if a person made it. */
  readonly line?: string;
}

/** An invitation expired, was used up, or was withdrawn. */
export interface InviteEnded extends Ordered {
  readonly type: "invite-ended";
  readonly invite: string;
  readonly reason: string;
  /** Withdrawn for what its holders sent: the broker and people are told at once. */
  readonly cutOff?: boolean;
}

/** A machine joined: the owner of this key may connect as this worker. */
export interface WorkerEnrolled extends Recorded {
  readonly type: "worker-enrolled";
  readonly worker: WorkerId;
  /** Public nkey, "U..."; "" with an external broker, whose administrator created the user. */
  readonly publicKey: string;
  readonly host: string;
  readonly op: string;
  /** The invitation that it came by; earlier versions wrote none. */
  readonly invite?: string;
  /** Pools that it may serve, as its invitation says; left out: all. */
  readonly targets?: readonly string[];
}

/** Whether a worker is trusted with runs. */
export type WorkerStanding = "benched" | "admitted" | "revoked";

/**
 * What an operator ordered a worker to do. working: nothing special. paused: it gets nothing new. draining: it finishes its trials
 * and exits. stopped: it hands its trials back and gets nothing.
 */
export type WorkerDuty = "working" | "paused" | "draining" | "stopped";

/** A worker's standing or duty changed; the other stays as it is. */
export interface WorkerChanged extends Ordered {
  readonly type: "worker-state";
  readonly worker: WorkerId;
  readonly state: WorkerStanding | WorkerDuty;
  readonly reason: string;
  /** Benched for what it sent: the broker refuses it until it is admitted again. */
  readonly cutOff?: boolean;
}

/** A worker that will not come back: its name and key are free again. Its results stay. */
export interface WorkerForgotten extends Ordered {
  readonly type: "worker-forgotten";
  readonly worker: WorkerId;
}

/** What a worker has stored is deleted: one record before anything is deleted, one with the result. */
export interface WorkerPurged extends Ordered {
  readonly type: "worker-purged";
  readonly worker: WorkerId;
  /** Only messages before this one of EV, which stays, so that EV keeps its end. */
  readonly before: number;
  /** Whether the messages that its results rest on are deleted too. */
  readonly all: boolean;
  /** Deleted messages of EV; null when the purge begins. */
  readonly messages: number | null;
}

export type TrialEvent = Assigned | Checkpointed | CheckpointLost | Completed | EndedWithout | Reopened | Lost | Late;
