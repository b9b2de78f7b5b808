import type { Detector, Found, Now, OwnRuns } from "./detector.ts";
import type { SystemFiles } from "./system-files.ts";

/** How often terminals are looked for; known ones are looked at more often. A new one counts from when it was opened. */
const searchMs = 1000;

/**
 * Somebody types at a terminal, in a window, over ssh or at the console.
 *
 * Linux sets a terminal's access time when a program reads what was typed; printing changes only the time of
 * modification. It does so at most every 8 s, so that nobody can time another's keys: the first key after a rest is
 * seen at once, but a measured rest may be 8 s too long. A terminal that opens counts as used.
 */
export class Terminals implements Detector {
  readonly name = "terminals";
  readonly everyMs = 250;
  readonly #files: SystemFiles;
  readonly #own: OwnRuns;
  /** Terminal -> the time of its last access. */
  readonly #seen = new Map<string, number>();
  #places: readonly string[] = [];
  #searchedAt = Number.NEGATIVE_INFINITY;
  #found: Found = {};
  #lookedAt = 0;

  constructor(files: SystemFiles, own: OwnRuns) {
    this.#files = files;
    this.#own = own;
  }

  look(now: Now): Found {
    if (now.monotonic - this.#searchedAt >= searchMs) this.#search(now.monotonic);
    for (const place of this.#places) this.#lookAt(place, now);
    this.#lookedAt = now.monotonic;
    return this.#found;
  }

  close(): void {}

  /** Pseudo-terminals, and the console that has the keyboard. */
  #search(at: number): void {
    this.#searchedAt = at;
    const pseudo = this.#files.names("/dev/pts").filter((name) => /^\d+$/.test(name));
    const console = this.#files.text("/sys/class/tty/tty0/active")?.split(" ").at(-1);
    this.#places = [...pseudo.map((name) => `pts/${name}`), ...(console ? [console] : [])];
    for (const place of this.#seen.keys()) if (!this.#places.includes(place)) this.#seen.delete(place);
  }

  #lookAt(place: string, now: Now): void {
    const stat = this.#files.stat(`/dev/${place}`);
    if (!stat) return;
    const { atimeMs } = stat;
    const before = this.#seen.get(place);
    if (before === atimeMs) return;
    this.#seen.set(place, atimeMs);
    if (this.#isOfOwnRun(stat.rdev)) return;
    const ago = Math.max(0, now.wall - atimeMs);
    // A clock that was set forward must not make a new key look old.
    const at = now.monotonic - (before === undefined ? ago : Math.min(ago, now.monotonic - this.#lookedAt));
    if (at > (this.#found.use?.at ?? Number.NEGATIVE_INFINITY))
      this.#found = { use: { at, what: `somebody types at ${place}` } };
  }

  /** Whether a run opened this terminal for its own programs. No program outside the run can change that. */
  #isOfOwnRun(rdev: number): boolean {
    const [worker, ...runs] = this.#own.pids();
    if (worker === undefined || this.#terminalOf(worker) === rdev) return false;
    return runs.some((pid) => this.#terminalOf(pid) === rdev);
  }

  /** The terminal of a process's session, field 7 of its stat; the second field, in brackets, may hold spaces. */
  #terminalOf(pid: number): number | undefined {
    const stat = this.#files.text(`/proc/${pid}/stat`) ?? "";
    const terminal = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[4]);
    return terminal > 0 ? terminal : undefined;
  }
}
