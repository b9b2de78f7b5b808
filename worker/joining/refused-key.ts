import type { Clock } from "../../shared/ports.ts";

/** The broker refuses everyone for a moment while it reloads its users or has just started. */
const believedAfterMs = 5000;

/** Reports once that the broker has refused this worker's key for a while, and once that it accepts the key again. */
export class RefusedKey {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #say: (isRefused: boolean) => void;
  #since: number | undefined;
  #said = false;
  #hidesSilence = false;

  constructor(clock: Pick<Clock, "monotonic">, say: (isRefused: boolean) => void) {
    this.#clock = clock;
    this.#say = say;
  }

  /** Called several times a second, each time the client tries again. */
  refused(): void {
    const now = this.#clock.monotonic();
    this.#since ??= now;
    if (this.#said || now - this.#since < believedAfterMs) return;
    this.#said = true;
    this.#say(true);
  }

  /** Whether the refusal explains that the coordinator is silent, or answers again, so that this need not be said. */
  explains(kind: "silent" | "answered"): boolean {
    const isHidden = kind === "silent" ? this.#since !== undefined : this.#hidesSilence;
    this.#hidesSilence = kind === "silent" && isHidden;
    return isHidden;
  }

  accepted(): void {
    this.#since = undefined;
    if (this.#said) this.#say(false);
    this.#said = false;
  }
}
