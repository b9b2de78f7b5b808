import { mostColumns, type RunTable } from "../../shared/domain/fold/run-table.ts";
import { isNewestStay, isOpen, lastAttempt, type Trial } from "../../shared/domain/fold/trial.ts";
import type { StoredMessage } from "../../shared/ports.ts";
import { BadMessage } from "../../shared/wire/check.ts";
import {
  decodeCheckpoint,
  decodeFailure,
  decodeHandback,
  decodeReports,
  decodeResult,
} from "../../shared/wire/messages.ts";
import { type EvidenceAddress, parseEvidence } from "../../shared/wire/subjects.ts";
import { benchIfSick, benchOutcome, benchWhoFailed } from "./bench.ts";
import { judgeCheckpoint } from "./checkpoints.ts";
import { closeIfDone, stopIfReached } from "./job-end.ts";
import type { Reign } from "./reign.ts";
import { lastLines, requeue } from "./requeue.ts";

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
      const { attempt, claim, reports } = decodeReports(message.data);
      holderWith(address, trial, attempt, claim);
      const newest = reports.at(-1);
      if (newest) reign.progress(address.job, address.n, newest[1]);
      break;
    }
    case "checkpoint": {
      const { attempt, claim, reports, state } = decodeCheckpoint(message.data);
      holderWith(address, trial, attempt, claim);
      const newest = reports.at(-1);
      if (newest) reign.progress(address.job, address.n, newest[1]);
      judgeCheckpoint(reign, found.table, trial, { worker: address.worker, attempt }, state, message.seq);
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
  const { attempt, claim, hpmax, iters, metrics, console } = decodeResult(message.data);
  const { job, n, worker } = address;
  holderWith(address, trial, attempt, claim);
  const at = reign.ports.clock.wall();
  const who = { job, n, attempt, worker, ev: message.seq, at };
  if (!isOpen(trial)) {
    void reign.record({ type: "late", ...who, hpmax });
    return;
  }
  stopOthers(reign, address, trial, attempt);
  if (Number.isFinite(hpmax)) {
    void reign.record({ type: "completed", ...who, hpmax, iters, metrics: withColumns(reign, table, metrics) });
    benchWhoFailed(reign, table);
  } else {
    const reason = `hpmax came out as ${hpmax}`;
    void reign.record({ type: "ended", ...who, outcome: "failed", reason, ...lastLines(table, console) });
    benchIfSick(reign, worker, table);
  }
  afterEnd(reign, table, n);
}

/** Without the metrics that would be one column too many for the job; said once. */
function withColumns(reign: Reign, table: RunTable, metrics: Readonly<Record<string, number>>): Record<string, number> {
  const names = Object.keys(metrics);
  const kept = table.columnsFor(names);
  if (kept.length < names.length && !saidFull.has(table)) {
    saidFull.add(table);
    const { job } = table;
    reign.ports.log.warn(
      { job, columns: mostColumns },
      "metrics with further names are dropped: the job has its columns",
    );
  }
  return Object.fromEntries(kept.map((name) => [name, metrics[name] ?? Number.NaN]));
}

const saidFull = new WeakSet<RunTable>();

/** A failure counts only from who holds the trial, or did last: an older holder's may be its machine's. */
function judgeFailure({ reign, address, table, trial, message }: Case): void {
  const { attempt, claim, outcome, reason, console } = decodeFailure(message.data);
  const { job, n, worker } = address;
  holderWith(address, trial, attempt, claim);
  if (!isOpen(trial) || !isNewestStay(trial, attempt)) {
    reign.ports.log.info({ subject: message.subject, reason }, "a failure of an older attempt is not counted");
    return;
  }
  const standing = reign.state.workers.get(worker);
  if (standing?.state === "benched" && outcome === "failed") {
    const why = `${worker} is benched: ${standing.reason}`;
    if (trial.status !== "running") return;
    requeue(reign, table, trial, { outcome: benchOutcome(standing), charged: false, reason: why, ev: message.seq });
    return;
  }
  const at = reign.ports.clock.wall();
  const who = { job, n, attempt: lastAttempt(trial).attempt, worker, ev: message.seq, at };
  void reign.record({ type: "ended", ...who, outcome, reason, ...lastLines(table, console) });
  // Before the job may end: a failure that is taken back is one run more to do.
  benchIfSick(reign, worker, table);
  afterEnd(reign, table, n);
}

function judgeHandback({ reign, address, table, trial, message }: Case): void {
  const { attempt, claim, fault, reason, console } = decodeHandback(message.data);
  holderWith(address, trial, attempt, claim);
  if (trial.status !== "running" || !isNewestStay(trial, attempt)) return;
  const isOwners = fault === "owner";
  const outcome = isOwners ? "reclaimed" : "lost";
  requeue(reign, table, trial, { outcome, charged: !isOwners, reason, ev: message.seq }, console);
}

/** Only a worker that the journal names for this attempt may speak of the trial. */
function holderWith(address: EvidenceAddress, trial: Trial, attempt: number, claim = ""): void {
  const part = trial.attempts.find((each) => each.attempt === attempt);
  if (part?.worker !== address.worker) {
    throw new BadMessage(`${address.worker} never held attempt ${attempt} of ${address.job} trial ${address.n}`);
  }
  // Of an ended trial the claims are forgotten: what comes then is late, and counts for nothing.
  if (claim !== "" && part.claimId !== "" && claim !== part.claimId) {
    throw new BadMessage(
      `attempt ${attempt} of ${address.job} trial ${address.n} was given to ${address.worker} for another claim: this one is of before the workspace was put back`,
    );
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
