import type { WorkerId } from "../../../shared/domain/names.ts";
import { type Allowance, Buckets } from "./buckets.ts";

/**
 * What one worker may ask and store. No worker of ours comes near: it has at most 4,096 slots, sends at most one message of reports
 * a second for each run and asks once for each, so that a thousand runs at once need half of it (docs/trust.md has the table).
 */
export const usualQuotas = {
  /** Questions. What is beyond is not answered: a worker of ours asks again later. */
  asks: { perSecond: 3000, atOnce: 9000 },
  /** Questions that went unanswered because there were too many. What is beyond cuts the worker off. */
  unanswered: { perSecond: 100, atOnce: 10_000 },
  /** Questions whose answer waits, for instance for a result that is on its way. */
  waiting: 5000,
  /** Starts of its process. */
  starts: { perSecond: 1 / 3, atOnce: 30 },
  /** Messages that it stores. They cannot be refused once they are stored, so what is beyond cuts the worker off. */
  messages: { perSecond: 2000, atOnce: 12_000 },
  /** Their bytes. */
  bytes: { perSecond: 2 * 2 ** 20, atOnce: 256 * 2 ** 20 },
  /** Whatever it sends the broker: questions, messages to store, pieces of states and files, requests for such pieces. */
  arrivals: { perSecond: 6000, atOnce: 9000 },
  /** Their bytes: 16 states of 256 MB at once. */
  arrivedBytes: { perSecond: 64 * 2 ** 20, atOnce: 4 * 2 ** 30 },
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
