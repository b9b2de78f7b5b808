import type { Clock } from "../../shared/ports.ts";

/** While the broker reloads its users, or has just started, it refuses everyone for a moment. */
const believedAfterMs = 5000;

/** Tells once when the broker has refused this worker's key for a while, and once when it is let in again. */
export class RefusedKey {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #say: (isRefused: boolean) => void;
  #since: number | undefined;
  #said = false;

  constructor(clock: Pick<Clock, "monotonic">, say: (isRefused: boolean) => void) {
    this.#clock = clock;
    this.#say = say;
  }

  /** The client asks again several times a second. */
  refused(): void {
    const now = this.#clock.monotonic();
    this.#since ??= now;
    if (this.#said || now - this.#since < believedAfterMs) return;
    this.#said = true;
    this.#say(true);
  }

  accepted(): void {
    this.#since = undefined;
    if (this.#said) this.#say(false);
    this.#said = false;
  }
}
