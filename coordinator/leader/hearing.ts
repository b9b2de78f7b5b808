import type { Bus, Clock } from "../../shared/ports.ts";
import { lookOften } from "./look-often.ts";

/**
 * Whether what workers ask can arrive. The connection of questions may be dead while the other keeps the lead, and that is known
 * only after some ten seconds; so the broker is asked on it, often enough that no lease runs out in between.
 */
export class Hearing {
  readonly #questions: Pick<Bus, "isConnected" | "flush">;
  readonly #clock: Clock;
  readonly #leaseMs: number;
  /** When the broker last answered there, in monotonic milliseconds. */
  #answeredAt = Number.NEGATIVE_INFINITY;

  constructor(questions: Pick<Bus, "isConnected" | "flush">, clock: Clock, leaseMs: number) {
    this.#questions = questions;
    this.#clock = clock;
    this.#leaseMs = leaseMs;
  }

  get hears(): boolean {
    return this.#questions.isConnected() && this.#isFresh;
  }

  /** Within half a lease: a worker that is there renews its own in each third. */
  get #isFresh(): boolean {
    return this.#clock.monotonic() - this.#answeredAt <= this.#leaseMs / 2;
  }

  /**
   * Asks the broker from now on.
   *
   * @param onAgain  hears that it answers after a silence
   * @returns what ends it
   */
  watch(onAgain: () => void): () => void {
    this.#answeredAt = this.#clock.monotonic();
    return lookOften(this.#clock, this.#leaseMs / 6, async () => {
      await this.#questions.flush();
      const wasSilent = !this.#isFresh;
      this.#answeredAt = this.#clock.monotonic();
      if (wasSilent) onAgain();
    });
  }
}
