import type { WorkerId } from "../../../shared/domain/names.ts";

/** So many a second in the long run, and so many at once. */
export interface Allowance {
  readonly perSecond: number;
  readonly atOnce: number;
}

interface Bucket {
  tokens: number;
  at: number;
}

/** A token bucket for each worker: full at first, and filled again as time passes. */
export class Buckets {
  readonly allowance: Allowance;
  readonly #buckets = new Map<WorkerId, Bucket>();

  constructor(allowance: Allowance) {
    this.allowance = allowance;
  }

  /**
   * Takes from the worker's bucket; false, with nothing taken, if it does not hold so much.
   *
   * @param now  milliseconds of one clock; if they go back, no time has passed
   */
  take(worker: WorkerId, now: number, amount = 1): boolean {
    const { perSecond, atOnce } = this.allowance;
    let bucket = this.#buckets.get(worker);
    if (!bucket) {
      bucket = { tokens: atOnce, at: now };
      this.#buckets.set(worker, bucket);
    }
    if (now > bucket.at) {
      bucket.tokens = Math.min(atOnce, bucket.tokens + ((now - bucket.at) * perSecond) / 1000);
      bucket.at = now;
    }
    if (bucket.tokens < amount) return false;
    bucket.tokens -= amount;
    return true;
  }

  /** The worker begins anew with a full bucket. */
  forget(worker: WorkerId): void {
    this.#buckets.delete(worker);
  }
}
