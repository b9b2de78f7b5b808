import type {
  JobChanged,
  JobEdited,
  JobSubmitted,
  JournalEvent,
  Learned,
  RangeRefined,
  ResultsJudged,
  RunsOrdered,
  TrialEvent,
  WorkerChanged,
} from "../../../shared/domain/fold/events.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { holderOf } from "../../../shared/domain/fold/trial.ts";
import { checkpointOf } from "../../../shared/domain/fold/workspace-state.ts";
import { keepCurve, retirePruner } from "../pruning/pruning.ts";
import type { Reign } from "../reign/reign.ts";
import { benchIfSick, benchWhoFailed, takeFailuresBack } from "./bench.ts";
import { enforceOn, enforceOnWorker } from "./enforce.ts";
import { closeIfDone, goOnIfLifted, stopIfReached } from "./job-end.ts";
import { learnAnew, learnIfDue } from "./learning.ts";
import { askAgain } from "./open-runs.ts";
import { isOwn, tellOwn } from "./own-search.ts";
import { publishUsers } from "./quotas.ts";
import { lookAgain, refineRanges } from "./refine-ranges.ts";

/**
 * Does what follows from a record, no matter what decided it. `Reign.record` calls this once for each record, as soon as it is
 * folded and appended, so that its consequences directly follow it in the journal.
 *
 * The recursion ends, because each consequence uses something up: an open trial, a failure that counts, an admitted worker, a
 * step of a job towards its end. If a leader dies in between, the next one does the rest by the clock (`enforce`).
 */
export function follow(reign: Reign, event: JournalEvent): void {
  if (event.type === "worker-state") followWorker(reign, event);
  if (event.type === "worker-forgotten") reign.forgetWorker(event.worker);
  if (event.type === "invite-ended") {
    reign.enrolments.forget(event.invite);
    if (event.cutOff) publishUsers(reign);
  }
  if (event.type === "job-deleted") reign.forgetJob(event.job);
  if (!("job" in event) || event.type === "job-deleted") return;
  const table = reign.state.jobs.get(event.job);
  if (!table) throw new RangeError(`there is no ${event.job}`);
  if ("n" in event) followTrial(reign, event, table);
  else followJob(reign, event, table);
  tellOwn(reign, event, table);
  if (table.isOver) forgetJob(reign, table);
}

/** A job that is over needs nothing that only the leader keeps, except its curves if it is opened again. */
function forgetJob(reign: Reign, { job, model }: RunTable): void {
  retirePruner(reign, job);
  reign.choices.forget(job);
  model.forget();
}

function followJob(
  reign: Reign,
  event: JobSubmitted | JobChanged | JobEdited | RangeRefined | RunsOrdered | ResultsJudged | Learned,
  table: RunTable,
): void {
  switch (event.type) {
    case "learned":
    case "range-refined":
      return;
    case "job":
      break;
    case "results-judged":
      reign.pruners.get(table.job)?.judged(table.rejected);
      learnAnew(reign, table);
      lookAgain(table);
      if (!isOwn(table)) reign.choices.judged(table);
      break;
    case "job-state":
      enforceOn(reign, table);
      closeIfDone(reign, table);
      if (event.state === "completed" && table.submitted.settings.hold) {
        reign.ports.tell(null, { kind: "released", term: reign.term, job: event.job });
      }
      break;
    case "job-edited":
      goOnIfLifted(reign, table, event.by);
      stopIfReached(reign, table);
      closeIfDone(reign, table);
      for (const worker of table.holding.keys()) reign.tellToRenew(worker);
      break;
    case "runs-ordered": {
      const trials = event.trials.flatMap((n) => table.trial(n) ?? []);
      const holders = new Set(trials.flatMap((trial) => holderOf(trial)?.worker ?? []));
      enforceOn(reign, table);
      for (const worker of holders) reign.tellToRenew(worker);
      break;
    }
    default: {
      const never: never = event;
      throw new RangeError(`nothing is known to follow from ${JSON.stringify(never)}`);
    }
  }
  // Waiting workers ask again if the job has something to give.
  if (table.hasRoom || table.nextWaiting()) reign.waiting.wake();
}

function followTrial(reign: Reign, event: TrialEvent, table: RunTable): void {
  const { job, n } = event;
  switch (event.type) {
    case "assigned":
      reign.quotas.earned(event.worker);
      reign.grant(table, n);
      return;
    case "completed":
    case "ended":
      reign.forget(job, n);
      askAgain(reign, event.worker);
      if (event.type === "completed") keepCurve(reign, table, n, event.hpmax);
      else if (!checkpointOf(reign.state, job, n)) reign.pruners.get(job)?.forget(n);
      // First: a failure that is taken back is one more run to do, so the job does not end.
      if (event.type === "completed") benchWhoFailed(reign, table);
      else if (event.outcome === "failed") benchIfSick(reign, event.worker, table);
      stopIfReached(reign, table);
      closeIfDone(reign, table);
      if (event.type === "completed") refineRanges(reign, table);
      learnIfDue(reign, table);
      if (!isOwn(table)) reign.choices.ended(table);
      return;
    case "lost":
      reign.forget(job, n);
      if (!table.trial(n)?.checkpoint) reign.pruners.get(job)?.forget(n);
      wakeForFirst(reign, table);
      return;
    case "reopened":
      wakeForFirst(reign, table);
      return;
    case "checkpoint":
      reign.progress(job, n, event.iters);
      reign.sizeOfState(job, event.size);
      return;
    case "checkpoint-lost":
      // What the run reports from now on comes from another training.
      if (event.what === "unread") reign.pruners.get(job)?.forget(n);
      return;
    case "late":
      return;
    default: {
      const never: never = event;
      throw new RangeError(`nothing is known to follow from ${JSON.stringify(never)}`);
    }
  }
}

/** For the next ones the clock wakes others (`Upkeep`): looking through all that wait for each of a thousand takes too long. */
function wakeForFirst(reign: Reign, table: RunTable): void {
  if (table.waiting.size === 1) reign.waiting.wakeFor(table);
}

function followWorker(reign: Reign, event: WorkerChanged): void {
  const { worker, state } = event;
  reign.restrained.add(worker);
  switch (state) {
    case "benched":
      takeFailuresBack(reign, worker, event.reason);
      enforceOnWorker(reign, worker);
      // What the worker has already sent waits in the broker, ahead of what others send.
      if (event.cutOff) publishUsers(reign, () => void reign.ports.dropUnstored?.());
      return;
    case "admitted":
      reign.quotas.forget(worker);
      publishUsers(reign);
      reign.waiting.wake();
      return;
    case "revoked":
      enforceOnWorker(reign, worker);
      return;
    case "working":
    case "paused":
    case "draining":
    case "stopped":
      reign.stoppedSince.delete(worker);
      enforceOnWorker(reign, worker);
      // "work" makes a waiting worker ask again and hear what it may do; "renew" reaches the runs that it holds.
      reign.ports.tell(worker, { kind: "work", term: reign.term });
      reign.tellToRenew(worker);
      return;
    default: {
      const never: never = state;
      throw new RangeError(`nothing is known to follow from ${String(never)}`);
    }
  }
}
