import type { OwnRuns } from "./detector.ts";
import type { SystemFiles } from "./system-files.ts";

/** Clock ticks of processor time. */
export interface Ticks {
  /** At usual priority. */
  readonly user: number;
  readonly nice: number;
  /** In the kernel. */
  readonly system: number;
}

/** How much processor time our own processes have taken since the last call. */
export class OwnTicks {
  readonly #files: SystemFiles;
  readonly #own: OwnRuns;
  #before: Ticks | undefined;

  constructor(files: SystemFiles, own: OwnRuns) {
    this.#files = files;
    this.#own = own;
  }

  /**
   * Null at the first call, and if a sum fell. A process that ends leaves its time to its parent, so the sums stay; if
   * nobody waits for it, or its parent has another priority, a sum falls.
   */
  taken(): Ticks | null {
    const sum = { user: 0, nice: 0, system: 0 };
    for (const pid of this.#own.pids()) {
      // Fields 14 to 17 and 19 of its stat: its time, that of its ended children, its nice value.
      const stat = this.#files.text(`/proc/${pid}/stat`);
      if (stat === undefined) continue;
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const [user = 0, system = 0, childUser = 0, childSystem = 0, , niceness = 0] = fields.slice(11, 17).map(Number);
      sum[niceness > 0 ? "nice" : "user"] += user + childUser;
      sum.system += system + childSystem;
    }
    const before = this.#before;
    this.#before = sum;
    if (!before) return null;
    const taken = { user: sum.user - before.user, nice: sum.nice - before.nice, system: sum.system - before.system };
    return Math.min(taken.user, taken.nice, taken.system) < 0 ? null : taken;
  }
}
