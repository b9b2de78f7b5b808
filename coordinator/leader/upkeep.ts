import { openJobs } from "../../shared/domain/fitting.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import type { Lease } from "../../shared/domain/lease.ts";
import type { JobName } from "../../shared/domain/names.ts";
import { resumePurges } from "./orders/resume-purges.ts";
import type { Reign } from "./reign/reign.ts";
import { enforce } from "./rules/enforce.ts";
import { closeIfDone, stopIfReached } from "./rules/job-end.ts";
import { CatchingUp } from "./rules/learning.ts";
import { lookAfterOwn } from "./rules/own-search.ts";
import { requeueLeased } from "./rules/requeue.ts";
import { sweepStates } from "./workers/checkpoints.ts";

/** Time after a take-over, or after the loss of a run, in which messages that were in flight arrive. */
const soonMs = 60_000;
const sweepEveryMs = 3_600_000;

/** What the leader does by the clock: expired leases, its own stalls, ends of jobs, unfinished orders. */
export class Upkeep {
  readonly #reign: Reign;
  readonly #hears: () => boolean;
  #lastTick: number;
  #sweepAt: number;
  /** Sweeps that are due soon, one after the other: a state of an open trial is deleted when two in a row find it. */
  #sweepsSoon = 1;
  #lossesSeen: number;
  /** States that the last sweep found; they may belong to a checkpoint in flight. */
  #suspects: ReadonlySet<string> = new Set();
  readonly #catchingUp: CatchingUp;
  /** Jobs that ran on as many nodes as they may, at the last tick. */
  readonly #full = new Set<JobName>();

  /** @param hears  whether workers' questions can arrive, as far as this process knows: if not, no lease expires */
  constructor(reign: Reign, hears: () => boolean = () => true) {
    this.#reign = reign;
    this.#hears = hears;
    this.#catchingUp = new CatchingUp(reign);
    this.#lastTick = reign.ports.clock.monotonic();
    this.#sweepAt = this.#lastTick + soonMs;
    this.#lossesSeen = reign.losses;
  }

  /** Called several times a second. */
  tick(): void {
    const reign = this.#reign;
    const now = reign.ports.clock.monotonic();
    const stalled = now - this.#lastTick > reign.leaseMs / 3;
    this.#lastTick = now;
    // After a stall, renewals may be waiting unread behind this tick.
    if (stalled) {
      this.silenceWasOurs("this coordinator stood still");
      return;
    }
    if (!reign.ports.leads()) return;
    if (this.#hears()) for (const lease of reign.leases.expired(now)) this.#expire(lease);
    this.#sweepIfDue(now);
    enforce(reign);
    lookAfterOwn(reign);
    this.#catchingUp.tick(now);
    resumePurges(reign);
    reign.repeated.tell(now);
    reign.shares.advance(openJobs(reign.state), now);
    for (const table of reign.state.jobs.values()) {
      if (table.isOver) continue;
      stopIfReached(reign, table);
      closeIfDone(reign, table);
      this.#offerPlaces(table);
      // The workers that were woken when a trial was lost may be gone too.
      if (table.nextWaiting()) reign.waiting.wakeFor(table);
    }
  }

  /** A worker that dies while it stores a state leaves pieces of it: a loss brings sweeps soon. */
  #sweepIfDue(now: number): void {
    if (this.#reign.losses !== this.#lossesSeen) {
      this.#lossesSeen = this.#reign.losses;
      this.#sweepsSoon = 2;
      this.#sweepAt = Math.min(this.#sweepAt, now + soonMs);
    }
    if (now < this.#sweepAt) return;
    this.#sweepsSoon = Math.max(0, this.#sweepsSoon - 1);
    this.#sweepAt = now + (this.#sweepsSoon > 0 ? soonMs : sweepEveryMs);
    void this.#sweep();
  }

  /** Deletes the states in BLOB that nobody needs; the next sweep makes up for one that fails. */
  async #sweep(): Promise<void> {
    try {
      this.#suspects = await sweepStates(this.#reign, this.#suspects);
    } catch (error) {
      this.#reign.ports.log.warn(`the states of runs could not be swept: ${String(error)}`);
    }
    try {
      await this.#reign.bundles.sweep(this.#reign.blobMost);
    } catch (error) {
      this.#reign.ports.log.warn(`what jobs brought along could not be swept: ${String(error)}`);
    }
  }

  /**
   * Wakes the waiting workers when a place of compute_nodes is free and its last holder has not taken it again. This goes by
   * the clock: at each end of a run, a thousand idle workers would ask for a place that is gone a moment later.
   */
  #offerPlaces(table: RunTable): void {
    const { computeNodes } = table.submitted.settings;
    const isFull = computeNodes !== null && table.holding.size >= computeNodes;
    if (isFull) this.#full.add(table.job);
    else if (this.#full.delete(table.job) && (table.hasRoom || table.nextWaiting())) this.#reign.waiting.wake();
  }

  /** The broker or this process was away: every lease gets a full period, and its loss is not charged. */
  silenceWasOurs(why: string): void {
    const reign = this.#reign;
    if (reign.leases.size > 0)
      reign.ports.log.info({ leases: reign.leases.size, why }, "every lease gets a full period");
    reign.leases.extendAll(reign.ports.clock.monotonic());
  }

  #expire(lease: Lease): void {
    const reign = this.#reign;
    const { job, n, worker, charged } = lease;
    reign.leases.end(job, n);
    const reason = `no sign of life from ${worker} for ${(reign.leaseMs / 1000).toFixed(0)} s`;
    requeueLeased(reign, lease, () => ({ cause: "silent", charged, reason }));
  }
}
