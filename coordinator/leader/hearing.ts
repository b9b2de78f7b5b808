import { type Bus, BusError, type Clock } from "../../shared/ports.ts";
import { lookOften } from "./look-often.ts";

/** How many times the broker is asked within a lease. */
const asksALease = 6;
/** Turns without an answer, three leases long, after which the connection is not expected to come back by itself. */
const mostUnanswered = 3 * asksALease;

const pauseMs = 1000;
/** The broker is asked again if it has not answered within this time. */
const mostSilenceMs = 5000;

type Questions = Pick<Bus, "isConnected" | "flush">;

/**
 * Whether workers' questions can arrive. Their connection may be dead while the other one keeps the lead, and by itself
 * that shows only after some ten seconds. So the broker is asked on this connection, often enough that no lease runs
 * out in between.
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

  /** Within half a lease: a running worker renews its leases every third of one. */
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
