import { programVersion } from "../../../shared/components/version.ts";
import type { CheckpointPlace } from "../../../shared/domain/fold/events.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import {
  distrustOf,
  holderOf,
  isFurther,
  isNewestStay,
  isOpen,
  type Trial,
} from "../../../shared/domain/fold/trial.ts";
import { checkpointOf } from "../../../shared/domain/fold/workspace-state.ts";
import type { JobName, WorkerId } from "../../../shared/domain/names.ts";
import { sizeText } from "../../../shared/domain/size-text.ts";
import { mostHeldBytes, type StateSum } from "../../../shared/wire/checkpoints.ts";
import type { Claim, StateLoss } from "../../../shared/wire/messages.ts";
import { allChunks, type ChunkAddress, chunks, parseChunk, stateCount } from "../../../shared/wire/subjects.ts";
import type { Reign } from "../reign/reign.ts";

/** Bytes a second that all running trials together may send to the broker for their checkpoints. */
const budgetBytesPerSecond = 8 * 1024 ** 2;

/**
 * A holder says where its run's state is: the furthest state is kept, of those as far the newest, and others are deleted. The
 * message names an attempt that the journal gave to its worker (judgeEvidence), so only the trial's own holders are heard; one
 * that was sent away since (benched) is not.
 */
export function judgeCheckpoint(
  reign: Reign,
  table: RunTable,
  trial: Trial,
  maker: Pick<CheckpointPlace, "worker" | "attempt">,
  state: StateSum,
  ev: number,
): void {
  const { job } = table;
  const { n } = trial;
  const place = { ...maker, ...state };
  const counts = (): boolean =>
    isOpen(trial) && distrustOf(trial, maker.attempt) === "" && isNewest(place, trial.checkpoint);
  const keep = (isThere: boolean): void => {
    if (isThere && counts()) void reign.record({ type: "checkpoint", job, n, ...place, ev });
    else reign.discardState(job, n, place);
  };
  const lookUp = async (): Promise<void> => {
    const isThere = await isWhole(reign, trial, job, place);
    if (isThere !== undefined) keep(isThere);
    else
      reign.ports.clock
        .after(lookAgainMs, () => {
          if (!counts()) keep(false);
          else if (reign.ports.leads()) void lookUp();
        })
        .unref();
  };
  const wasLost = trial.attempts.some((part) => part.attempt === maker.attempt && part.end !== "");
  const mayBeGone = wasLost || !isFurther(state, trial.checkpoint);
  if (!mayBeGone || !counts()) keep(true);
  else {
    const all = Promise.all([lookUps.get(trial), lookUp()]).then(() => {
      if (lookUps.get(trial) === all) lookUps.delete(trial);
    });
    lookUps.set(trial, all);
  }
}

/**
 * Whether a run goes on from this state rather than from `kept`: it lies further on, or as far and was taken later. A program that
 * reports rarely has many states between two reports.
 */
function isNewest(place: CheckpointPlace, kept: CheckpointPlace | null): boolean {
  if (kept === null || isFurther(place, kept)) return true;
  if (isFurther(kept, place)) return false;
  if (place.attempt !== kept.attempt) return place.attempt > kept.attempt;
  return stateCount(place.blob) > stateCount(kept.blob);
}

/** Time until a state is looked for again if the broker did not say whether it is there. */
const lookAgainMs = 1000;
const lookUps = new WeakMap<Trial, Promise<void>>();

/** While states of a trial are looked for: resolves when the broker has answered, or has not in time. */
export const statesLookedUp = (trial: Trial): Promise<void> | undefined => lookUps.get(trial);

/** States of open trials that were swept: their pieces may still be listed. */
const swept = new WeakMap<Trial, Set<string>>();

/**
 * Whether the state still lies in BLOB: while nobody held its run, a leader may have swept the pieces stored before, and one of an
 * earlier version deleted each state that was no further than the one before. Undefined: the broker does not say.
 */
async function isWhole(reign: Reign, trial: Trial, job: JobName, place: CheckpointPlace): Promise<boolean | undefined> {
  const all = chunks(place.worker, job, trial.n, place.attempt, place.blob);
  try {
    const found = await reign.ports.stateSubjects(all);
    return found.length === place.chunks && !swept.get(trial)?.has(all);
  } catch (error) {
    const fields = { run: trial.run, why: String(error) };
    const text = "a checkpoint could not be looked for";
    reign.repeated.warn(`looked.${place.worker}`, reign.ports.clock.monotonic(), fields, text);
    return undefined;
  }
}

/** Checkpoints not carried that are recorded of one run; a worker may have more to complain about than anybody reads. */
const mostLosses = 20;
const losses = new WeakMap<Trial, number>();

/**
 * A holder says that a state was not carried, or that the state it was given cannot be read. In the second case it begins
 * afresh: after the record its new states count, although they are less advanced. If the run has another state by then, from
 * an earlier holder, that one stays.
 */
export function judgeLostCheckpoint(
  reign: Reign,
  { job }: RunTable,
  trial: Trial,
  maker: Pick<CheckpointPlace, "worker" | "attempt">,
  { what, stage, iters, reason, blob, given }: StateLoss,
  ev: number,
): void {
  const { n, checkpoint } = trial;
  if (blob !== "") reign.discardState(job, n, { ...maker, blob });
  if (!isOpen(trial) || !isNewestStay(trial, maker.attempt)) return;
  if (what === "unsaved") {
    const count = losses.get(trial) ?? 0;
    if (reason === trial.unsaved || count >= mostLosses) return;
    losses.set(trial, count + 1);
  } else {
    if (checkpoint === null || checkpoint.attempt >= maker.attempt) return;
    if (given && (given.attempt !== checkpoint.attempt || given.blob !== checkpoint.blob)) {
      const { worker } = maker;
      const text = "a checkpoint cannot be read; the run has a newer one of an earlier holder, and keeps it";
      reign.ports.log.warn({ run: trial.run, worker, why: reason }, text);
      reign.pruners.get(job)?.forget(n); // its holder begins afresh all the same
      return;
    }
  }
  void reign.record({ type: "checkpoint-lost", job, n, ...maker, what, stage, iters, reason, ev });
}

/** Why a worker cannot go on from a run's checkpoint; undefined if it can. */
export function whyTooLarge({ run, checkpoint }: Trial, worker: WorkerId, claim: Claim): string | undefined {
  const { mostState = mostHeldBytes } = claim;
  if (checkpoint === null || checkpoint.size <= mostState) return undefined;
  return (
    `${run} has a checkpoint of ${sizeText(checkpoint.size)}, and ${worker}, of version ${claim.version}, reads at most ` +
    `${sizeText(mostState)}; install this coordinator's version of nexus-swarm there: ${programVersion()}`
  );
}

/** Seconds between two checkpoints of a run: what its job asks for, or longer if all runs together would send too much. */
export function checkpointSeconds(reign: Reign, table: RunTable): number {
  const asked = table.submitted.settings.checkpointEverySeconds;
  let bytes = 0;
  for (const each of reign.state.jobs.values()) bytes += each.running * reign.stateBytes(each.job);
  return Math.max(asked, bytes / budgetBytesPerSecond);
}

/** Whether the trial's holder may be storing the state now: it does so one after the other, each as long as it takes. */
function mayBeOnItsWay(trial: Trial, { worker, attempt, blob }: ChunkAddress): boolean {
  const { checkpoint } = trial;
  if (holderOf(trial)?.worker !== worker || !isNewestStay(trial, attempt)) return false;
  if (checkpoint === null || !isNewestStay(trial, checkpoint.attempt) || attempt > checkpoint.attempt) return true;
  return attempt === checkpoint.attempt && stateCount(blob) > stateCount(checkpoint.blob);
}

/**
 * Deletes states from which no trial continues (`checkpointOf`): their worker died before it reported them, a coordinator before
 * it deleted them, or a failure stands. A state of an open trial may belong to a checkpoint in flight: its holder's are kept
 * until it announces the next or no longer holds the trial, and others are deleted when two sweeps in a row find them.
 *
 * @param suspects  states of open trials that the last sweep found
 * @returns those that this sweep found
 */
export async function sweepStates(reign: Reign, suspects: ReadonlySet<string>): Promise<Set<string>> {
  const orphans = new Set<string>();
  const discarded = new Map<string, ChunkAddress>();
  for (const subject of await reign.ports.stateSubjects(allChunks)) {
    const piece = parseChunk(subject);
    // Files of a deleted job may arrive late too.
    if (!piece || !(piece.isState || reign.state.deleted.has(piece.job))) continue;
    const { worker, job, n, attempt, blob } = piece;
    const trial = reign.state.jobs.get(job)?.trial(n);
    const kept = checkpointOf(reign.state, job, n);
    if (kept && kept.worker === worker && kept.attempt === attempt && kept.blob === blob) continue;
    if (trial && mayBeOnItsWay(trial, piece)) continue;
    const all = chunks(worker, job, n, attempt, blob);
    if (trial && isOpen(trial) && !suspects.has(all)) orphans.add(all);
    else discarded.set(all, piece);
  }
  for (const [all, { job, n, ...place }] of discarded) {
    const trial = reign.state.jobs.get(job)?.trial(n);
    if (trial && isOpen(trial)) swept.set(trial, (swept.get(trial) ?? new Set()).add(all));
    reign.discardState(job, n, place);
  }
  return orphans;
}
