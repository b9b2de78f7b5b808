import { NumberedTexts } from "../columns.ts";
import type { Goal } from "../goal.ts";
import { CurrentModel } from "../model/current-model.ts";
import type { JobName, WorkerId } from "../names.ts";
import { type Counted, RunSetIndex } from "../run-sets/run-set.ts";
import { goalOf } from "../runspec/carried-spec.ts";
import { olderDefaults } from "../runspec/job-settings.ts";
import type {
  Assigned,
  Checkpointed,
  Completed,
  EndedWithout,
  JobEdited,
  JobSubmitted,
  Late,
  Lost,
  RangeRefined,
  Reopened,
  ResultsJudged,
} from "./events.ts";
import { Feasibility } from "./feasibility.ts";
import { FoldError } from "./fold-error.ts";
import { asEdited, asRefined } from "./grown-dials.ts";
import { importedRuns } from "./imported.ts";
import type { Actor, JobStateName, PauseCause, PauseWords } from "./job-state.ts";
import { MetricColumns } from "./metric-columns.ts";
import { type ParentRun, ParentRuns } from "./parent-runs.ts";
import { acceptResult, orderOfCompletion, rejectResult } from "./rejection.ts";
import { type Attempt, isFurther, isOpen, lastAttempt, newAttempt, newTrial, resultBy, type Trial } from "./trial.ts";
import { TrialList } from "./trial-list.ts";

/**
 * Everything that the journal says about one job and its runs. Only the fold (`apply` in workspace-state.ts) calls the methods
 * that change it; each takes one record and throws FoldError if the record cannot follow.
 */
export class RunTable {
  readonly job: JobName;
  /** The job as submitted, with the settings and hyperparameters as edited since. */
  submitted: JobSubmitted;
  readonly edits: JobEdited[] = [];
  state: JobStateName = "searching";
  /** Why the job is in its state. */
  reason = "";
  /** Who put it there, by name and role, null at first; and why, if the coordinator paused it: as a code and in words. */
  stateBy = "";
  stateActor: Actor | null = null;
  pauseCause: PauseCause | null = null;
  pauseWords: PauseWords | null = null;
  endedAt: number | null = null;
  /** Runs of earlier searches: part of the run sets, but of none of the counts below. */
  readonly imported: readonly Trial[];
  /** Trial numbers in the order of completion, without rejected results. */
  readonly completions: number[] = [];
  /** Numbers of the pruned trials whose ends were predicted, in the order of their ends. */
  readonly predictions: number[] = [];
  readonly #runSets = new RunSetIndex();
  /** What the results say together: which configuration is best, and what others promise. */
  readonly model = new CurrentModel(() => ({ hyperparameters: this.submitted.hyperparameters, runSets: this.runSets }));
  /** Whether the run sets have yet to forget rejected results, or to count accepted ones. */
  #isStale = false;
  #verdicts = 0;
  readonly parentRuns: ParentRuns;
  readonly metricColumns: MetricColumns;
  /** Which completed runs meet what the job requires. */
  readonly feasibility: Feasibility;
  readonly trials: TrialList;
  /** Trials waiting for a free slot, in the order in which they were lost. */
  readonly waiting = new Set<number>();
  /** Open trials that an operator paused: a running one is suspended, a waiting one is not given out. */
  readonly paused = new Set<number>();
  /** Open trials that an operator stopped or cancelled and whose end is not recorded yet. */
  readonly condemned = new Set<number>();
  /** Trials held by each worker now. */
  readonly holding = new Map<WorkerId, number>();
  /** Completed (even if infeasible or rejected since), failed, timed out or pruned. */
  ended = 0;
  /** Running or waiting. */
  open = 0;
  readonly outcomes = { completed: 0, failed: 0, "timed out": 0, pruned: 0, cancelled: 0 };
  lost = 0;
  reclaimed = 0;
  late = 0;
  /** Failures taken back because the machine was sick. */
  reopened = 0;
  /** Trials whose results an operator took back. They count as ended: the job does not run them again. */
  readonly rejected = new Set<number>();
  readonly completedBy = new Map<WorkerId, number>();
  /** Metric columns that each worker was the first to fill. */
  readonly columnsBy = new Map<WorkerId, number>();
  /** Failed trials, and the worker each failed on. */
  readonly failedOn = new Map<number, WorkerId>();
  /** Trials that failed or timed out since a run last completed, or since the search was resumed; oldest first. */
  readonly failingRow = new Set<number>();
  /** Names of workers and of their processes, each kept once: every record is read with copies of its own. */
  readonly #texts = new NumberedTexts();

  /** @param columns  names of existing metric columns */
  constructor(submitted: JobSubmitted, columns: readonly string[] = []) {
    this.job = submitted.job;
    this.parentRuns = new ParentRuns(submitted.job);
    this.metricColumns = new MetricColumns(columns);
    this.feasibility = new Feasibility(this.metricColumns.names);
    this.trials = new TrialList(this.#runSets.configurations, this.feasibility);
    this.imported = importedRuns(submitted);
    for (const { configuration, hpmax, run } of this.imported) {
      this.runSets.started(configuration);
      this.runSets.completed(configuration, hpmax ?? Number.NaN, run);
    }
    // A job submitted to an earlier version lacks the settings that came later.
    this.submitted = { ...submitted, settings: { ...olderDefaults, ...submitted.settings } };
    this.#become(this.submitted);
    for (let i = 0; i < submitted.parents; i += 1) this.parentRuns.make(submitted.firstParent + i);
  }

  /** The runs that count, by configuration; recounted after a verdict on results, so that nothing remains of rejected ones. */
  get runSets(): RunSetIndex {
    if (this.#isStale) {
      this.#isStale = false;
      this.#runSets.recount(this.#counted());
    }
    return this.#runSets;
  }

  /** How many orders have changed which results count, since this table was made. */
  get verdicts(): number {
    return this.#verdicts;
  }

  get parents(): readonly ParentRun[] {
    return this.parentRuns.all;
  }

  /** Names of the metric columns, in order of first appearance. */
  get columns(): readonly string[] {
    return this.metricColumns.names;
  }

  /** What its results are called, and which way they are better. */
  get goal(): Goal {
    return goalOf(this.submitted);
  }

  get running(): number {
    return this.open - this.waiting.size;
  }

  /** Whether the job may start another trial: ended + open never exceeds total_runs. */
  get hasRoom(): boolean {
    return this.state === "searching" && this.ended + this.open < this.submitted.settings.totalRuns;
  }

  /** Whether waiting trials are given out. A draining or stopping job finishes what it began. */
  get isLeasing(): boolean {
    return this.state === "searching" || this.state === "draining" || this.state === "stopping";
  }

  get isOver(): boolean {
    return this.state === "completed" || this.state === "cancelled" || this.state === "held";
  }

  trial(n: number): Trial | undefined {
    return this.trials.trial(n);
  }

  /** The trial that has waited longest among those that may be assigned. */
  nextWaiting(): Trial | undefined {
    if (!this.isLeasing) return undefined;
    for (const n of this.waiting) {
      const trial = this.trial(n);
      if (trial && trial.order === "") return trial;
    }
    return undefined;
  }

  /** Returns the number of the parent run that the worker took with this assignment; 0 if it had one. */
  assigned(event: Assigned): number {
    let bound = 0;
    let trial = this.trials.forFold(event.n);
    if (trial) {
      const last = lastAttempt(trial);
      if (trial.status !== "waiting" || event.attempt !== last.attempt + 1) this.#impossible(event, trial);
      this.waiting.delete(event.n);
      trial.status = "running";
      trial.reason = "";
      trial.attempts.push(this.#attemptOf(event));
    } else {
      if (event.n !== this.trials.length + 1 || event.attempt !== 1) this.#impossible(event, trial);
      const { n, run, configuration, seed } = event;
      trial = newTrial(n, run, configuration, seed, [this.#attemptOf(event)]);
      trial.why = event.why;
      this.trials.add(trial, this.runSets.started(configuration));
      this.open += 1;
      bound = this.parentRuns.started(event.worker, run);
    }
    const { worker } = event;
    this.holding.set(worker, (this.holding.get(worker) ?? 0) + 1);
    return bound;
  }

  completed(event: Completed): void {
    const trial = this.#openTrial(event);
    // Read before this result joins the completions, because reading may recount them.
    const { runSets } = this;
    this.#close(trial, event.at);
    trial.hpmax = event.hpmax;
    trial.iters = event.iters;
    const before = this.columns.length;
    trial.metrics = this.metricColumns.row(event.metrics);
    trial.status = this.feasibility.isFeasible(trial) ? "completed" : "infeasible";
    if (this.columns.length > before) {
      this.columnsBy.set(event.worker, (this.columnsBy.get(event.worker) ?? 0) + this.columns.length - before);
    }
    this.ended += 1;
    if (this.failingRow.size > 0) this.failingRow.clear();
    this.completions.push(trial.n);
    this.outcomes.completed += 1;
    this.#countFor(event.worker, 1);
    if (event.worker !== lastAttempt(trial).worker) trial.resultBy = this.#shared(event.worker);
    runSets.completed(this.trials.runSetOf(trial.n), event.hpmax, trial.run, trial.status === "completed");
    this.trials.completed(trial);
  }

  endedWithout(event: EndedWithout): void {
    const trial = this.#openTrial(event);
    this.#close(trial, event.at);
    const { outcome: status, reason, console = "", iters = 0, prunedBy = null } = event;
    Object.assign(trial, { status, reason, console, iters, prunedBy } satisfies Partial<Trial>);
    this.outcomes[event.outcome] += 1;
    const runSet = this.trials.runSetOf(trial.n);
    if (event.outcome === "cancelled") {
      this.runSets.released(runSet);
    } else {
      this.ended += 1;
      if (event.outcome !== "pruned") this.failingRow.add(trial.n);
      if (event.outcome === "failed") {
        this.runSets.failed(runSet, event.worker);
        this.failedOn.set(trial.n, event.worker);
      } else this.runSets.endedOtherwise(runSet);
    }
  }

  lostBy(event: Lost): void {
    const trial = this.#openTrial(event);
    const last = lastAttempt(trial);
    if (trial.status !== "running" || last.attempt !== event.attempt) this.#impossible(event, trial);
    this.#letGo(last.worker);
    last.end = `${event.outcome}: ${event.reason}`;
    last.cause = event.cause;
    trial.status = "waiting";
    trial.reason = event.reason;
    if (event.charged) trial.charged += 1;
    if (event.outcome === "lost") this.lost += 1;
    else this.reclaimed += 1;
    this.waiting.add(trial.n);
  }

  /** Takes a failure back: the trial, which is returned, waits for another worker. */
  reopenedBy(event: Reopened): Trial {
    const trial = this.trials.forFold(event.n);
    const part = trial?.attempts.find(({ attempt }) => attempt === event.attempt);
    if (trial?.status !== "failed" || part?.worker !== event.worker) this.#impossible(event, trial);
    part.end = `taken back: ${event.reason}`;
    trial.status = "waiting";
    trial.why = trial.reason = event.reason;
    trial.console = "";
    trial.charged = 0;
    trial.endedAt = 0;
    this.outcomes.failed -= 1;
    this.ended -= 1;
    this.open += 1;
    this.reopened += 1;
    this.waiting.add(trial.n);
    this.runSets.reopened(this.trials.runSetOf(trial.n), event.worker);
    this.failedOn.delete(trial.n);
    this.failingRow.delete(trial.n);
    return trial;
  }

  editedBy(event: JobEdited): void {
    this.#become(asEdited(this.submitted, event));
    this.edits.push(event);
  }

  refinedBy(event: RangeRefined): void {
    this.#become(asRefined(this.submitted, this.trials.length, event));
  }

  #become(submitted: JobSubmitted): void {
    this.submitted = submitted;
    this.feasibility.require(submitted.settings.require, submitted.hyperparameters);
  }

  checkpointed(event: Checkpointed): void {
    const trial = this.#openTrial(event);
    const { worker, attempt, stage, iters, blob, key, size, sha256, chunks } = event;
    if (trial.checkpoint && isFurther(trial.checkpoint, event)) this.#impossible(event, trial);
    trial.checkpoint = { worker, attempt, stage, iters, blob, key, size, sha256, chunks };
    trial.unsaved = "";
  }

  lateBy(event: Late): void {
    const trial = this.trials.forFold(event.n);
    if (!trial || isOpen(trial)) this.#impossible(event, trial);
    trial.late += 1;
    this.late += 1;
  }

  /**
   * Rejects results, or accepts rejected ones again. Returns, by worker, the change in its number of results. Rejected
   * results keep their places in the order of completion, so that accepting them restores every estimate exactly.
   */
  judged(event: ResultsJudged): Map<WorkerId, number> {
    const isRejection = event.verdict === "rejected";
    const more = isRejection ? -1 : 1;
    const named = new Set(event.trials);
    const changes = new Map<WorkerId, number>();
    const places = [...this.rejected].map((n) => ({ n, place: this.trials.forFold(n)?.rejected?.place ?? -1 }));
    const order = orderOfCompletion(this.completions, places);
    for (const [place, n] of order.entries()) {
      const trial = named.has(n) && this.rejected.has(n) !== isRejection && this.trials.forFold(n);
      if (!trial) continue;
      if (isRejection) {
        rejectResult(trial, place, event);
        this.rejected.add(n);
      } else {
        acceptResult(trial);
        this.feasibility.judge(trial);
        this.rejected.delete(n);
      }
      this.outcomes.completed += more;
      const worker = resultBy(trial);
      this.#countFor(worker, more);
      changes.set(worker, (changes.get(worker) ?? 0) + more);
    }
    if (changes.size === 0) return changes;
    const counted = order.filter((n) => !this.rejected.has(n));
    this.completions.length = counted.length;
    for (const [i, n] of counted.entries()) this.completions[i] = n;
    this.#isStale = true;
    this.#verdicts += 1;
    return changes;
  }

  /** The results that count: those of earlier searches, then the job's own in the order of completion. */
  *#counted(): Iterable<Counted> {
    for (const { configuration, hpmax, run } of this.imported) yield [configuration, hpmax ?? Number.NaN, run, true];
    const { trials } = this;
    for (const n of this.completions) {
      yield [trials.runSetOf(n), trials.hpmaxOf(n) ?? Number.NaN, trials.runOf(n), trials.isFeasible(n)];
    }
  }

  #countFor(worker: WorkerId, more: number): void {
    const count = (this.completedBy.get(worker) ?? 0) + more;
    if (count > 0) this.completedBy.set(worker, count);
    else this.completedBy.delete(worker);
  }

  #openTrial(event: Checkpointed | Completed | EndedWithout | Lost): Trial {
    const trial = this.trials.forFold(event.n);
    if (!trial || !isOpen(trial)) this.#impossible(event, trial);
    if (!trial.attempts.some((part) => part.attempt === event.attempt)) this.#impossible(event, trial);
    return trial;
  }

  #close(trial: Trial, at: number): void {
    if (trial.status === "running") this.#letGo(lastAttempt(trial).worker);
    else this.waiting.delete(trial.n);
    this.paused.delete(trial.n);
    this.condemned.delete(trial.n);
    this.open -= 1;
    trial.order = "";
    trial.endedAt = at;
    // These texts are needed only while the trial is open, and would be a fifth of the memory of an ended one.
    lastAttempt(trial).claimId = "";
    trial.why = trial.reason = trial.unsaved = "";
    trial.checkpoint = null;
  }

  #letGo(worker: WorkerId): void {
    const left = (this.holding.get(worker) ?? 0) - 1;
    if (left > 0) this.holding.set(worker, left);
    else this.holding.delete(worker);
  }

  #attemptOf({ attempt, worker, bootId, claimId, at }: Assigned): Attempt {
    return newAttempt({ attempt, worker: this.#shared(worker), bootId: this.#shared(bootId), claimId, at });
  }

  #shared<T extends string>(text: T): T {
    return this.#texts.all[this.#texts.add(text)] as T; // an equal text, so of the same kind
  }

  #impossible(event: { type: string; n: number; attempt: number }, trial: Trial | undefined): never {
    const state = trial ? `is ${trial.status} with ${trial.attempts.length} attempts` : "does not exist";
    throw new FoldError(
      `${this.job}: "${event.type}" of trial ${event.n}, attempt ${event.attempt}, but that trial ${state}`,
    );
  }
}
