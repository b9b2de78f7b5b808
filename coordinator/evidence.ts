import type { RunTable } from "../shared/domain/run-table.ts";
import { isOpen, lastAttempt, type Trial } from "../shared/domain/trial.ts";
import type { StoredMessage } from "../shared/ports.ts";
import { BadMessage } from "../shared/wire/check.ts";
import { decodeFailure, decodeHandback, decodeReports, decodeResult } from "../shared/wire/messages.ts";
import { type EvidenceAddress, parseEvidence } from "../shared/wire/subjects.ts";
import { closeIfDone, stopIfReached } from "./job-end.ts";
import type { Reign } from "./reign.ts";
import { requeue } from "./requeue.ts";

/** A message of the stream and the trial that it is about. */
interface Case {
  readonly reign: Reign;
  readonly address: EvidenceAddress;
  readonly table: RunTable;
  readonly trial: Trial;
  readonly message: StoredMessage;
}

/** Judges one message that a worker published, in the order of the stream; journals what follows from it. */
export function judgeEvidence(reign: Reign, message: StoredMessage): void {
  try {
    const address = parseEvidence(message.subject);
    const table = address && reign.state.jobs.get(address.job);
    const trial = address && table?.trial(address.n);
    if (!address || !table || !trial) throw new BadMessage(`no trial answers to ${message.subject}`);
    judge({ reign, address, table, trial, message });
  } catch (error) {
    if (!(error instanceof BadMessage)) throw error;
    reign.dropped += 1;
    reign.ports.log.warn({ subject: message.subject, seq: message.seq, why: error.message }, "evidence dropped");
  }
  reign.judgedUpTo(message.seq);
}

function judge(found: Case): void {
  const { reign, address, trial, message } = found;
  switch (address.kind) {
    case "report": {
      const { attempt, reports } = decodeReports(message.data);
      holderWith(address, trial, attempt);
      const newest = reports.at(-1);
      if (newest) reign.progress(address.job, address.n, newest[1]);
      break;
    }
    case "result":
      judgeResult(found);
      break;
    case "failed":
      judgeFailure(found);
      break;
    case "released":
      judgeHandback(found);
      break;
    default: {
      const never: never = address.kind;
      throw new BadMessage(`unknown kind ${String(never)}`);
    }
  }
}

/** The first result from any worker that the journal names as a holder counts while the trial is open; later ones are late. */
function judgeResult({ reign, address, table, trial, message }: Case): void {
  const { attempt, hpmax, iters, metrics } = decodeResult(message.data);
  const { job, n, worker } = address;
  holderWith(address, trial, attempt);
  const at = reign.ports.clock.wall();
  const who = { job, n, attempt, worker, ev: message.seq, at };
  if (!isOpen(trial)) {
    void reign.record({ type: "late", ...who, hpmax });
    return;
  }
  stopOthers(reign, address, trial, attempt);
  if (Number.isFinite(hpmax)) void reign.record({ type: "completed", ...who, hpmax, iters, metrics });
  else void reign.record({ type: "ended", ...who, outcome: "failed", reason: `hpmax came out as ${hpmax}` });
  afterEnd(reign, table, n);
}

/** A failure counts only from the attempt that the journal names last: an older holder's may be its machine's. */
function judgeFailure({ reign, address, table, trial, message }: Case): void {
  const { attempt, outcome, reason } = decodeFailure(message.data);
  const { job, n, worker } = address;
  holderWith(address, trial, attempt);
  if (!isOpen(trial) || lastAttempt(trial).attempt !== attempt) {
    reign.ports.log.info({ subject: message.subject, reason }, "a failure of an older attempt is not counted");
    return;
  }
  const at = reign.ports.clock.wall();
  void reign.record({ type: "ended", job, n, attempt, worker, outcome, reason, ev: message.seq, at });
  afterEnd(reign, table, n);
  benchIfSick(reign, address, table);
}

/** Failures in a row on one worker while others succeed: the machine is at fault, and works no more until admitted. */
const failuresBeforeBench = 3;

function benchIfSick(reign: Reign, { worker }: EvidenceAddress, table: RunTable): void {
  const record = reign.state.workers.get(worker);
  if (record?.state !== "admitted" || record.failuresInRow < failuresBeforeBench) return;
  // In the same job: a job whose own code fails must not bench the whole swarm.
  const othersSucceed = table.trials.some((each) => each.status === "completed" && lastAttempt(each).worker !== worker);
  if (!othersSucceed) return;
  const reason = `its last ${record.failuresInRow} runs failed while others succeed`;
  const at = reign.ports.clock.wall();
  void reign.record({ type: "worker-state", worker, state: "benched", reason, by: "coordinator", op: "", at });
}

function judgeHandback({ reign, address, table, trial, message }: Case): void {
  const { attempt, fault, reason } = decodeHandback(message.data);
  holderWith(address, trial, attempt);
  if (trial.status !== "running" || lastAttempt(trial).attempt !== attempt) return;
  if (fault === "runner") requeue(reign, table, trial, { outcome: "lost", charged: true, reason, ev: message.seq });
  else requeue(reign, table, trial, { outcome: "reclaimed", charged: false, reason, ev: message.seq });
}

/** Only a worker that the journal names for this attempt may speak of the trial. */
function holderWith(address: EvidenceAddress, trial: Trial, attempt: number): void {
  const part = trial.attempts.find((each) => each.attempt === attempt);
  if (part?.worker !== address.worker) {
    throw new BadMessage(`${address.worker} never held attempt ${attempt} of ${address.job} trial ${address.n}`);
  }
}

/** Another worker trains the same trial: it is told to stop, its work is no longer needed. */
function stopOthers(reign: Reign, address: EvidenceAddress, trial: Trial, attempt: number): void {
  const last = lastAttempt(trial);
  if (trial.status !== "running" || last.attempt === attempt) return;
  reign.ports.log.info({ run: trial.run, by: address.worker, other: last.worker }, "finished by an earlier holder");
  reign.ports.tell(last.worker, { kind: "renew", term: reign.term });
}

function afterEnd(reign: Reign, table: RunTable, n: number): void {
  reign.forget(table.job, n);
  stopIfReached(reign, table);
  closeIfDone(reign, table);
}
