import { readFileSync } from "node:fs";

/** Most looks in a row that are left out while no process is started on this machine. */
const mostLeftOut = 4;

/**
 * Which looks for new sessions are worth their time: of a worker with four runs they took some 40% of the time of all its timers
 * (2026-11-29). A process that begins a session was mostly started just before. So one look is taken when some process was started
 * anywhere, one more because it may begin its session a little later, and after that every fifth.
 */
export class WorthALook {
  readonly #newest: () => string;
  #seen = "";
  /** Looks since a process was started. */
  #same = 0;

  /** @param newest  the number of the process that was started last; "": not known */
  constructor(newest = newestProcess) {
    this.#newest = newest;
  }

  next(): boolean {
    const newest = this.#newest();
    this.#same = newest !== "" && newest === this.#seen ? this.#same + 1 : 0;
    this.#seen = newest;
    if (this.#same > 1 + mostLeftOut) this.#same = 1;
    return this.#same <= 1;
  }

  /** Makes the next look worth its time. */
  reset(): void {
    this.#seen = "";
  }
}

/** The last word of /proc/loadavg. */
function newestProcess(): string {
  try {
    return readFileSync("/proc/loadavg", "utf8").trim().split(" ").at(-1) ?? "";
  } catch {
    return "";
  }
}
