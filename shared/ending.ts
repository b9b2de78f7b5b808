import type { EndSignal } from "./ports.ts";

/**
 * What an AbortController and its signal are, in one object. A worker makes several for each run and one for each wait; those of
 * the platform are event targets, take 5 microseconds each and hold on to what waits (2026-11-25: a tenth of the time of a
 * simulation of 10,000 workers).
 */
export class Ending implements EndSignal {
  #aborted = false;
  #listeners: (() => void)[] = [];

  get aborted(): boolean {
    return this.#aborted;
  }

  /** Resolves when it ends. */
  get ended(): Promise<void> {
    return this.#aborted ? Promise.resolve() : new Promise((resolve) => this.addEventListener("abort", resolve));
  }

  /** Tells whoever listens, once. */
  abort(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }

  /** As an AbortSignal does: one that has ended tells nobody any more. */
  addEventListener(_type: "abort", listener: () => void): void {
    this.#listeners.push(listener);
  }

  removeEventListener(_type: "abort", listener: () => void): void {
    const at = this.#listeners.indexOf(listener);
    if (at >= 0) this.#listeners.splice(at, 1);
  }
}
