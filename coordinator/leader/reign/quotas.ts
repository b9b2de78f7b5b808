import type { WorkerId } from "../../../shared/domain/names.ts";
import { type QuotaLimits, usualQuotas } from "../../../shared/domain/quotas.ts";
import { Buckets } from "./buckets.ts";

/** What is left of each worker's quotas. Only the leader keeps this; the next one begins with all of them full. */
export class Quotas {
  #limits: QuotaLimits;
  readonly asks: Buckets;
  readonly askedBytes: Buckets;
  readonly unanswered: Buckets;
  readonly starts: Buckets;
  readonly messages: Buckets;
  readonly bytes: Buckets;
  readonly arrivals: Buckets;
  readonly arrivedBytes: Buckets;
  /** Bytes that a worker may store besides results while only those have room; nothing refills it. */
  readonly besideResults = new Buckets({ perSecond: 0, atOnce: Number.POSITIVE_INFINITY });
  /** Workers that were given nothing more because they hold as many runs as they may. */
  readonly full = new Set<WorkerId>();
  /** Questions of each worker that are being answered. */
  readonly #waiting = new Map<WorkerId, number>();

  constructor(limits: QuotaLimits = usualQuotas) {
    this.#limits = limits;
    this.asks = new Buckets(limits.asks);
    this.askedBytes = new Buckets(limits.askedBytes);
    this.unanswered = new Buckets(limits.unanswered);
    this.starts = new Buckets(limits.starts);
    this.messages = new Buckets(limits.messages);
    this.bytes = new Buckets(limits.bytes);
    this.arrivals = new Buckets(limits.arrivals);
    this.arrivedBytes = new Buckets(limits.arrivedBytes);
  }

  get limits(): QuotaLimits {
    return this.#limits;
  }

  /** Other limits from now on; what is left of the former ones stays as it is. */
  change(limits: QuotaLimits): void {
    this.#limits = limits;
    this.asks.allowance = limits.asks;
    this.askedBytes.allowance = limits.askedBytes;
    this.unanswered.allowance = limits.unanswered;
    this.starts.allowance = limits.starts;
    this.messages.allowance = limits.messages;
    this.bytes.allowance = limits.bytes;
    this.arrivals.allowance = limits.arrivals;
    this.arrivedBytes.allowance = limits.arrivedBytes;
  }

  /** The worker was given a run. */
  earned(worker: WorkerId): void {
    const { earnedByRun, earnedBytes } = this.limits;
    this.asks.earn(worker, earnedByRun);
    this.askedBytes.earn(worker, earnedByRun * earnedBytes);
    this.messages.earn(worker, earnedByRun);
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

  /** A worker that is admitted again starts over. */
  forget(worker: WorkerId): void {
    const { asks, askedBytes, unanswered, starts, messages, bytes, arrivals, arrivedBytes, besideResults } = this;
    for (const each of [asks, askedBytes, unanswered, starts, messages, bytes, arrivals, arrivedBytes, besideResults])
      each.forget(worker);
    this.full.delete(worker);
  }
}
