import type {
  Assigned,
  Checkpointed,
  CheckpointLost,
  Completed,
  EndedWithout,
  JobDeleted,
  JobEdited,
  JobStateName,
  JournalEvent,
  Late,
  Lost,
  Reopened,
  ResultsJudged,
  SetAside,
} from "../fold/events.ts";
import type { WorkspaceState } from "../fold/workspace-state.ts";
import type { JobName, WorkerId } from "../names.ts";
import { CheckedDoor } from "./checked-door.ts";
import { become, type CheckedJob, newJob } from "./checked-job.ts";
import { CheckedPredictions } from "./checked-predictions.ts";
import { CheckedPurges } from "./checked-purges.ts";
import { CheckedRanges } from "./checked-ranges.ts";
import { type CheckedTrial, gapOf, lookAtCurve, wordFor } from "./checked-trials.ts";
import { foldDifferences } from "./fold-differences.ts";
import type { Testimony } from "./testimony.ts";

export interface InvariantOptions {
  /** Evidence below this sequence is no longer kept, so it is not expected. Default 1. */
  readonly evidenceFrom?: number;
  /** The only job whose records are read; of other jobs only deletions come. Default: all jobs. */
  readonly only?: JobName | undefined;
  /** Workers known to lie about their own trials; their curves are not checked. */
  readonly isLiar?: (worker: WorkerId) => boolean;
}

/** Further violations are only counted; a broken journal could have millions. */
const mostViolations = 100;

type Citing = Completed | Late | EndedWithout | Lost | Checkpointed | CheckpointLost;
type AboutTrial = Assigned | Citing | Reopened;

/**
 * Checks the guarantees of a search and describes every violation. It reads the journal and the evidence, each in its
 * own order, an assignment before the evidence that follows from it. It checks that
 *
 * - a trial ends at most once (unless its failure is taken back), by an attempt that the journal gave to that worker;
 * - no trial starts beyond the current total_runs, and a job that nobody stopped ends with all of them;
 * - every completion cites its own message, which says the same, and no finite result is ignored but of a worker that was sent away;
 * - only a result that counts is rejected, only a rejected one accepted: results = those that count + those rejected;
 * - nothing rests on a message that was set aside, and each is named once;
 * - only a pruned run has a prediction; gaps in curves of completed runs are reported apart (`gaps`);
 * - a range gets marks of its own, each once, and configurations keep their settings;
 * - only messages of a benched or revoked worker, or of a job that is over, are deleted; no record of that job follows;
 * - workers enrol as their invitations say, and a revoked one is given nothing;
 * - the fold agrees with the records (`compare`).
 *
 * It keeps its own state, because it also checks the fold.
 */
export class InvariantCheck {
  readonly #options: InvariantOptions;
  readonly #violations: string[] = [];
  #more = 0;
  #term = 0;
  /** Highest EV sequence that a decision cites: all evidence up to it has been judged. */
  #citedUpTo = 0;
  readonly #jobs = new Map<JobName, CheckedJob>();
  readonly #purges = new CheckedPurges((what) => this.#broken(what));
  readonly #door = new CheckedDoor((what) => this.#broken(what));
  /** Checks with a state of their own. */
  readonly #others = [
    ...[this.#purges, this.#door],
    ...[CheckedPredictions, CheckedRanges].map((Kind) => new Kind((what) => this.#broken(what))),
  ];
  readonly #cited = new Set<number>();
  /** Decisions whose evidence has not been read yet, by sequence of the evidence. */
  readonly #unseen = new Map<number, Citing>();
  /** Evidence other than reports that no decision has cited yet. */
  readonly #uncited = new Map<number, Testimony>();

  constructor(options: InvariantOptions = {}) {
    this.#options = options;
  }

  /** Reads the next record of the journal. */
  event(event: JournalEvent): void {
    for (const each of this.#others) each.event(event);
    switch (event.type) {
      case "led":
        if (event.term <= this.#term) this.#broken(`term ${event.term} follows term ${this.#term}`);
        this.#term = event.term;
        break;
      case "job":
        if (this.#jobs.has(event.job) || this.#purges.isDeleted(event.job))
          this.#broken(`${event.job} was submitted twice`);
        else this.#jobs.set(event.job, newJob(event.settings.totalRuns));
        break;
      case "job-edited":
        this.#edited(event);
        break;
      case "job-deleted":
        if (event.messages === null) this.#deleted(event);
        break;
      case "job-state":
        this.#becomes(event.job, event.state, event.reason);
        break;
      case "assigned":
        this.#assigned(event);
        break;
      case "completed":
      case "ended":
        this.#ended(event);
        break;
      case "reopened":
        this.#reopened(event);
        break;
      case "results-judged":
        this.#judged(event);
        break;
      case "lost":
        this.#lost(event);
        break;
      case "late":
        this.#late(event);
        break;
      case "checkpoint":
      case "checkpoint-lost":
        this.#named(event);
        break;
      default: // says nothing about trials
    }
    if (event.type === "set-aside") this.#setAside(event);
    else if ("ev" in event) this.#cites(event);
  }

  /** Reads the next message of the evidence. */
  testimony(told: Testimony): void {
    const { seq, job, n, attempt, worker } = told;
    const citing = this.#unseen.get(seq);
    if (citing) {
      this.#unseen.delete(seq);
      this.#compareWithEvidence(citing, told);
    } else if (!this.#cited.has(seq) && told.kind !== "report") this.#uncited.set(seq, told);
    const trial = this.#jobs.get(job)?.trials.glance(n);
    // Reports of a worker that was not given this attempt are ignored.
    if (!trial || trial.hasWholeCurve || trial.workers[attempt - 1] !== worker) return;
    for (const [stage, iters] of told.reports) trial.rows.push(stage, iters);
    lookAtCurve(trial);
    this.#jobs.get(job)?.trials.settle(n);
  }

  /** Compares a fold of the same records, or a snapshot of it. */
  compare(state: WorkspaceState): void {
    for (const difference of foldDifferences(this.#jobs, state)) this.#broken(difference);
    for (const each of this.#others) each.compare(state);
  }

  /** All violations, in words. Call it after all records and evidence have been read. */
  violations(): readonly string[] {
    const found = [...this.#violations];
    const { evidenceFrom = 1 } = this.#options;
    for (const [seq, { type, job, n, worker }] of this.#unseen) {
      if (seq >= evidenceFrom && !this.#purges.mayBeGone(job, worker, seq, type === "completed"))
        found.push(`${job} trial ${n}: "${type}" rests on evidence ${seq}, which is not there`);
    }
    for (const { seq, kind, hpmax, job, n, worker, attempt } of this.#uncited.values()) {
      const trial = this.#jobs.get(job)?.trials.glance(n);
      const isResult = kind === "result" && Number.isFinite(hpmax);
      const isPassedOver = isResult && seq <= this.#citedUpTo && trial?.workers[attempt - 1] === worker;
      if (isPassedOver && trial.status !== "over" && !this.#door.wasSentAway(worker))
        found.push(`${job} trial ${n}: the result from ${worker} (evidence ${seq}) was ignored`);
    }
    if (this.#more > 0) found.push(`and ${this.#more} more`);
    return found;
  }

  /**
   * Completed runs whose curve has a gap, in words. Our workers leave none. A worker of somebody else may leave
   * reports out, so where the store is whole, a gap is the worker's doing.
   */
  gaps(): readonly string[] {
    const found: string[] = [];
    for (const [name, { trials }] of this.#jobs) {
      for (const [n, trial] of trials.unsettled()) {
        const gap = gapOf(trial);
        const by = [...new Set(trial.workers)].join(", ");
        if (gap !== "" && !this.#purges.mayHaveGaps(trial.workers))
          found.push(`${name} trial ${n}: its curve has a gap: ${gap} (told by ${by})`);
      }
    }
    return found;
  }

  /** Counts of what was checked, for people. */
  counts(): {
    readonly jobs: number;
    readonly trials: number;
    readonly ended: number;
    readonly open: number;
    readonly decisions: number;
  } {
    const jobs = [...this.#jobs.values()];
    const sum = (of: (job: CheckedJob) => number): number => jobs.reduce((total, job) => total + of(job), 0);
    return {
      jobs: jobs.length,
      trials: sum(({ trials }) => trials.length),
      ended: sum(({ ended }) => ended),
      open: sum(({ open }) => open),
      decisions: this.#cited.size,
    };
  }

  #edited({ job: name, settings, opens }: JobEdited): void {
    const job = this.#jobOf(name, "job-edited");
    if (job) job.totalRuns = settings.totalRuns;
    if (opens !== undefined) this.#becomes(name, "searching", opens);
  }

  #becomes(name: JobName, state: JobStateName, reason: string): void {
    const job = this.#jobOf(name, "job-state");
    if (job) for (const problem of become(job, name, state, reason)) this.#broken(problem);
  }

  /** Forgets a deleted job: what is left of its evidence says nothing any more. */
  #deleted({ job: name, type }: JobDeleted): void {
    if ((this.#options.only ?? name) !== name) return;
    const job = this.#jobOf(name, type);
    if (job && (!job.isOver || job.state === "held")) this.#broken(`${name} was deleted, but it was ${job.state}`);
    this.#jobs.delete(name);
  }

  #assigned(event: Assigned): void {
    const job = this.#jobOf(event.job, event.type);
    if (!job) return;
    if (job.isOver) this.#brokenAt(event, `${event.job} is ${job.state}`);
    const trial = job.trials.trial(event.n);
    if (trial) {
      if (trial.status !== "waiting") this.#brokenAt(event, `it was ${wordFor(trial)}`);
      if (event.attempt !== trial.workers.length + 1) this.#brokenAt(event, `it had ${trial.workers.length} attempts`);
      trial.status = "running";
      trial.workers.push(event.worker);
      return;
    }
    if (event.n !== job.trials.length + 1) this.#brokenAt(event, `the job had ${job.trials.length} trials`);
    if (event.attempt !== 1) this.#brokenAt(event, "it was never assigned before");
    if (job.state !== "searching") this.#brokenAt(event, `the job was ${job.state} and starts nothing`);
    job.trials.add(event.n, event.worker);
    job.open += 1;
    if (job.ended + job.open > job.totalRuns)
      this.#brokenAt(event, `ended + open became ${job.ended + job.open}, above total_runs ${job.totalRuns}`);
  }

  #ended(event: Completed | EndedWithout): void {
    const found = this.#named(event);
    if (!found) return;
    const { job, trial } = found;
    if (trial.status === "over") this.#brokenAt(event, `it had ended already: ${trial.outcome}`);
    else job.open -= 1;
    trial.status = "over";
    trial.outcome = event.type === "completed" ? "completed" : event.outcome;
    if (trial.outcome !== "cancelled") job.ended += 1;
    if (trial.outcome === "completed") job.completed += 1;
    if (job.isOver) this.#brokenAt(event, `${event.job} was ${job.state}`);
    if (event.type !== "completed") {
      trial.hasWholeCurve = true;
      trial.rows = [];
      return;
    }
    trial.iters = this.#options.isLiar?.(event.worker) ? -1 : event.iters;
    trial.expectsCurve = event.ev >= (this.#options.evidenceFrom ?? 1);
    lookAtCurve(trial);
    job.trials.settle(event.n);
  }

  #reopened(event: Reopened): void {
    const found = this.#named(event);
    if (!found) return;
    const { job, trial } = found;
    if (trial.outcome !== "failed") this.#brokenAt(event, `it was ${wordFor(trial)}, not failed`);
    else {
      job.ended -= 1;
      job.open += 1;
    }
    if (job.isOver) this.#brokenAt(event, `${event.job} was ${job.state}`);
    trial.status = "waiting";
    trial.outcome = "";
    trial.hasWholeCurve = false;
  }

  #judged({ job: name, trials, verdict, type }: ResultsJudged): void {
    const job = this.#jobOf(name, type);
    if (!job) return;
    const before = verdict === "rejected" ? "completed" : "rejected";
    for (const n of trials) {
      const trial = job.trials.trial(n);
      if (trial?.outcome !== before) {
        this.#broken(
          `${name} trial ${n}: its result was ${verdict}, but it was ${trial ? wordFor(trial) : "never assigned"}`,
        );
        continue;
      }
      trial.outcome = verdict === "rejected" ? "rejected" : "completed";
      job.rejected += verdict === "rejected" ? 1 : -1;
      lookAtCurve(trial);
      job.trials.settle(n);
    }
  }

  #lost(event: Lost): void {
    const trial = this.#named(event)?.trial;
    if (!trial) return;
    if (trial.status !== "running") this.#brokenAt(event, `it was ${wordFor(trial)}`);
    if (event.attempt !== trial.workers.length) this.#brokenAt(event, `attempt ${trial.workers.length} held it`);
    trial.status = "waiting";
  }

  #late(event: Late): void {
    const trial = this.#named(event)?.trial;
    if (!trial) return;
    if (trial.status !== "over") this.#brokenAt(event, `it was ${wordFor(trial)}`);
    trial.late += 1;
  }

  /** The trial, if the journal gave this attempt to this worker. */
  #named(event: AboutTrial): { job: CheckedJob; trial: CheckedTrial } | undefined {
    const job = this.#jobOf(event.job, event.type);
    const trial = job?.trials.trial(event.n);
    if (!job) return undefined;
    const holder = trial?.workers[event.attempt - 1];
    if (trial && holder === event.worker) return { job, trial };
    this.#brokenAt(event, holder === undefined ? "nobody was given it" : `${holder} was given it, not ${event.worker}`);
    return undefined;
  }

  /** Nothing rests on a message that was set aside, and it is named once. */
  #setAside({ ev, worker }: SetAside): void {
    if (this.#cited.has(ev))
      this.#broken(`evidence ${ev} of ${worker} was set aside, but it was counted or named before`);
    this.#cited.add(ev);
    this.#uncited.delete(ev);
    if (ev > this.#citedUpTo) this.#citedUpTo = ev;
  }

  #cites(event: Citing): void {
    const { ev } = event;
    if (ev === 0) {
      // A run whose failure was taken back has its checkpoint again.
      const isRestored = event.type === "checkpoint" && this.#named(event)?.trial.status === "waiting";
      if (restsOn[event.type] !== undefined && !isRestored) this.#brokenAt(event, "it rests on no evidence");
      return;
    }
    if (this.#cited.has(ev)) this.#brokenAt(event, `evidence ${ev} was counted before`);
    this.#cited.add(ev);
    if (ev > this.#citedUpTo) this.#citedUpTo = ev;
    const told = this.#uncited.get(ev);
    if (told) {
      this.#uncited.delete(ev);
      this.#compareWithEvidence(event, told);
    } else this.#unseen.set(ev, event);
  }

  #compareWithEvidence(event: Citing, told: Testimony): void {
    const { job, n, attempt, worker, seq, kind } = told;
    const isSame = job === event.job && n === event.n && worker === event.worker;
    // A process whose trial was assigned to it again may hand it back or fail under the earlier attempt number.
    const isSameStay = attempt === event.attempt || (restsOn[event.type] === undefined && attempt < event.attempt);
    if (!isSame || !isSameStay)
      this.#brokenAt(event, `evidence ${seq} is ${worker}'s ${kind} of ${job} trial ${n}, attempt ${attempt}`);
    else if (restsOn[event.type] !== undefined && restsOn[event.type] !== kind)
      this.#brokenAt(event, `evidence ${seq} is no ${restsOn[event.type]} but "${kind}"`);
    else if ("hpmax" in event && !Object.is(told.hpmax, event.hpmax))
      this.#brokenAt(event, `evidence ${seq} says hpmax ${told.hpmax}, the journal ${event.hpmax}`);
  }

  #jobOf(name: JobName, what: string): CheckedJob | undefined {
    const job = this.#jobs.get(name);
    if (!job)
      this.#broken(
        `"${what}" of ${name}, which was ${this.#purges.isDeleted(name) ? "deleted or " : ""}never submitted`,
      );
    return job;
  }

  #brokenAt({ type, job, n, attempt }: AboutTrial, why: string): void {
    this.#broken(`${job} trial ${n}: "${type}" of attempt ${attempt}, but ${why}`);
  }

  #broken(what: string): void {
    if (this.#violations.length < mostViolations) this.#violations.push(what);
    else this.#more += 1;
  }
}

/** The kind of evidence that these records must cite. Others may also be the coordinator's own decision. */
const restsOn: Partial<Record<Citing["type"], string>> = {
  completed: "result",
  late: "result",
  checkpoint: "checkpoint",
};
