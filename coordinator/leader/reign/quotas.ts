import type { WorkerId } from "../../../shared/domain/names.ts";
import { type Allowance, Buckets } from "./buckets.ts";

/**
 * What one worker may ask and store. Most of it is earned by runs: a worker of ours sends one message of reports a second for each
 * run that it holds and one at its end, and asks once for each. So however large a worker is, it stays far below its quotas, and
 * one that floods is known within a second, however slow the disk is (docs/trust.md has the table).
 */
export const usualQuotas = {
  /** Questions. What is beyond is not answered: a worker of ours asks again later. */
  asks: { perSecond: 200, atOnce: 2000 },
  /** Questions that went unanswered because there were too many. What is beyond cuts the worker off. */
  unanswered: { perSecond: 100, atOnce: 10_000 },
  /** Questions whose answer waits, for instance for a result that is on its way. */
  waiting: 5000,
  /** Starts of its process. */
  starts: { perSecond: 1 / 3, atOnce: 30 },
  /** Messages that it stores. They cannot be refused once they are stored, so what is beyond cuts the worker off. */
  messages: { perSecond: 20, atOnce: 1000 },
  /** Their bytes. */
  bytes: { perSecond: 2 * 2 ** 20, atOnce: 256 * 2 ** 20 },
  /** Whatever it sends the broker: questions, messages to store, pieces of states and files, requests for such pieces. */
  arrivals: { perSecond: 6000, atOnce: 9000 },
  /** Their bytes: 16 states of 256 MB at once. */
  arrivedBytes: { perSecond: 64 * 2 ** 20, atOnce: 4 * 2 ** 30 },
  /** Questions, and messages, that a worker earns with each run that it is given. */
  earnedByRun: 20,
  /** The same for each second that it holds a run. */
  earnedBySecond: 4,
} as const satisfies Readonly<Record<string, Allowance | number>>;

export type QuotaLimits = {
  readonly [Name in keyof typeof usualQuotas]: (typeof usualQuotas)[Name] extends number ? number : Allowance;
};

/** What is left of each worker's quotas. Only the leader keeps this; the next one begins with all of them full. */
export class Quotas {
  readonly limits: QuotaLimits;
  readonly asks: Buckets;
  readonly unanswered: Buckets;
  readonly starts: Buckets;
  readonly messages: Buckets;
  readonly bytes: Buckets;
  readonly arrivals: Buckets;
  readonly arrivedBytes: Buckets;
  /** Questions of each worker that are being answered. */
  readonly #waiting = new Map<WorkerId, number>();

  constructor(limits: QuotaLimits = usualQuotas) {
    this.limits = limits;
    this.asks = new Buckets(limits.asks);
    this.unanswered = new Buckets(limits.unanswered);
    this.starts = new Buckets(limits.starts);
    this.messages = new Buckets(limits.messages);
    this.bytes = new Buckets(limits.bytes);
    this.arrivals = new Buckets(limits.arrivals);
    this.arrivedBytes = new Buckets(limits.arrivedBytes);
  }

  /** The worker was given a run. */
  earned(worker: WorkerId): void {
    this.asks.earn(worker, this.limits.earnedByRun);
    this.messages.earn(worker, this.limits.earnedByRun);
  }

  /** Whether one more question of the worker may wait for its answer; `answered` must follow. */
  mayWait(worker: WorkerId): boolean {
    const waiting = this.#waiting.get(worker) ?? 0;
    if (waiting >= this.limits.waiting) return false;
    this.#waiting.set(worker, waiting + 1);
    return true;
  }

  answered(worker: WorkerId): void {
    const waiting = (this.#waiting.get(worker) ?? 0) - 1;
    if (waiting > 0) this.#waiting.set(worker, waiting);
    else this.#waiting.delete(worker);
  }

  /** A worker that is admitted again begins anew. */
  forget(worker: WorkerId): void {
    const { asks, unanswered, starts, messages, bytes, arrivals, arrivedBytes } = this;
    for (const each of [asks, unanswered, starts, messages, bytes, arrivals, arrivedBytes]) each.forget(worker);
  }
}
