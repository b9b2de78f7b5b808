import { childRunName, type JobName, parentRunName, parseRunName, type RunName, type WorkerId } from "../names.ts";
import { FoldError } from "./fold-error.ts";

/** One worker's part in a job. */
export interface ParentRun {
  readonly number: number;
  readonly name: RunName;
  /** Null until a worker has taken it. */
  worker: WorkerId | null;
  children: number;
}

/** The parent runs of a job. The first workers take those made at submission, in order; each later worker gets a new one. */
export class ParentRuns {
  readonly #job: JobName;
  /** In the order in which they were made. */
  readonly all: ParentRun[] = [];
  readonly #byWorker = new Map<WorkerId, ParentRun>();
  readonly #byNumber = new Map<number, ParentRun>();
  /** Place in `all` of the first that no worker has taken. */
  #free = 0;

  constructor(job: JobName) {
    this.#job = job;
  }

  make(number: number): ParentRun {
    return this.keep({ number, name: parentRunName(number), worker: null, children: 0 });
  }

  keep(parent: ParentRun): ParentRun {
    this.all.push(parent);
    this.#byNumber.set(parent.number, parent);
    if (parent.worker !== null) this.#taken(parent.worker, parent);
    return parent;
  }

  /** Whether this worker ever began a run of the job. */
  has(worker: WorkerId): boolean {
    return this.#byWorker.has(worker);
  }

  /** The name of the next run that this worker starts; `fresh` is the workspace's next run number. */
  nextRunName(worker: WorkerId, fresh: number): RunName {
    const parent = this.#byWorker.get(worker) ?? this.all[this.#free];
    return childRunName(parent?.number ?? fresh, (parent?.children ?? 0) + 1);
  }

  /**
   * A worker starts a run for the first time. Returns the number of the parent run that it took for it; 0 if it had one.
   *
   * @throws FoldError if the run is not a child run, or a child of another worker's parent run
   */
  started(worker: WorkerId, run: RunName): number {
    const own = this.#byWorker.get(worker);
    if (own) {
      own.children += 1;
      return 0;
    }
    const parsed = parseRunName(run);
    if (!parsed || parsed.child === null) throw new FoldError(`${this.#job}: "${run}" is not a child run's name`);
    const parent = this.#byNumber.get(parsed.parent) ?? this.make(parsed.parent);
    if (parent.worker !== null) throw new FoldError(`${this.#job}: ${parent.name} belongs to ${parent.worker}`);
    parent.worker = worker;
    parent.children += 1;
    this.#taken(worker, parent);
    return parent.number;
  }

  #taken(worker: WorkerId, parent: ParentRun): void {
    this.#byWorker.set(worker, parent);
    while (this.all[this.#free]?.worker) this.#free += 1;
  }
}
