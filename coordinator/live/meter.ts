const meterSeconds = 5;
/** Reports travel together, about once a second: where none came for so many seconds, none come. */
const quietSeconds = 3;

/** Counts by the second. */
export class Meter {
  readonly #counts = new Map<number, number>();

  add(count: number, now: number): void {
    const second = Math.floor(now / 1000);
    this.#counts.set(second, (this.#counts.get(second) ?? 0) + count);
    for (const old of this.#counts.keys()) if (old < second - meterSeconds) this.#counts.delete(old);
  }

  /** Over the whole seconds that have just passed; 0 soon after the last. */
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

  /** What was counted was of something else. */
  clear(): void {
    this.#counts.clear();
  }
}
