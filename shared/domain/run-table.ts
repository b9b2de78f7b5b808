import type { Assigned, Completed, EndedWithout, JobStateName, JobSubmitted, Late, Lost } from "./events.ts";
import { childRunName, type JobName, parentRunName, parseRunName, type RunName, type WorkerId } from "./names.ts";
import { RunSetIndex } from "./run-set.ts";
import { isOpen, lastAttempt, type Trial } from "./trial.ts";

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
  readonly submitted: JobSubmitted;
  state: JobStateName = "searching";
  /** Why the job is in its state. */
  reason = "";
  endedAt: number | null = null;
  /** Trial n is at n - 1. */
  readonly trials: Trial[] = [];
  readonly runSets = new RunSetIndex();
  readonly parents: ParentRun[] = [];
  /** Names of the metric columns, in order of first appearance. */
  readonly columns: string[] = [];
  /** Trials that wait for a free slot, in the order in which they were lost. */
  readonly waiting = new Set<number>();
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
  readonly #parentOf = new Map<WorkerId, ParentRun>();
  #unbound = 0;

  constructor(submitted: JobSubmitted) {
    this.job = submitted.job;
    this.submitted = submitted;
    for (let i = 0; i < submitted.parents; i += 1) this.#addParent(submitted.firstParent + i);
  }

  get running(): number {
    return this.open - this.waiting.size;
  }

  /** Whether another configuration may be started: ended + open never exceeds total_runs. */
  get hasRoom(): boolean {
    return this.state === "searching" && this.ended + this.open < this.submitted.settings.totalRuns;
  }

  get isOver(): boolean {
    return this.state === "completed" || this.state === "cancelled" || this.state === "held";
  }

  trial(n: number): Trial | undefined {
    return this.trials[n - 1];
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
    let trial = this.trial(event.n);
    if (trial) {
      const last = lastAttempt(trial);
      if (trial.status !== "waiting" || event.attempt !== last.attempt + 1) this.#impossible(event, trial);
      this.waiting.delete(event.n);
      trial.status = "running";
      trial.reason = "";
    } else {
      if (event.n !== this.trials.length + 1 || event.attempt !== 1) this.#impossible(event, trial);
      const { configuration } = event;
      trial = {
        n: event.n,
        run: event.run,
        configuration,
        seed: event.seed,
        status: "running",
        attempts: [],
        charged: 0,
        hpmax: null,
        iters: 0,
        metrics: [],
        reason: "",
        why: event.why,
        endedAt: 0,
        late: 0,
      };
      this.trials.push(trial);
      this.open += 1;
      this.runSets.started(configuration);
      bound = this.#bind(event);
    }
    const { attempt, worker, bootId, claimId, at } = event;
    trial.attempts.push({ attempt, worker, bootId, claimId, at, end: "" });
    this.holding.set(worker, (this.holding.get(worker) ?? 0) + 1);
    return bound;
  }

  completed(event: Completed): Trial {
    const trial = this.#openTrial(event);
    this.#close(trial, event.at);
    trial.status = "completed";
    trial.hpmax = event.hpmax;
    trial.iters = event.iters;
    trial.metrics = this.#inColumns(event.metrics);
    this.ended += 1;
    this.outcomes.completed += 1;
    this.runSets.completed(trial.configuration, event.hpmax, trial.run);
    return trial;
  }

  endedWithout(event: EndedWithout): Trial {
    const trial = this.#openTrial(event);
    this.#close(trial, event.at);
    trial.status = event.outcome;
    trial.reason = event.reason;
    this.outcomes[event.outcome] += 1;
    if (event.outcome === "cancelled") {
      this.runSets.released(trial.configuration);
    } else {
      this.ended += 1;
      if (event.outcome === "failed") this.runSets.failed(trial.configuration, event.worker);
      else this.runSets.endedOtherwise(trial.configuration);
    }
    return trial;
  }

  lostBy(event: Lost): Trial {
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
    return trial;
  }

  lateBy(event: Late): void {
    const trial = this.trial(event.n);
    if (!trial || isOpen(trial)) this.#impossible(event, trial);
    trial.late += 1;
    this.late += 1;
  }

  #openTrial(event: Completed | EndedWithout | Lost): Trial {
    const trial = this.trial(event.n);
    if (!trial || !isOpen(trial)) this.#impossible(event, trial);
    if (!trial.attempts.some((part) => part.attempt === event.attempt)) this.#impossible(event, trial);
    return trial;
  }

  #close(trial: Trial, at: number): void {
    if (trial.status === "running") this.#letGo(lastAttempt(trial).worker);
    else this.waiting.delete(trial.n);
    this.open -= 1;
    trial.endedAt = at;
    trial.why = "";
    trial.reason = "";
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
    const parent = this.parents.find((each) => each.number === parsed.parent) ?? this.#addParent(parsed.parent);
    if (parent.worker !== null) throw new FoldError(`${this.job}: ${parent.name} belongs to ${parent.worker}`);
    parent.worker = event.worker;
    parent.children += 1;
    this.#parentOf.set(event.worker, parent);
    while (this.parents[this.#unbound]?.worker) this.#unbound += 1;
    return parent.number;
  }

  #addParent(number: number): ParentRun {
    const parent: ParentRun = { number, name: parentRunName(number), worker: null, children: 0 };
    this.parents.push(parent);
    return parent;
  }

  #inColumns(metrics: Readonly<Record<string, number>>): number[] {
    for (const name of Object.keys(metrics)) if (!this.columns.includes(name)) this.columns.push(name);
    return this.columns.map((name) => metrics[name] ?? Number.NaN);
  }

  #impossible(event: { type: string; n: number; attempt: number }, trial: Trial | undefined): never {
    const state = trial ? `is ${trial.status} with ${trial.attempts.length} attempts` : "does not exist";
    throw new FoldError(
      `${this.job}: "${event.type}" of trial ${event.n}, attempt ${event.attempt}, but that trial ${state}`,
    );
  }
}
