import { childRunName, type JobName, parentRunName, parseRunName, type RunName, type WorkerId } from "../names.ts";
import { RunSetIndex } from "../run-sets/run-set.ts";
import { defaultSettings } from "../runspec/settings.ts";
import type {
  Assigned,
  Checkpointed,
  Completed,
  EndedWithout,
  JobEdited,
  JobStateName,
  JobSubmitted,
  Late,
  Lost,
  Reopened,
  RunsOrdered,
} from "./events.ts";
import { importedRuns } from "./imported.ts";
import type { SavedTable } from "./snapshot.ts";
import { type Attempt, isFurther, isOpen, lastAttempt, type Trial } from "./trial.ts";
import { type SavedTrials, TrialList } from "./trial-list.ts";

/** Columns of a job's metrics; what has other names beyond these is not kept, so that no worker can fill the journal's fold. */
export const mostColumns = 1000;

/** The journal says what cannot be: it was written by something else, or is damaged. Nothing is guessed. */
export class FoldError extends Error {
  override readonly name = "FoldError";
}

/** One worker's part in a job. */
export interface ParentRun {
  readonly number: number;
  readonly name: RunName;
  /** Null until a worker of its own has come. */
  worker: WorkerId | null;
  children: number;
}

/** All runs of one job; changed by its `apply` methods alone, which the fold calls. */
export class RunTable {
  readonly job: JobName;
  /** As it was submitted, with the settings and values that edits have made of it since. */
  submitted: JobSubmitted;
  readonly edits: JobEdited[] = [];
  state: JobStateName = "searching";
  /** Why the job is in its state. */
  reason = "";
  /** Who brought it there: an operator, or "coordinator". */
  stateBy = "";
  endedAt: number | null = null;
  /** Runs of earlier searches: in the run sets, but in none of the counts below. */
  readonly imported: readonly Trial[];
  /** Trial numbers in the order of their completions, which no clock tells. */
  readonly completions: number[] = [];
  readonly runSets = new RunSetIndex();
  readonly trials = new TrialList(this.runSets.configurations);
  readonly parents: ParentRun[] = [];
  /** Names of the metric columns, in order of first appearance. */
  readonly columns: string[] = [];
  /** Trials that wait for a free slot, in the order in which they were lost. */
  readonly waiting = new Set<number>();
  /** Open trials that a person has paused: frozen where they run, given to nobody where they wait. */
  readonly paused = new Set<number>();
  /** Open trials that a person has stopped or cancelled, until that is recorded of each. */
  readonly condemned = new Set<number>();
  /** How many trials each worker holds now. */
  readonly holding = new Map<WorkerId, number>();
  /** Completed, failed, timed out or pruned. */
  ended = 0;
  /** Running or waiting. */
  open = 0;
  readonly outcomes = { completed: 0, failed: 0, "timed out": 0, pruned: 0, cancelled: 0 };
  lost = 0;
  reclaimed = 0;
  late = 0;
  /** Failures that were taken back because their machine was sick. */
  reopened = 0;
  /** Completed runs of each worker. */
  readonly completedBy = new Map<WorkerId, number>();
  /** Trials that failed, and on which worker. */
  readonly #failedOn = new Map<number, WorkerId>();
  readonly #columnAt = new Map<string, number>();
  readonly #texts = new Map<string, string>();
  readonly #parentOf = new Map<WorkerId, ParentRun>();
  /** By number. */
  readonly #parentAt = new Map<number, ParentRun>();
  #unbound = 0;

  constructor(submitted: JobSubmitted) {
    this.job = submitted.job;
    this.imported = importedRuns(submitted);
    for (const { configuration, hpmax, run } of this.imported) {
      this.runSets.started(configuration);
      this.runSets.completed(configuration, hpmax ?? Number.NaN, run);
    }
    // A job of an earlier version has no word on settings that came later.
    this.submitted = { ...submitted, settings: { ...defaultSettings, ...submitted.settings } };
    for (let i = 0; i < submitted.parents; i += 1) this.#addParent(submitted.firstParent + i);
  }

  get running(): number {
    return this.open - this.waiting.size;
  }

  /** As plain data, without the trials. */
  save(): SavedTable {
    const { submitted, edits, state, reason, stateBy, endedAt, completions, parents, columns } = this;
    const { waiting, paused, condemned, holding, lost, reclaimed, late, reopened, completedBy, runSets } = this;
    const numbers = { lost, reclaimed, late, reopened };
    return {
      ...{ submitted, edits, state, reason, stateBy, endedAt, parents, columns, ...numbers },
      completions: Uint32Array.from(completions),
      configurations: runSets.configurations.rows.slice(),
      runSets: runSets.size,
      waiting: [...waiting],
      paused: [...paused],
      condemned: [...condemned],
      holding: [...holding],
      completedBy: [...completedBy],
      failedOn: [...this.#failedOn],
    };
  }

  /** The table that was saved, with its trials, which are kept. The counts and run sets follow from them. */
  static restored(saved: SavedTable, trials: SavedTrials): RunTable {
    const table = new RunTable({ ...saved.submitted, parents: 0 });
    table.#take(saved, trials);
    return table;
  }

  #take(saved: SavedTable, trials: SavedTrials): void {
    const { submitted, state, reason, stateBy, endedAt, lost, reclaimed, late, reopened } = saved;
    Object.assign(this, { submitted, state, reason, stateBy, endedAt, lost, reclaimed, late, reopened });
    this.edits.push(...saved.edits);
    for (const parent of saved.parents) {
      const kept = this.#keepParent({ ...parent });
      if (kept.worker) this.#parentOf.set(kept.worker, kept);
    }
    while (this.parents[this.#unbound]?.worker) this.#unbound += 1;
    for (const name of saved.columns) this.#columnAt.set(name, this.columns.push(name) - 1);
    for (const n of saved.waiting) this.waiting.add(n);
    for (const n of saved.paused) this.paused.add(n);
    for (const n of saved.condemned) this.condemned.add(n);
    for (const [worker, count] of saved.holding) this.holding.set(worker, count);
    for (const [worker, count] of saved.completedBy) this.completedBy.set(worker, count);
    for (const [n, worker] of saved.failedOn) this.#failedOn.set(n, worker);
    this.runSets.configurations.restore(saved.configurations, saved.runSets);
    this.trials.restore(trials);
    for (const runSet of trials.runSets) this.runSets.started(runSet);
    for (const trial of trials.others) {
      for (const part of trial.attempts) this.#shared(part.bootId);
      this.#count(trial);
    }
    this.outcomes.completed += trials.columns.size;
    this.ended += trials.columns.size;
    for (const n of saved.completions) {
      this.completions.push(n);
      this.runSets.completed(this.trials.runSetOf(n), this.trials.hpmaxOf(n) ?? Number.NaN, this.trials.runOf(n));
    }
  }

  /** Of a trial of a table that is restored, whose run set has it in flight. */
  #count(trial: Trial): void {
    const { n, status } = trial;
    const runSet = this.trials.runSetOf(n);
    if (status === "running" || status === "waiting") {
      this.open += 1;
      return;
    }
    this.outcomes[status] += 1;
    if (status === "cancelled") {
      this.runSets.released(runSet);
      return;
    }
    this.ended += 1;
    const worker = this.#failedOn.get(n);
    if (status === "failed") this.runSets.failed(runSet, worker ?? lastAttempt(trial).worker);
    else if (status !== "completed") this.runSets.endedOtherwise(runSet);
  }

  /** Whether another configuration may be started: ended + open never exceeds total_runs. */
  get hasRoom(): boolean {
    return this.state === "searching" && this.ended + this.open < this.submitted.settings.totalRuns;
  }

  /** Whether trials that wait are given out: what was begun is finished, unless everything stands still. */
  get isLeasing(): boolean {
    return this.state === "searching" || this.state === "draining" || this.state === "stopping";
  }

  get isOver(): boolean {
    return this.state === "completed" || this.state === "cancelled" || this.state === "held";
  }

  trial(n: number): Trial | undefined {
    return this.trials.trial(n);
  }

  /** The trial that has waited longest and may be given out; undefined when there is none. */
  nextWaiting(): Trial | undefined {
    if (!this.isLeasing) return undefined;
    for (const n of this.waiting) {
      const trial = this.trial(n);
      if (trial && trial.order === "") return trial;
    }
    return undefined;
  }

  /** Those of a run's metrics that have a column, or get one. */
  columnsFor(names: readonly string[]): string[] {
    let free = mostColumns - this.columns.length;
    return names.filter((name) => this.#columnAt.has(name) || free-- > 0);
  }

  parentOf(worker: WorkerId): ParentRun | undefined {
    return this.#parentOf.get(worker);
  }

  /** The name of the next run that this worker starts; `freshParent` is the workspace's next run number. */
  nextRunName(worker: WorkerId, freshParent: number): RunName {
    const parent = this.#parentOf.get(worker) ?? this.parents[this.#unbound];
    return childRunName(parent?.number ?? freshParent, (parent?.children ?? 0) + 1);
  }

  /** Returns the number of the parent run that this assignment bound to its worker; 0 where it had one. */
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
      const { configuration } = event;
      trial = {
        n: event.n,
        run: event.run,
        configuration,
        seed: event.seed,
        status: "running",
        attempts: [this.#attemptOf(event)],
        charged: 0,
        hpmax: null,
        iters: 0,
        metrics: [],
        reason: "",
        why: event.why,
        endedAt: 0,
        late: 0,
        order: "",
        checkpoint: null,
        console: "",
      };
      this.trials.add(trial, this.runSets.started(configuration));
      this.open += 1;
      bound = this.#bind(event);
    }
    const { worker } = event;
    this.holding.set(worker, (this.holding.get(worker) ?? 0) + 1);
    return bound;
  }

  completed(event: Completed): void {
    const trial = this.#openTrial(event);
    this.#close(trial, event.at);
    trial.status = "completed";
    trial.hpmax = event.hpmax;
    trial.iters = event.iters;
    trial.metrics = this.#inColumns(event.metrics);
    this.ended += 1;
    this.completions.push(trial.n);
    this.outcomes.completed += 1;
    this.completedBy.set(event.worker, (this.completedBy.get(event.worker) ?? 0) + 1);
    this.runSets.completed(this.trials.runSetOf(trial.n), event.hpmax, trial.run);
    this.trials.completed(trial);
  }

  endedWithout(event: EndedWithout): void {
    const trial = this.#openTrial(event);
    this.#close(trial, event.at);
    trial.status = event.outcome;
    trial.reason = event.reason;
    trial.console = event.console ?? "";
    this.outcomes[event.outcome] += 1;
    const runSet = this.trials.runSetOf(trial.n);
    if (event.outcome === "cancelled") {
      this.runSets.released(runSet);
    } else {
      this.ended += 1;
      if (event.outcome === "failed") {
        this.runSets.failed(runSet, event.worker);
        this.#failedOn.set(trial.n, event.worker);
      } else this.runSets.endedOtherwise(runSet);
    }
  }

  lostBy(event: Lost): void {
    const trial = this.#openTrial(event);
    const last = lastAttempt(trial);
    if (trial.status !== "running" || last.attempt !== event.attempt) this.#impossible(event, trial);
    this.#letGo(last.worker);
    last.end = `${event.outcome}: ${event.reason}`;
    trial.status = "waiting";
    trial.reason = event.reason;
    if (event.charged) trial.charged += 1;
    if (event.outcome === "lost") this.lost += 1;
    else this.reclaimed += 1;
    this.waiting.add(trial.n);
  }

  /** Takes a failure back; the trial waits for another worker. */
  reopenedBy(event: Reopened): void {
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
    this.#failedOn.delete(trial.n);
  }

  /** Ends that follow from an order are records of their own. */
  ordered({ trials, order, by }: RunsOrdered): void {
    for (const n of trials) {
      const trial = this.trials.forFold(n);
      if (!trial || !isOpen(trial) || this.condemned.has(n)) continue;
      if (order === "pruned" || order === "cancelled") {
        trial.order = order;
        trial.reason = `${order === "pruned" ? "stopped" : "cancelled"} by ${by}`;
        this.paused.delete(n);
        this.condemned.add(n);
      } else {
        trial.order = order === "paused" ? "paused" : "";
        if (order === "paused") this.paused.add(n);
        else this.paused.delete(n);
      }
    }
  }

  editedBy(event: JobEdited): void {
    const { settings, hyperparameters } = event;
    const before = this.submitted.hyperparameters;
    const isGrown = ({ values }: { readonly values: readonly unknown[] }, i: number): boolean =>
      before[i]?.values.every((value, position) => value === values[position]) === true;
    if (hyperparameters.length !== before.length || !hyperparameters.every(isGrown)) {
      throw new FoldError(`${this.job}: "job-edited" changes what its configurations stand for`);
    }
    this.submitted = { ...this.submitted, settings: { ...defaultSettings, ...settings }, hyperparameters };
    this.edits.push(event);
  }

  checkpointed(event: Checkpointed): void {
    const trial = this.#openTrial(event);
    const { worker, attempt, stage, iters, blob, key, size, sha256, chunks } = event;
    if (!isFurther(event, trial.checkpoint)) this.#impossible(event, trial);
    trial.checkpoint = { worker, attempt, stage, iters, blob, key, size, sha256, chunks };
  }

  lateBy(event: Late): void {
    const trial = this.trials.forFold(event.n);
    if (!trial || isOpen(trial)) this.#impossible(event, trial);
    trial.late += 1;
    this.late += 1;
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
    // Asked only while a worker holds the trial, and a fifth of what an ended one takes.
    lastAttempt(trial).claimId = "";
    trial.why = "";
    trial.reason = "";
    trial.checkpoint = null;
  }

  #letGo(worker: WorkerId): void {
    const left = (this.holding.get(worker) ?? 0) - 1;
    if (left > 0) this.holding.set(worker, left);
    else this.holding.delete(worker);
  }

  #bind(event: Assigned): number {
    const known = this.#parentOf.get(event.worker);
    if (known) {
      known.children += 1;
      return 0;
    }
    const parsed = parseRunName(event.run);
    if (!parsed || parsed.child === null) throw new FoldError(`${this.job}: "${event.run}" is not a child run's name`);
    const parent = this.#parentAt.get(parsed.parent) ?? this.#addParent(parsed.parent);
    if (parent.worker !== null) throw new FoldError(`${this.job}: ${parent.name} belongs to ${parent.worker}`);
    parent.worker = event.worker;
    parent.children += 1;
    this.#parentOf.set(event.worker, parent);
    while (this.parents[this.#unbound]?.worker) this.#unbound += 1;
    return parent.number;
  }

  #addParent(number: number): ParentRun {
    return this.#keepParent({ number, name: parentRunName(number), worker: null, children: 0 });
  }

  #keepParent(parent: ParentRun): ParentRun {
    this.parents.push(parent);
    this.#parentAt.set(parent.number, parent);
    return parent;
  }

  /** A million attempts of a hundred workers share their names: each record was read with copies of its own. */
  #attemptOf({ attempt, worker, bootId, claimId, at }: Assigned): Attempt {
    return { attempt, worker: this.#shared(worker), bootId: this.#shared(bootId), claimId, at, end: "" };
  }

  #shared<T extends string>(text: T): T {
    const known = this.#texts.get(text);
    if (known !== undefined) return known as T; // the map's values are its keys
    this.#texts.set(text, text);
    return text;
  }

  /** Ends at the last column that the run has: one with few metrics costs few, whatever columns the job has. */
  #inColumns(metrics: Readonly<Record<string, number>>): number[] {
    const values: number[] = [];
    for (const name in metrics) {
      let at = this.#columnAt.get(name);
      if (at === undefined) {
        if (this.columns.length >= mostColumns) continue;
        at = this.columns.push(name) - 1;
        this.#columnAt.set(name, at);
      }
      while (values.length < at) values.push(Number.NaN);
      values[at] = metrics[name] ?? Number.NaN;
    }
    // What is kept has no room to grow.
    return values.slice();
  }

  #impossible(event: { type: string; n: number; attempt: number }, trial: Trial | undefined): never {
    const state = trial ? `is ${trial.status} with ${trial.attempts.length} attempts` : "does not exist";
    throw new FoldError(
      `${this.job}: "${event.type}" of trial ${event.n}, attempt ${event.attempt}, but that trial ${state}`,
    );
  }
}
