import { type Detector, type Found, type Now, newOrLast, type OwnRuns } from "./detector.ts";
import { type KernelCounts, ticksPerSecond } from "./kernel-counts.ts";
import { OwnTicks } from "./own-ticks.ts";
import type { SystemFiles } from "./system-files.ts";

/** Cores that others must use, on average over half a second (three looks), to be a sign. Idle desktops use fewer. */
const signCores = 0.5;
const meanMs = 60_000;

/**
 * Other programs use the processor. Ours do not count, nor niced ones of others, which have declared that they can wait.
 *
 * One file says what all programs use. Our own processes are looked at only while all together exceed half of a sign.
 */
export class ForeignCpu implements Detector {
  readonly name = "cpu";
  readonly everyMs = 250;
  readonly #counts: KernelCounts;
  readonly #ownTicks: OwnTicks;
  readonly #wanted: { readonly sign: boolean; readonly load: boolean };
  /** When the last look was; undefined before the first. */
  #at: number | undefined;
  #all = 0;
  /** Ticks that others took between the previous two looks. */
  #lastForeign = 0;
  /** Whether the time of our own processes was taken at the last look. */
  #isOwnKnown = false;
  /** Ticks that all took between the previous two looks, if it is not known how many of them were ours. */
  #lastUnknown: number | undefined;
  #found: Found = {};

  /** @param wanted  whether it counts as a sign of use, and whether the load is wanted */
  constructor(
    files: SystemFiles,
    counts: KernelCounts,
    own: OwnRuns,
    wanted: { readonly sign: boolean; readonly load: boolean },
  ) {
    this.#wanted = wanted;
    this.#counts = counts;
    this.#ownTicks = new OwnTicks(files, own);
  }

  look(now: Now): Found {
    const counts = this.#counts;
    if (!counts.read(now)) return this.#found;
    const before = this.#at;
    const taken = counts.user + counts.system - this.#all;
    this.#at = now.monotonic;
    this.#all += taken;
    if (before !== undefined && this.#at > before) this.#sample(this.#at - before, taken);
    return this.#found;
  }

  close(): void {}

  #sample(passedMs: number, all: number): void {
    const perCore = (passedMs / 1000) * ticksPerSecond;
    const own = all <= perCore * (signCores / 2) ? this.#little() : this.#own(all);
    if (own === null) return;
    const foreign = Math.max(0, all - own);
    if (this.#wanted.load) this.#mean(passedMs, foreign / perCore);
    const mean = (foreign + this.#foreignBefore(own)) / (2 * perCore);
    // If the previous interval is an estimate, this one alone must be a sign too: our runs may have been busy before.
    const cores = this.#lastUnknown === undefined ? mean : Math.min(mean, foreign / perCore);
    this.#lastUnknown = undefined;
    this.#lastForeign = foreign;
    const at = this.#at ?? 0;
    if (this.#wanted.sign && cores >= signCores)
      this.#found = { ...this.#found, use: { at, what: `other programs use ${cores.toFixed(1)} cores` } };
  }

  /** An exponential mean, as the kernel's own load is. */
  #mean(passedMs: number, cores: number): void {
    const part = Math.exp(-passedMs / meanMs);
    const load = this.#found.load === undefined ? cores : this.#found.load * part + cores * (1 - part);
    this.#found = newOrLast(this.#found, { ...this.#found, load });
  }

  /** So little was used that it does not matter by whom: it counts as others'. */
  #little(): number {
    this.#isOwnKnown = false;
    this.#lastUnknown = undefined;
    return 0;
  }

  /** Ticks of `all` that our own processes took; null if unknown. */
  #own(all: number): number | null {
    const own = this.#ownTicks.taken();
    const isSinceLastLook = this.#isOwnKnown;
    this.#isOwnKnown = true;
    if (own !== null && isSinceLastLook) return own.user + own.system;
    this.#lastUnknown = isSinceLastLook ? undefined : all;
    return null;
  }

  /** Assumes that our runs were as busy before as since then, so that a sign need not wait for one more look. */
  #foreignBefore(own: number): number {
    return this.#lastUnknown === undefined ? this.#lastForeign : Math.max(0, this.#lastUnknown - own);
  }
}
