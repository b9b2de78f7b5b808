import type { JournalEvent, WorkerChanged } from "../../../shared/domain/fold/events.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { holderOf, type Trial } from "../../../shared/domain/fold/trial.ts";
import type { JobName } from "../../../shared/domain/names.ts";
import type { Reign } from "../reign/reign.ts";
import { benchIfSick, benchWhoFailed, takeFailuresBack } from "./bench.ts";
import { enforceOn, enforceOnWorker } from "./enforce.ts";
import { closeIfDone, goOnIfLifted, stopIfReached } from "./job-end.ts";

/**
 * What follows from a record, whoever decided it. `Reign.record` calls this once for each, as soon as it is folded and appended,
 * so that the records which follow stand right behind it in the journal.
 *
 * Following comes to an end, because each record that follows uses something up: an open trial, a failure that counts, an
 * admitted worker, a step of a job towards its end. What a leader leaves undone when it dies, `enforce` does by the next one's clock.
 */
export function follow(reign: Reign, event: JournalEvent): void {
  switch (event.type) {
    case "job":
      wakeForWork(reign, tableOf(reign, event.job));
      return;
    case "job-state": {
      const table = tableOf(reign, event.job);
      enforceOn(reign, table);
      closeIfDone(reign, table);
      wakeForWork(reign, table);
      const isRelease = event.state === "completed" && table.submitted.settings.hold;
      if (isRelease) reign.ports.tell(null, { kind: "released", term: reign.term, job: event.job });
      return;
    }
    case "job-edited": {
      const table = tableOf(reign, event.job);
      goOnIfLifted(reign, table, event.by);
      jobMayEnd(reign, table);
      wakeForWork(reign, table);
      for (const worker of table.holding.keys()) reign.tellToRenew(worker);
      return;
    }
    case "runs-ordered": {
      const table = tableOf(reign, event.job);
      const holders = event.trials.flatMap((n) => holderOf(trialOf(table, n))?.worker ?? []);
      enforceOn(reign, table);
      wakeForWork(reign, table);
      for (const worker of new Set(holders)) reign.tellToRenew(worker);
      return;
    }
    case "assigned": {
      const table = tableOf(reign, event.job);
      reign.grant(table, trialOf(table, event.n));
      return;
    }
    case "completed": {
      const table = tableOf(reign, event.job);
      reign.forget(event.job, event.n);
      // A worker whose failure is taken back has one run more to do, so that the job does not end.
      benchWhoFailed(reign, table);
      jobMayEnd(reign, table);
      return;
    }
    case "ended": {
      const table = tableOf(reign, event.job);
      reign.forget(event.job, event.n);
      if (event.outcome === "failed") benchIfSick(reign, event.worker, table);
      jobMayEnd(reign, table);
      return;
    }
    case "lost":
      reign.forget(event.job, event.n);
      reign.waiting.wakeFor(tableOf(reign, event.job));
      return;
    case "reopened":
      reign.waiting.wakeFor(tableOf(reign, event.job));
      return;
    case "checkpoint":
      reign.progress(event.job, event.n, event.iters);
      reign.sizeOfState(event.job, event.size);
      return;
    case "worker-state":
      followWorker(reign, event);
      return;
    case "led":
    case "late":
    case "worker-enrolled":
      return;
    default: {
      const never: never = event;
      throw new RangeError(`a record of unknown type ${JSON.stringify(never)}`);
    }
  }
}

function followWorker(reign: Reign, event: WorkerChanged): void {
  const { worker, state } = event;
  reign.restrained.add(worker);
  switch (state) {
    case "benched":
      takeFailuresBack(reign, worker, event.reason);
      enforceOnWorker(reign, worker);
      return;
    case "admitted":
      reign.waiting.wake();
      return;
    case "revoked":
      return;
    case "working":
    case "paused":
    case "draining":
    case "stopped":
      reign.stoppedSince.delete(worker);
      enforceOnWorker(reign, worker);
      // "work" lets one that waits ask again, and hear what it may do; "renew" reaches what it holds.
      reign.ports.tell(worker, { kind: "work", term: reign.term });
      reign.tellToRenew(worker);
      return;
    default: {
      const never: never = state;
      throw new RangeError(`a worker is never ${String(never)}`);
    }
  }
}

function jobMayEnd(reign: Reign, table: RunTable): void {
  stopIfReached(reign, table);
  closeIfDone(reign, table);
}

/** Workers that wait ask again where the job has something to give. */
function wakeForWork(reign: Reign, table: RunTable): void {
  if (table.hasRoom || table.nextWaiting()) reign.waiting.wake();
}

function tableOf(reign: Reign, job: JobName): RunTable {
  const table = reign.state.jobs.get(job);
  if (!table) throw new RangeError(`there is no ${job}`);
  return table;
}

function trialOf(table: RunTable, n: number): Trial {
  const trial = table.trial(n);
  if (!trial) throw new RangeError(`${table.job} has no trial ${n}`);
  return trial;
}
