const meterSeconds = 5;

/** Counts by the second. */
export class Meter {
  readonly #counts = new Map<number, number>();

  add(count: number, now: number): void {
    const second = Math.floor(now / 1000);
    this.#counts.set(second, (this.#counts.get(second) ?? 0) + count);
    for (const old of this.#counts.keys()) if (old < second - meterSeconds) this.#counts.delete(old);
  }

  /** Over the whole seconds that have just passed. */
  perSecond(now: number): number {
    const second = Math.floor(now / 1000);
    let sum = 0;
    for (let back = 1; back <= meterSeconds; back += 1) sum += this.#counts.get(second - back) ?? 0;
    return sum / meterSeconds;
  }
}
