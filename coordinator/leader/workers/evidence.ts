import { mostNamed } from "../../../shared/domain/fold/events.ts";
import { mostColumns, mostColumnsOfOne } from "../../../shared/domain/fold/metric-columns.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import {
  distrustOf,
  isNewestStay,
  isOpen,
  lastAttempt,
  type Trial,
  whyUnheard,
} from "../../../shared/domain/fold/trial.ts";
import { told as inSense } from "../../../shared/domain/goal.ts";
import { isWorkerId, type JobName, type WorkerId } from "../../../shared/domain/names.ts";
import type { StoredMessage } from "../../../shared/ports.ts";
import { BadMessage } from "../../../shared/wire/check.ts";
import { decodeEvidence, type Evidence } from "../../../shared/wire/messages.ts";
import { type EvidenceAddress, lostSubject, parseEvidence, streams } from "../../../shared/wire/subjects.ts";
import { hearReports, keepReports } from "../pruning/pruning.ts";
import type { Reign } from "../reign/reign.ts";
import { reportToOwn } from "../rules/own-search.ts";
import { countEvidence } from "../rules/quotas.ts";
import { lastLines, requeue } from "../rules/requeue.ts";
import { judgeCheckpoint, judgeLostCheckpoint, statesLookedUp } from "./checkpoints.ts";

/**
 * Judges what workers published. Only a worker that the journal names for an attempt may report on it. The first result from
 * any holder counts while the trial is open; later ones are `late`: kept, labelled, never counted. A failure counts only from
 * the newest attempt, since an older holder's may be its machine's. A non-finite hpmax is a failure. Of an attempt whose worker was
 * sent away since, nothing counts (`Distrust`).
 *
 * EV is judged in its order, and each decision cites the sequence that it rests on, so the next leader continues after the
 * highest one cited. Reports that it judges again decide nothing.
 *
 * A message that cannot be read is set aside. Its sequence and its worker are logged and journalled, so that it is
 * named once; since that record cites it, no later start comes back to it. A readable message that its worker had no
 * right to send is logged.
 */

/** A message that may be believed, and the trial that it is about. */
interface Case {
  readonly reign: Reign;
  readonly table: RunTable;
  readonly trial: Trial;
  readonly job: JobName;
  readonly worker: WorkerId;
  /** Its sequence in EV. */
  readonly ev: number;
}

/** Judges one message of a worker; called in the order of the stream. */
export function judgeEvidence(reign: Reign, message: StoredMessage): void {
  countEvidence(reign, message);
  judgeMessage(reign, message);
  reign.evidence.judgedUpTo(message.seq);
}

function judgeMessage(reign: Reign, message: StoredMessage): void {
  const { seq, subject } = message;
  if (subject === lostSubject) return;
  try {
    const address = parseEvidence(subject);
    const table = address && reign.state.jobs.get(address.job);
    const trial = address && table?.trial(address.n);
    if (address && (!table || !trial)) throw new BadMessage(`no trial answers to ${subject}`);
    const told = read(reign, message, address);
    if (!address || !table || !trial || !told) return;
    const { worker, job } = address;
    const unheard = whyUnheard(trial, { ...told, worker });
    if (unheard !== undefined) throw new BadMessage(unheard);
    if (isOpen(trial) && distrustOf(trial, told.attempt) === "sent away") {
      const fields = { run: trial.run, worker, attempt: told.attempt, kind: told.kind };
      const text = "what a worker that was sent away says of a run that was taken from it is not counted";
      reign.repeated.warn(`taken.${worker}`, reign.ports.clock.monotonic(), fields, text);
      if (told.kind === "checkpoint")
        reign.discardState(job, trial.n, { worker, attempt: told.attempt, ...told.state });
      return;
    }
    judge({ reign, table, trial, job, worker, ev: seq }, told);
  } catch (error) {
    if (!(error instanceof BadMessage)) throw error;
    const kind = subject.split(".", 2).join(".");
    reign.drop(kind, { subject, seq, why: error.message }, "evidence dropped");
  }
}

/** What the message says; undefined if it cannot be read, and is set aside. */
function read(
  reign: Reign,
  { seq, subject, data }: StoredMessage,
  address: EvidenceAddress | undefined,
): Evidence | undefined {
  try {
    if (!address) throw new BadMessage("no worker of ours says anything under that subject");
    return decodeEvidence(address, data);
  } catch (error) {
    if (!(error instanceof BadMessage)) throw error;
    setAside(reign, seq, subject, error.message);
    return undefined;
  }
}

function setAside(reign: Reign, ev: number, subject: string, why: string): void {
  reign.dropped += 1;
  const [, worker = ""] = subject.split(".");
  const record = isWorkerId(worker) ? reign.state.workers.get(worker) : undefined;
  if (!record || record.setAside >= mostNamed) return;
  const isLast = record.setAside === mostNamed - 1;
  const reason = isLast ? `${why}; further ones of this worker are set aside without a word` : why;
  const { id } = record;
  reign.ports.log.warn({ stream: streams.evidence, seq: ev, subject, worker: id, why: reason }, "evidence set aside");
  void reign.record({ type: "set-aside", worker: id, ev, subject: subject.slice(0, longestSubject), reason });
}

/** Characters of a subject that the journal keeps; a worker may add what it likes to its own. */
const longestSubject = 200;

function judge(found: Case, told: Evidence): void {
  const { reign, table, trial, job, worker, ev } = found;
  switch (told.kind) {
    case "report":
    case "checkpoint": {
      const isOwn = isOfHolder(trial, told.attempt);
      const newest = told.reports.at(-1);
      if (isOwn && trial.status === "running" && newest) reign.progress(job, trial.n, newest[1]);
      if (told.kind === "checkpoint")
        judgeCheckpoint(reign, table, trial, { worker, attempt: told.attempt }, told.state, ev);
      else if (told.lost) judgeLostCheckpoint(reign, table, trial, { worker, attempt: told.attempt }, told.lost, ev);
      if (!isOwn) break;
      hearReports(reign, table, trial, told.reports);
      reportToOwn(reign, table, trial, told.reports);
      break;
    }
    case "result":
      judgeResult(found, told);
      break;
    case "failed":
      judgeFailure(found, told);
      break;
    case "released":
      judgeHandback(found, told);
      break;
    default: {
      const never: never = told;
      throw new BadMessage(`unknown evidence ${JSON.stringify(never)}`);
    }
  }
}

/**
 * Whether the worker that holds the run says it of its own training: an earlier holder's reports come late. A run that waits with a
 * checkpoint goes on from it, most likely with the worker that lost it: its reports may arrive before it asks.
 */
const isOfHolder = (trial: Trial, attempt: number): boolean =>
  isOpen(trial) && (trial.status === "running" || trial.checkpoint !== null) && isNewestStay(trial, attempt);

type Told<Kind extends Evidence["kind"]> = Extract<Evidence, { kind: Kind }>;

/** Late results of a trial that are recorded. */
const mostLate = 3;

/** The first finite result from any holder counts while the trial is open; later ones are late. */
function judgeResult(found: Case, told: Told<"result">): void {
  const { reign, table, trial, job, worker, ev } = found;
  const { attempt, hpmax, iters, metrics } = told;
  const { n } = trial;
  const who = { job, n, attempt, worker, ev };
  if (!isOpen(trial)) {
    // More of them say nothing new, and each is a record.
    if (trial.late < mostLate) void reign.record({ type: "late", ...who, hpmax });
    return;
  }
  if (!Number.isFinite(hpmax)) {
    const reason = `${table.goal.name} came out as ${inSense(table.goal, hpmax)}`;
    judgeFailure(found, { ...told, kind: "failed", outcome: "failed", reason });
    return;
  }
  stopOthers(reign, worker, trial, attempt);
  if (isOfHolder(trial, attempt)) keepReports(reign, table, trial, told.reports);
  // The curve that is known is another training's.
  else reign.pruners.get(job)?.forget(n);
  void reign.record({ type: "completed", ...who, hpmax, iters, metrics: withColumns(reign, table, worker, metrics) });
  warnOfUnreported(reign, table);
}

/** The metrics for which the job has columns left, and the worker a share of them; the loss of others is logged once. */
function withColumns(
  reign: Reign,
  table: RunTable,
  worker: WorkerId,
  metrics: Readonly<Record<string, number>>,
): Record<string, number> {
  const names = Object.keys(metrics);
  const kept = table.metricColumns.fitting(names, mostColumnsOfOne - (table.columnsBy.get(worker) ?? 0));
  if (kept.length < names.length && !saidFull.has(table)) {
    saidFull.add(table);
    const { job } = table;
    reign.ports.log.warn(
      { job, worker, columns: mostColumns, ofOneWorker: mostColumnsOfOne },
      "metrics with further names are dropped: the job, or this worker's part of it, has no columns left",
    );
  }
  return Object.fromEntries(kept.map((name) => [name, metrics[name] ?? Number.NaN]));
}

/** Says once which required metrics no run reports: most likely a name is misspelt, and every run is infeasible. */
function warnOfUnreported(reign: Reign, table: RunTable): void {
  if (!table.feasibility.isAsked || saidUnreported.has(table)) return;
  const { unreported } = table.feasibility;
  if (unreported.length === 0) return;
  saidUnreported.add(table);
  const { job } = table;
  reign.ports.log.warn(
    { job, unreported, reported: table.columns.slice(0, 50) },
    "the job requires metrics that its runs do not report, so all of them count as infeasible",
  );
}

const saidUnreported = new WeakSet<RunTable>();
const saidFull = new WeakSet<RunTable>();

/** A failure counts only from the present or last holder: an older holder's may be the fault of its machine. */
function judgeFailure({ reign, table, trial, job, worker, ev }: Case, told: Told<"failed">): void {
  const { attempt, outcome, reason, console } = told;
  const { n } = trial;
  if (!isOpen(trial) || !isNewestStay(trial, attempt)) {
    const fields = { run: trial.run, worker, attempt, reason };
    const text = "a failure of an older attempt is not counted";
    reign.repeated.warn(`failed.${worker}`, reign.ports.clock.monotonic(), fields, text);
    return;
  }
  if (outcome === "failed" && distrustOf(trial, attempt) !== "") {
    reign.ports.log.info({ run: trial.run, worker, attempt }, "a failure of a benched worker is not counted");
    return;
  }
  const who = { job, n, attempt: lastAttempt(trial).attempt, worker, ev };
  void reign.record({ type: "ended", ...who, outcome, reason, ...lastLines(table, console) });
}

/**
 * Waits while a checkpoint announced before it is looked for, so that the next holder goes on from there. If this leader dies
 * meanwhile, the lease runs out; a result could be lost that way, so none waits.
 */
function judgeHandback(found: Case, told: Told<"released">, isLookedUp = false): void {
  const { reign, table, trial, ev } = found;
  const { attempt, fault, reason, console } = told;
  if (trial.status !== "running" || !isNewestStay(trial, attempt)) return;
  const lookedUp = statesLookedUp(trial);
  if (lookedUp && !isLookedUp) {
    reign.grant(table, trial.n, false); // its worker renews no more
    void lookedUp.then(() => judgeHandback(found, told, true));
    return;
  }
  requeue(reign, table, trial, { cause: fault, charged: fault === "runner", reason, ev }, console);
}

/** Tells another worker that trains the same trial to stop. */
function stopOthers(reign: Reign, by: WorkerId, trial: Trial, attempt: number): void {
  const last = lastAttempt(trial);
  if (trial.status !== "running" || last.attempt === attempt) return;
  reign.ports.log.info({ run: trial.run, by, other: last.worker }, "finished by an earlier holder");
  reign.tellToRenew(last.worker);
}
