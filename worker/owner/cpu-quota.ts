import type { Lender } from "./lender.ts";

/** Most seconds of the share that the purse holds, and how many it must hold before frozen runs go on. */
const aheadSeconds = 2;
const onAfterSeconds = 1;

/**
 * Keeps what all runs together take of the processor at --cpu-share, without a cgroup: measured processor time is paid from a
 * purse that fills at the rate of the share. While the purse is empty all runs are frozen. However many threads a run has, over
 * some seconds it gets the share and not more.
 */
export class CpuQuota {
  readonly #lender: Lender;
  /** Processor seconds that all runs have taken since the last call; null if unknown this time. */
  readonly #taken: () => number | null;
  readonly #cores: number;
  #purse = 0;
  #at: number | undefined;
  #isThrottled = false;

  constructor(lender: Lender, taken: () => number | null, cores: number) {
    this.#lender = lender;
    this.#taken = taken;
    this.#cores = cores;
  }

  /** @param share  of the whole machine; null: all of it */
  look(share: number | null, monotonic: number): void {
    if (share === null || share >= 1) {
      this.#at = undefined;
      this.#throttle(false);
      return;
    }
    const rate = share * this.#cores;
    const most = aheadSeconds * rate;
    const taken = this.#taken() ?? 0;
    // What was taken before there was a share is not paid for.
    const purse = this.#at === undefined ? most : this.#purse + ((monotonic - this.#at) / 1000) * rate - taken;
    this.#at = monotonic;
    this.#purse = Math.min(most, purse);
    if (this.#purse < 0) this.#throttle(true);
    else if (this.#purse >= onAfterSeconds * rate) this.#throttle(false);
  }

  #throttle(isThrottled: boolean): void {
    if (isThrottled === this.#isThrottled) return;
    this.#isThrottled = isThrottled;
    this.#lender.throttle(isThrottled);
  }
}
