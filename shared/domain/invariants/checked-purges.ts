import type { JobDeleted, JournalEvent, WorkerPurged } from "../fold/events.ts";
import type { WorkspaceState } from "../fold/workspace-state.ts";
import type { JobName, WorkerId } from "../names.ts";

/** Which of a worker's messages its purges may have taken: those before a sequence of EV. */
interface Reach {
  /** For messages on which none of its results rests. */
  before: number;
  /** For all messages. */
  allBefore: number;
}

/**
 * Checks purges and deletions. Only a worker that is benched or revoked is purged, and each purge ends once, after it
 * began; whether a job may be deleted is checked by InvariantCheck. Messages that a purge may have taken are not
 * expected. Those on which a worker's results rest stay, unless the order includes them (`all`).
 */
export class CheckedPurges {
  readonly #sentAway = new Set<WorkerId>();
  readonly #reaches = new Map<WorkerId, Reach>();
  readonly #open = new Map<string, WorkerId>();
  /** Deleted jobs: before which message of EV, and whether the deletion goes on. */
  readonly #deleted = new Map<JobName, { readonly before: number; goesOn: boolean }>();
  #messages = 0;
  readonly #broken: (what: string) => void;

  /** @param broken  hears what is wrong with a record, in words */
  constructor(broken: (what: string) => void) {
    this.#broken = broken;
  }

  /** Reads the next record of the journal. */
  event(event: JournalEvent): void {
    if (event.type === "worker-purged") this.#purged(event);
    else if (event.type === "job-deleted") this.#deletion(event);
    else if (event.type === "worker-forgotten") this.#sentAway.delete(event.worker);
    else if (event.type === "worker-state") {
      if (event.state === "benched" || event.state === "revoked") this.#sentAway.add(event.worker);
      else if (event.state === "admitted") this.#sentAway.delete(event.worker);
    }
  }

  isDeleted(job: JobName): boolean {
    return this.#deleted.has(job);
  }

  /** Whether this message of the worker about the job may be gone. @param isResult  a completed run rests on it */
  mayBeGone(job: JobName, worker: WorkerId, seq: number, isResult: boolean): boolean {
    if (seq < (this.#deleted.get(job)?.before ?? 0)) return true;
    const reach = this.#reaches.get(worker);
    return !!reach && seq < (isResult ? reach.allBefore : Math.max(reach.before, reach.allBefore));
  }

  /** Whether the curve of a run that these workers held may have gaps. */
  mayHaveGaps(workers: readonly WorkerId[]): boolean {
    return this.#reaches.size > 0 && workers.some((worker) => (this.#reaches.get(worker)?.allBefore ?? 0) > 0);
  }

  /** Differences between a fold, or a snapshot of one, and the records. */
  compare({ purges, deleted }: WorkspaceState): void {
    const open = this.#open.size + [...this.#deleted.values()].filter(({ goesOn }) => goesOn).length;
    const folded = purges.open.length + purges.deleting.length;
    if (purges.messages !== this.#messages || folded !== open)
      this.#broken(
        `${purges.messages} messages were purged in the fold and ${folded} purges are under way, ${this.#messages} and ${open} by the records`,
      );
    if (deleted.size !== this.#deleted.size)
      this.#broken(`${deleted.size} jobs were deleted in the fold, ${this.#deleted.size} by the records`);
  }

  #deletion({ job, before, messages }: JobDeleted): void {
    const known = this.#deleted.get(job);
    if (messages === null) {
      if (known) this.#broken(`${job} was deleted twice`);
      this.#deleted.set(job, { before, goesOn: true });
      return;
    }
    if (!known?.goesOn || known.before !== before) this.#broken(`a deletion of ${job} ended that had not begun`);
    if (messages >= before) this.#broken(`${messages} messages of ${job} before ${before} were deleted`);
    if (known) known.goesOn = false;
    this.#messages += messages;
  }

  #purged({ worker, before, all, messages }: WorkerPurged): void {
    const key = `${worker} ${before}`;
    if (messages !== null) {
      if (!this.#open.delete(key)) this.#broken(`a purge of ${worker} ended that had not begun`);
      if (messages >= before) this.#broken(`${messages} messages of ${worker} before ${before} were purged`);
      this.#messages += messages;
      return;
    }
    if (!this.#sentAway.has(worker)) this.#broken(`${worker} was purged, but neither benched nor revoked`);
    if (this.#open.has(key)) this.#broken(`a purge of ${worker} began twice`);
    this.#open.set(key, worker);
    const reach = this.#reaches.get(worker) ?? { before: 0, allBefore: 0 };
    if (all) reach.allBefore = Math.max(reach.allBefore, before);
    else reach.before = Math.max(reach.before, before);
    this.#reaches.set(worker, reach);
  }
}
