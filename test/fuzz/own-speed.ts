/**
 * CPU time as if nothing else ran. Other processes raise even CPU time: they share caches and the two threads of a
 * core. So a fixed piece of work is timed before and after the measurement, and compared with its fastest time in this
 * process.
 */
export class OwnSpeed {
  readonly #bytes = Uint8Array.from({ length: 64 * 1024 }, (_, i) => i);
  #best = Number.POSITIVE_INFINITY;
  /** The work's result, kept so that the work is not optimized away. */
  sum = 0;

  /** Times the fixed work, in milliseconds; call it now and then to catch the machine at a quiet moment. */
  look(): number {
    const begun = performance.now();
    for (let round = 0; round < 4; round++)
      for (let i = 0; i < this.#bytes.length; i++)
        this.sum = (Math.imul(this.sum, 31) + (this.#bytes[i] as number)) | 0; // i < length
    const took = performance.now() - begun;
    this.#best = Math.min(this.#best, took);
    return took;
  }

  /** The least CPU time of several tries, in milliseconds, corrected for the machine's slowness. */
  least(tries: number, work: () => unknown): number {
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < tries; i++) {
      const before = this.look();
      const from = process.cpuUsage();
      work();
      const { user, system } = process.cpuUsage(from);
      const slowness = Math.min(before, this.look()) / this.#best;
      least = Math.min(least, (user + system) / 1000 / slowness);
    }
    return least;
  }
}
