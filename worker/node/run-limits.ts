import { sizeText } from "../../shared/domain/size-text.ts";
import type { Clock, Timer } from "../../shared/ports.ts";
import { residentBytes } from "../processes/process-tree.ts";

const memoryEveryMs = 1000;

/** What a run may take of this machine: its time, without what it stood still, and its memory. */
export class RunLimits {
  readonly #clock: Clock;
  readonly #onExceeded: (limit: "timeout" | "memory", reason: string) => void;
  /** Null: no limit; undefined: as the spec says. */
  #editedSeconds: number | null | undefined;
  #specSeconds: number | null = null;
  #isRunning = false;
  #isFrozen = false;
  /** Since when it has been running; milliseconds. */
  #since = 0;
  /** How long it ran before that. */
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

  /** An edit of the job gave its runs another max_run_time; null: none. Time that has passed counts. */
  edit(maxRunSeconds: number | null | undefined): void {
    this.#editedSeconds = maxRunSeconds;
    this.#watchTime();
  }

  /** @param memoryPerRun  bytes that the process and all that it has started may hold; null: no limit */
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
    return this.#editedSeconds === undefined ? this.#specSeconds : this.#editedSeconds;
  }

  #ranSoFar(): number {
    return this.#ranMs + (this.#isRunning && !this.#isFrozen ? this.#clock.monotonic() - this.#since : 0);
  }

  /** Most runs have no limit, and then nothing need look at the clock. */
  #watchTime(): void {
    if (!this.#isRunning || this.#watchesTime || this.#maxSeconds === null) return;
    this.#watchesTime = true;
    // An interval, not one timeout: those end at once beyond 24.8 days, and the limit may be edited.
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
