/**
 * CPU time as it would be if nothing else ran. Other processes slow a machine down even in CPU time: they share its caches and
 * the two halves of a core. So a fixed piece of work is timed around what is measured, and compared with the fastest that it ever
 * was in this process.
 */
export class OwnSpeed {
  readonly #bytes = Uint8Array.from({ length: 64 * 1024 }, (_, i) => i);
  #best = Number.POSITIVE_INFINITY;
  /** So that the work is not optimized away. */
  sum = 0;

  /** Call it now and then, to catch the machine at a quiet moment. */
  look(): number {
    const begun = performance.now();
    for (let round = 0; round < 4; round++)
      for (let i = 0; i < this.#bytes.length; i++)
        this.sum = (Math.imul(this.sum, 31) + (this.#bytes[i] as number)) | 0; // i < length
    const took = performance.now() - begun;
    this.#best = Math.min(this.#best, took);
    return took;
  }

  /** The least CPU time of several tries, in milliseconds. */
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
