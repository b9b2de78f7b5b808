import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { JobName } from "../../../shared/domain/names.ts";

/** How long a run counts as being about to take its slots: jobs that are even in time share the slots of the moment. */
const aheadMs = 10_000;
/** A job that nobody could serve is owed no more than this, in milliseconds of one slot at priority 1. */
const mostOwed = 24 * 3_600_000;

const slotsOf = ({ running, submitted }: RunTable): number => running * submitted.settings.coresPerRun;

/**
 * Who gets the next slot: jobs share the slots' time in proportion to `priority`, also where there are fewer slots than jobs.
 * What a job has had is the time of its slots over its priority; the one that has had least comes first. A job that wants
 * nothing, or is new, is owed nothing for that time. Kept by the leader alone: with the next one all begin even.
 */
export class Shares {
  /** Milliseconds of slots over priority. */
  readonly #had = new Map<JobName, number>();
  /** Where a job begins that was not there, or wanted nothing. */
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

  /** The jobs, the one whose turn it is first; of equals the older. */
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
