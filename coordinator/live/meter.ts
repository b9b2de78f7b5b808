const meterSeconds = 5;
/** Workers send reports about once a second: after this many seconds without any, the rate is 0. */
const quietSeconds = 3;

/** Counts per second. */
export class Meter {
  readonly #counts = new Map<number, number>();

  add(count: number, now: number): void {
    const second = Math.floor(now / 1000);
    this.#counts.set(second, (this.#counts.get(second) ?? 0) + count);
    for (const old of this.#counts.keys()) if (old < second - meterSeconds) this.#counts.delete(old);
  }

  /** The mean over the last whole seconds; 0 a few seconds after the last count. */
  perSecond(now: number): number {
    const second = Math.floor(now / 1000);
    let sum = 0;
    let isQuiet = !this.#counts.has(second);
    for (let back = 1; back <= meterSeconds; back += 1) {
      const count = this.#counts.get(second - back) ?? 0;
      sum += count;
      if (back < quietSeconds && count > 0) isQuiet = false;
    }
    return isQuiet ? 0 : sum / meterSeconds;
  }

  /** Forgets what was counted: another job is shown. */
  clear(): void {
    this.#counts.clear();
  }
}
