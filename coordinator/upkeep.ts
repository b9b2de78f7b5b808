import type { Lease } from "../shared/domain/lease.ts";
import { lastAttempt } from "../shared/domain/trial.ts";
import { closeIfDone, stopIfReached } from "./job-end.ts";
import type { Reign } from "./reign.ts";
import { requeue } from "./requeue.ts";

/** What the leader does by the clock: leases that ran out, its own stalls, jobs that end. */
export class Upkeep {
  readonly #reign: Reign;
  #lastTick: number;

  constructor(reign: Reign) {
    this.#reign = reign;
    this.#lastTick = reign.ports.clock.monotonic();
  }

  /** Called several times a second. */
  tick(): void {
    const reign = this.#reign;
    const now = reign.ports.clock.monotonic();
    const stalled = now - this.#lastTick > reign.leaseMs / 3;
    this.#lastTick = now;
    // After a stall the workers' renewals may lie unread behind this very tick.
    if (stalled) {
      this.silenceWasOurs("this coordinator stood still");
      return;
    }
    if (!reign.ports.leads()) return;
    for (const lease of reign.leases.expired(now)) this.#expire(lease);
    for (const table of reign.state.jobs.values()) {
      if (table.isOver) continue;
      stopIfReached(reign, table);
      closeIfDone(reign, table);
    }
  }

  /** The broker or this process was away: every holder gets one full period, and losing it is not charged. */
  silenceWasOurs(why: string): void {
    const reign = this.#reign;
    if (reign.leases.size > 0)
      reign.ports.log.info({ leases: reign.leases.size, why }, "every lease gets a full period");
    reign.leases.extendAll(reign.ports.clock.monotonic());
  }

  #expire(lease: Lease): void {
    const reign = this.#reign;
    const { job, n, attempt, worker, charged } = lease;
    reign.leases.end(job, n);
    const table = reign.state.jobs.get(job);
    const trial = table?.trial(n);
    if (!table || !trial || trial.status !== "running" || lastAttempt(trial).attempt !== attempt) return;
    const reason = `no sign of life from ${worker} for ${(reign.leaseMs / 1000).toFixed(0)} s`;
    requeue(reign, table, trial, { outcome: "lost", charged, reason, ev: 0 });
  }
}
