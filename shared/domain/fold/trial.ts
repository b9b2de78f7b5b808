import type { Configuration } from "../hyperparameter.ts";
import type { RunName, WorkerId } from "../names.ts";
import type { Predicted } from "../pruning/predicted.ts";
import type { CheckpointPlace, EndedOutcome, LossCause, PrunedBy } from "./events.ts";

/**
 * running: a worker holds it; waiting: it was lost or handed back and needs a free slot; otherwise how it ended. rejected: it
 * completed, and an operator took its result back. infeasible: it completed, and broke what the job requires.
 */
export type TrialStatus = "running" | "waiting" | "completed" | "infeasible" | "rejected" | EndedOutcome;

/** One worker's part in a trial. */
export interface Attempt {
  readonly attempt: number;
  readonly worker: WorkerId;
  readonly bootId: string;
  /** The claim that the assignment answered; the last attempt's is emptied when the trial ends. */
  claimId: string;
  /** Wall clock, milliseconds. */
  readonly at: number;
  /** How this part ended: "lost: no sign of life for 30 s", ...; empty while it holds the trial or brought its end. */
  end: string;
  /** Why it was lost; null if it was not. */
  cause: LossCause | null;
  distrust: Distrust;
}

/**
 * What became of an attempt's worker while the trial was open. sick: benched for its failures, so neither its failures nor its
 * checkpoints count. sent away: nothing that it says counts. It stays when the worker is admitted or forgotten: a message that was
 * passed over is judged again by the next leader.
 */
export type Distrust = "" | "sick" | "sent away";

/** A result that counts in nothing, and what it takes to count it again. */
export interface RejectedResult {
  readonly hpmax: number;
  readonly metrics: readonly number[];
  /** Its place among all results of the job, rejected ones too, in the order of completion. */
  readonly place: number;
  readonly by: string;
  readonly at: number;
}

/** The decision to try one configuration, and what became of it. Only the fold changes it. */
export interface Trial {
  readonly n: number;
  /** Given at the first assignment; stays the same when the trial moves to another worker. */
  readonly run: RunName;
  readonly configuration: Configuration;
  readonly seed: number;
  status: TrialStatus;
  /** Newest last; never empty. */
  readonly attempts: Attempt[];
  /** Losses that count against the trial's retries. */
  charged: number;
  /** Null until completed, and while its result is rejected. */
  hpmax: number | null;
  iters: number;
  /** Last values, in the order of the job's columns; NaN where a column has none; empty while its result is rejected. */
  metrics: readonly number[];
  /** Why it ended without a result, or why it waits. */
  reason: string;
  /** How the configuration was chosen, or why its failure was taken back; "" once the trial has ended. */
  why: string;
  endedAt: number;
  /** Results that arrived after the end: labelled, never counted. */
  late: number;
  /** What an operator ordered for it; "" again once it has ended. */
  order: "" | "paused" | "pruned" | "cancelled";
  /** Where the next attempt resumes; null: at the beginning, or the trial has ended. */
  checkpoint: CheckpointPlace | null;
  /** Why its last checkpoint was not stored, so that a loss costs more; "" if it was, or the trial has ended. */
  unsaved: string;
  /** What an operator took back; null if nothing. */
  rejected: RejectedResult | null;
  /** The worker that sent the result, if it was not the newest holder. */
  resultBy: WorkerId | null;
  /** The last console lines of a run that ended without a result; "" if none were kept. */
  console: string;
  /** Who pruned it; null: nobody did. */
  prunedBy: PrunedBy | null;
  /** The predicted hpmax of a pruned run; null if there is none. */
  predicted: Predicted | null;
}

/** An attempt as its assignment makes it. */
export const newAttempt = ({
  attempt,
  worker,
  bootId,
  claimId,
  at,
}: Omit<Attempt, "end" | "cause" | "distrust">): Attempt => ({
  attempt,
  worker,
  bootId,
  claimId,
  at,
  end: "",
  cause: null,
  distrust: "",
});

/** A trial as its first assignment makes it. Every trial is made here: objects of one shape are quicker. */
export const newTrial = (
  n: number,
  run: RunName,
  configuration: Configuration,
  seed: number,
  attempts: Attempt[],
): Trial => ({
  n,
  run,
  configuration,
  seed,
  status: "running",
  attempts,
  charged: 0,
  hpmax: null,
  iters: 0,
  metrics: [],
  reason: "",
  why: "",
  endedAt: 0,
  late: 0,
  order: "",
  checkpoint: null,
  unsaved: "",
  rejected: null,
  resultBy: null,
  console: "",
  prunedBy: null,
  predicted: null,
});

export const isOpen = (trial: Trial): boolean => trial.status === "running" || trial.status === "waiting";

/** The worker that sent the result of a trial that has one. */
export const resultBy = (trial: Trial): WorkerId => trial.resultBy ?? lastAttempt(trial).worker;

/** The newest attempt, whether or not it still holds the trial. */
export function lastAttempt(trial: Trial): Attempt {
  const last = trial.attempts.at(-1);
  if (!last) throw new RangeError(`trial ${trial.n} was never assigned`);
  return last;
}

/** Whether an attempt is of the newest stay: a process that got its trial again may still send the old attempt number. */
export function isNewestStay(trial: Trial, attempt: number): boolean {
  const last = lastAttempt(trial);
  const part = trial.attempts.find((each) => each.attempt === attempt);
  return part?.worker === last.worker && part.bootId === last.bootId;
}

/** Why messages about this attempt do not count, or not all of them; "" if they do. */
export const distrustOf = ({ attempts }: Trial, attempt: number): Distrust =>
  attempts.find((each) => each.attempt === attempt)?.distrust ?? "";

/**
 * Why a worker's message about an attempt is ignored; undefined if it counts. It must come from the worker to which the
 * journal gave the attempt. If it names a claim, that must be the claim that the attempt answered: a workspace restored
 * to an older state assigns the same numbers again. The claim of an ended trial's last attempt is not kept.
 *
 * An earlier claim that the same process was given this trial for is as good: if the answer to a later one is lost, it learns its
 * new number from a renewal.
 */
export function whyUnheard(
  trial: Pick<Trial, "run" | "attempts">,
  { worker, attempt, claim = "" }: { readonly worker: WorkerId; readonly attempt: number; readonly claim?: string },
): string | undefined {
  const part = trial.attempts.find((each) => each.attempt === attempt);
  if (part?.worker !== worker) return `${worker} never held attempt ${attempt} of ${trial.run}`;
  if (claim === "" || part.claimId === "" || claim === part.claimId) return undefined;
  const isEarlier = (each: Attempt): boolean =>
    each.claimId === claim && each.attempt < attempt && each.worker === worker && each.bootId === part.bootId;
  if (trial.attempts.some(isEarlier)) return undefined;
  return `attempt ${attempt} of ${trial.run} was given to ${worker} for another claim: this message is from before the workspace was put back`;
}

/** Whether place `a` of a run lies beyond place `b`; any place lies beyond null, the beginning. */
export const isFurther = (
  a: Pick<CheckpointPlace, "stage" | "iters">,
  b: Pick<CheckpointPlace, "stage" | "iters"> | null,
): boolean => b === null || a.stage > b.stage || (a.stage === b.stage && a.iters > b.iters);

/** The attempt that holds the trial now; undefined if the trial waits or has ended. */
export const holderOf = (trial: Trial): Attempt | undefined =>
  trial.status === "running" ? lastAttempt(trial) : undefined;
