import { UnreachableError } from "../../shared/errors.ts";
import type { Chance, Clock } from "../../shared/ports.ts";

const leastRetryMs = 250;
const mostRetryMs = 2000;
/** A broker that has just started may not know yet whom it lets in. */
const graceMs = 10_000;

/** Waits for a coordinator that is not reachable yet, as long as the machine's owner says, and says so once. */
export class Patience {
  readonly #clock: Pick<Clock, "monotonic" | "pause">;
  readonly #chance: Pick<Chance, "fraction">;
  readonly #limitMs: number;
  readonly #say: (text: string) => void;
  readonly #since: number;
  #retryMs = leastRetryMs;
  #hasWaited = false;
  #wasLost = false;
  #graceUntil: number | undefined;

  /** @param limitMs  0: not at all; infinite: for ever */
  constructor(
    ports: { readonly clock: Pick<Clock, "monotonic" | "pause">; readonly chance: Pick<Chance, "fraction"> },
    limitMs: number,
    say: (text: string) => void,
  ) {
    this.#clock = ports.clock;
    this.#chance = ports.chance;
    this.#limitMs = limitMs;
    this.#say = say;
    this.#since = ports.clock.monotonic();
  }

  /** The result of `attempt`, once everything is reachable. @throws what else went wrong, at once */
  async keepTrying<T>(attempt: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof UnreachableError)) throw error;
        await this.wait(error);
      }
    }
  }

  /** Waits a moment, and says why the first time. @throws the error if the time is over */
  async wait(why: UnreachableError): Promise<void> {
    const now = this.#clock.monotonic();
    const leftMs = this.#since + this.#limitMs - now;
    if (leftMs <= 0) throw why;
    if (!this.#hasWaited) this.#say(`${why.message}\n  waiting${this.#untilWhen()}; Ctrl-C ends that`);
    await this.#clock.pause(Math.min(leftMs, this.#retryMs * (0.75 + this.#chance.fraction() / 2)));
    this.#retryMs = Math.min(2 * this.#retryMs, mostRetryMs);
    this.#hasWaited = true;
  }

  /** The broker let this machine in, and then was lost: it may have been started again. */
  lost(): void {
    this.#wasLost = true;
    this.#graceUntil = undefined;
  }

  /** Whether a refusal may only mean that the broker has just started. */
  get excusesRefusal(): boolean {
    if (!this.#hasWaited && !this.#wasLost) return false;
    const now = this.#clock.monotonic();
    this.#graceUntil ??= now + graceMs;
    return now < Math.min(this.#graceUntil, this.#since + this.#limitMs);
  }

  #untilWhen(): string {
    return this.#limitMs === Number.POSITIVE_INFINITY ? "" : ` for ${Math.round(this.#limitMs / 1000)} s at most`;
  }
}
