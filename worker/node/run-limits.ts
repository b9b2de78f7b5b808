import { sizeText } from "../../shared/domain/size-text.ts";
import { residentBytes } from "../../shared/machine/process-tree.ts";
import type { Clock, Timer } from "../../shared/ports.ts";

const memoryEveryMs = 1000;

/** Limits that edits of the job have changed. null: no limit; left out: as in the spec. */
export interface EditedLimits {
  readonly maxRunSeconds?: number | null | undefined;
  readonly graceSeconds?: number | null | undefined;
}

/** Enforces the limits of a run: on its time, not counting time frozen, and on its memory. */
export class RunLimits {
  readonly #clock: Clock;
  readonly #onExceeded: (limit: "timeout" | "memory", reason: string) => void;
  #edited: EditedLimits = {};
  #specSeconds: number | null = null;
  #specGraceSeconds: number | null = null;
  #isRunning = false;
  #isFrozen = false;
  /** When it last started to run; milliseconds. */
  #since = 0;
  /** How long it ran before `since`. */
  #ranMs = 0;
  #timers: Timer[] = [];
  #watchesTime = false;

  constructor(clock: Clock, onExceeded: (limit: "timeout" | "memory", reason: string) => void) {
    this.#clock = clock;
    this.#onExceeded = onExceeded;
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  /** Replaces the spec's limits. Time that has already passed counts. */
  edit(edited: EditedLimits): void {
    this.#edited = edited;
    this.#watchTime();
  }

  /** Sets the spec's grace in seconds; null: the worker's grace counts. */
  give(specGraceSeconds: number | null): void {
    this.#specGraceSeconds = specGraceSeconds;
  }

  /** The most milliseconds that the job gives a run to leave. */
  get graceMs(): number {
    const { graceSeconds = this.#specGraceSeconds } = this.#edited;
    return graceSeconds === null ? Number.POSITIVE_INFINITY : 1000 * graceSeconds;
  }

  /** @param memoryPerRun  limit on the process and its descendants, in bytes; null: no limit */
  begin(specSeconds: number | null, memoryPerRun: number | null, pid: number): void {
    this.#specSeconds = specSeconds;
    this.#isRunning = true;
    this.#since = this.#clock.monotonic();
    this.#watchTime();
    if (memoryPerRun !== null)
      this.#timers.push(this.#clock.every(memoryEveryMs, () => this.#checkMemory(memoryPerRun, pid)));
  }

  freeze(): void {
    this.#ranMs = this.#ranSoFar();
    this.#isFrozen = true;
  }

  thaw(): void {
    this.#isFrozen = false;
    this.#since = this.#clock.monotonic();
  }

  end(): void {
    this.#isRunning = false;
    for (const timer of this.#timers) timer.cancel();
  }

  get #maxSeconds(): number | null {
    const { maxRunSeconds = this.#specSeconds } = this.#edited;
    return maxRunSeconds;
  }

  #ranSoFar(): number {
    return this.#ranMs + (this.#isRunning && !this.#isFrozen ? this.#clock.monotonic() - this.#since : 0);
  }

  /** Most runs have no limit, and need no timer. */
  #watchTime(): void {
    if (!this.#isRunning || this.#watchesTime || this.#maxSeconds === null) return;
    this.#watchesTime = true;
    // An interval, not a timeout: timeouts above 24.8 days fire at once, and the limit may be edited.
    const everyMs = Math.min(1000, (this.#specSeconds ?? 4) * 250);
    this.#timers.push(this.#clock.every(everyMs, () => this.#checkTime()));
  }

  #checkTime(): void {
    const most = this.#maxSeconds;
    if (most === null || this.#isFrozen || this.#ranSoFar() < most * 1000) return;
    this.#onExceeded("timeout", `not done after max_run_time, ${most} s`);
  }

  #checkMemory(most: number, pid: number): void {
    const used = residentBytes(pid);
    if (used <= most) return;
    const reason = `it used ${sizeText(used)} of memory, more than memory_per_run, ${sizeText(most)}`;
    this.#onExceeded("memory", reason);
  }
}
