import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { JobName } from "../../../shared/domain/names.ts";

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
  /** The use that a new job, or one that wanted no slots, is credited with. */
  #even = 0;
  #at: number;

  /** @param now  monotonic milliseconds */
  constructor(now: number) {
    this.#at = now;
  }

  /** Called several times a second with the jobs that are not over. */
  advance(open: readonly RunTable[], now: number): void {
    const passed = now - this.#at;
    this.#at = now;
    const jobs = new Set(open.map(({ job }) => job));
    for (const job of this.#had.keys()) if (!jobs.has(job)) this.#had.delete(job);
    let least = Number.POSITIVE_INFINITY;
    let most = 0;
    for (const table of open) {
      const had = this.#of(table) + (passed * slotsOf(table)) / table.submitted.settings.priority;
      this.#had.set(table.job, had);
      most = Math.max(most, had);
      if (wantsSlots(table)) least = Math.min(least, had);
    }
    const floor = Math.max(0, most - mostOwed);
    this.#even = Number.isFinite(least) ? Math.max(floor, least) : most;
    for (const table of open) {
      this.#had.set(table.job, Math.max(this.#of(table), wantsSlots(table) ? floor : this.#even));
    }
  }

  /** Sorts the jobs by whose turn it is; the older of two equals comes first. */
  inTurn(tables: RunTable[]): RunTable[] {
    const due = (table: RunTable): number =>
      this.#of(table) + (aheadMs * slotsOf(table)) / table.submitted.settings.priority;
    return tables.sort((a, b) => due(a) - due(b));
  }

  #of({ job }: RunTable): number {
    return this.#had.get(job) ?? this.#even;
  }
}

const wantsSlots = (table: RunTable): boolean => table.hasRoom || table.nextWaiting() !== undefined;
