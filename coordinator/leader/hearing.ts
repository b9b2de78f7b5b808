import { type Bus, BusError, type Clock } from "../../shared/ports.ts";
import { lookOften } from "./look-often.ts";

/** How many times the broker is asked within a lease. */
const asksALease = 6;
/** After so many turns without an answer, in three leases, the connection is not taken to come back by itself. */
const mostUnanswered = 3 * asksALease;

const pauseMs = 1000;
/** After so long an answer is not waited for any more, and the broker asked again. */
const mostSilenceMs = 5000;

type Questions = Pick<Bus, "isConnected" | "flush">;

/**
 * Whether what workers ask can arrive. The connection of questions may be dead while the other keeps the lead, and that is known
 * only after some ten seconds; so the broker is asked on it, often enough that no lease runs out in between.
 */
export class Hearing {
  readonly #questions: Questions;
  readonly #clock: Clock;
  readonly #leaseMs: number;
  /** When the broker last answered there, in monotonic milliseconds. */
  #answeredAt = Number.NEGATIVE_INFINITY;

  constructor(questions: Questions, clock: Clock, leaseMs: number) {
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
   * @param onDeaf   hears that it does not, for three leases in which this process did not stand still
   * @returns what ends it
   */
  watch(onAgain: () => void, onDeaf: () => void): () => void {
    this.#answeredAt = this.#clock.monotonic();
    let unanswered = 0;
    const everyMs = this.#leaseMs / asksALease;
    // Counted in turns: a suspended process asked nothing during that time.
    const timer = this.#clock.every(everyMs, () => {
      unanswered += 1;
      if (unanswered === mostUnanswered) onDeaf();
    });
    const stopAsking = lookOften(this.#clock, everyMs, async () => {
      await this.#questions.flush();
      unanswered = 0;
      const wasSilent = !this.#isFresh;
      this.#answeredAt = this.#clock.monotonic();
      if (wasSilent) onAgain();
    });
    return () => {
      timer.cancel();
      stopAsking();
    };
  }
}

/** Waits until the broker answers there, or the signal ends the wait: a coordinator that no question reaches must not lead. */
export async function heardOnce(questions: Questions, clock: Clock, signal: AbortSignal): Promise<void> {
  const answers = (): Promise<boolean> =>
    questions.flush().then(
      () => true,
      (error: unknown) => {
        if (!(error instanceof BusError) || error.reason === "closed") throw error;
        return false;
      },
    );
  const silence = async (): Promise<boolean> => {
    await clock.pause(mostSilenceMs, signal);
    return signal.aborted;
  };
  while (!(await Promise.race([answers(), silence()]))) await clock.pause(pauseMs, signal);
}
