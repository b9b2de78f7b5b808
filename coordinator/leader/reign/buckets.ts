import type { WorkerId } from "../../../shared/domain/names.ts";
import type { Allowance } from "../../../shared/domain/quotas.ts";

interface Bucket {
  tokens: number;
  at: number;
}

/** Within this time a bucket is not refilled unless it is empty: a flood must not cost a calculation per message. */
const fillEveryMs = 100;

/** A token bucket per owner: starts full; refilled over time and by earned credit. */
export class Buckets<Owner = WorkerId> {
  /** May be changed at any time. */
  allowance: Allowance;
  readonly #buckets = new Map<Owner, Bucket>();

  constructor(allowance: Allowance) {
    this.allowance = allowance;
  }

  /**
   * Takes from the owner's bucket; false, with nothing taken, if it does not hold so much.
   *
   * @param now   milliseconds of one clock, which may be put back: then no time has passed, and it is counted from there
   * @param more  what the owner gets a second besides the allowance
   * @param room  what its bucket holds besides the allowance
   */
  take(owner: Owner, now: number, amount = 1, more: () => number = none, room: () => number = none): boolean {
    let bucket = this.#buckets.get(owner);
    if (!bucket) {
      bucket = { tokens: this.allowance.atOnce + room(), at: now };
      this.#buckets.set(owner, bucket);
    }
    const passed = now - bucket.at;
    if (passed >= fillEveryMs || (passed > 0 && bucket.tokens < amount)) {
      this.#add(bucket, (passed * (this.allowance.perSecond + more())) / 1000, room());
      bucket.at = now;
    } else if (passed < 0) bucket.at = now;
    if (bucket.tokens < amount) return false;
    bucket.tokens -= amount;
    return true;
  }

  earn(owner: Owner, amount: number): void {
    const bucket = this.#buckets.get(owner);
    if (bucket) this.#add(bucket, amount, 0);
  }

  /** Everybody starts over. */
  clear(): void {
    this.#buckets.clear();
  }

  /** The owner starts over with a full bucket. */
  forget(owner: Owner): void {
    this.#buckets.delete(owner);
  }

  #add(bucket: Bucket, amount: number, room: number): void {
    bucket.tokens = Math.min(this.allowance.atOnce + room, bucket.tokens + amount);
  }
}

const none = (): number => 0;
