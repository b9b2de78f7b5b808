import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { JobName, WorkerId } from "../../../shared/domain/names.ts";

/** Running slots count as if they had run this much longer, so that jobs with equal shares so far divide the present slots. */
const aheadMs = 10_000;
/** The most that a job which nobody could serve is owed, in milliseconds of one slot at priority 1. */
const mostOwed = 24 * 3_600_000;

const slotsOf = ({ running, submitted }: RunTable): number => running * submitted.settings.coresPerRun;

/**
 * Which job gets the next slot: jobs share the slots' time in proportion to `priority`, even if there are fewer slots than
 * jobs. What a job has had is the time of its slots divided by its priority; the job that has had least comes first. A job is
 * owed nothing for time before it was submitted, or in which it wanted no slots. Only the leader keeps this; the next one
 * starts all jobs even.
 */
export class Shares {
  /** Milliseconds of slots divided by priority. */
  readonly #had = new Map<JobName, number>();
  /** Jobs that wanted slots when they were last looked at. */
  readonly #wanting = new Set<JobName>();
  /** By worker: which job it served last, and the most that any had had when this worker served it. */
  readonly #served = new Map<WorkerId, { readonly job: JobName; readonly had: number }>();
  readonly #takes: (worker: WorkerId, table: RunTable) => boolean;
  #at: number;

  /**
   * @param now    monotonic milliseconds
   * @param takes  whether a worker is here and may take runs of a job, whatever both have now
   */
  constructor(now: number, takes: (worker: WorkerId, table: RunTable) => boolean) {
    this.#at = now;
    this.#takes = takes;
  }

  /** Called several times a second with the jobs that are not over. */
  advance(open: readonly RunTable[], now: number): void {
    const passed = now - this.#at;
    this.#at = now;
    const jobs = new Set(open.map(({ job }) => job));
    for (const job of this.#had.keys()) if (!jobs.has(job)) this.#had.delete(job);
    for (const job of this.#wanting) if (!jobs.has(job)) this.#wanting.delete(job);
    let most = 0;
    for (const table of open) {
      const had = this.#of(table) + (passed * slotsOf(table)) / table.submitted.settings.priority;
      this.#had.set(table.job, had);
      most = Math.max(most, had);
    }
    const floor = Math.max(0, most - mostOwed);
    for (const table of open) this.#had.set(table.job, Math.max(this.#of(table), floor));
    this.#creditNew(open);
  }

  /**
   * Sorts the jobs by whose turn it is; the older of two equals comes first.
   *
   * @param open  all jobs that are not over
   */
  inTurn(tables: RunTable[], open: readonly RunTable[]): RunTable[] {
    this.#creditNew(open);
    const due = (table: RunTable): number =>
      this.#of(table) + (aheadMs * slotsOf(table)) / table.submitted.settings.priority;
    return tables.sort((a, b) => due(a) - due(b));
  }

  /** A worker gets a run of this job. */
  served(table: RunTable, worker: WorkerId): void {
    const most = this.#served.get(worker)?.had ?? 0;
    this.#served.set(worker, { job: table.job, had: Math.max(most, this.#of(table)) });
  }

  forgetWorker(worker: WorkerId): void {
    this.#served.delete(worker);
  }

  /** Makes a job that is new, or that wanted no slots until now, even with its rivals. */
  #creditNew(open: readonly RunTable[]): void {
    for (const table of open) {
      if (!wantsSlots(table)) this.#wanting.delete(table.job);
      else if (!this.#wanting.has(table.job)) {
        this.#wanting.add(table.job);
        this.#had.set(table.job, Math.max(this.#of(table), this.#rivalsUse(table, open)));
      }
    }
  }

  /**
   * What the jobs have had that are served by the workers which may take this one; where none was served yet, the most that any has
   * had. What the least has had says nothing: a limit of its own, or a small pool, may leave a job far behind.
   */
  #rivalsUse(table: RunTable, open: readonly RunTable[]): number {
    let most = -1;
    for (const [worker, { job, had }] of this.#served) {
      const level = Math.max(had, this.#had.get(job) ?? 0);
      if (level > most && this.#takes(worker, table)) most = level;
    }
    return most < 0 ? Math.max(...open.map((each) => this.#of(each))) : most;
  }

  #of({ job }: RunTable): number {
    return this.#had.get(job) ?? 0;
  }
}

const wantsSlots = (table: RunTable): boolean => table.hasRoom || table.nextWaiting() !== undefined;
