import type { Clock, EndSignal } from "../../../shared/ports.ts";
import { Ending } from "../../../shared/time/ending.ts";

/** Default time for a hand-back, in milliseconds. */
export const usualGraceMs = 10_000;
/** The part of it in which a run saves itself; the rest is for carrying what it saved. */
const saving = 0.5;
/** The part of what is left that what goes ahead of a run's end may take. */
const goingAhead = 0.5;
/** What is not uploaded after this share of the time is given up: the hand-back itself must still be told in time. */
const carrying = 0.9;
/** Least time to tell of a hand-back, however late. If the message is lost, the trial moves when its lease expires. */
const leastTellingMs = 1000;

/** The part of the grace in which a run saves itself. */
export const savingMs = (graceMs: number): number => saving * graceMs;

/** The time of one hand-back. */
export class LeaveTime {
  readonly #clock: Clock;
  #deadline = Number.POSITIVE_INFINITY;
  #ahead: Ending | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Time to tell the coordinator. Without a deadline, as when the machine made the run fail, the usual grace. */
  get tellingMs(): number {
    if (this.#deadline === Number.POSITIVE_INFINITY) return usualGraceMs;
    return Math.max(leastTellingMs, this.#deadline - this.#clock.monotonic());
  }

  /**
   * Begins the hand-back, or shortens its time. Returns false if this would not shorten it.
   *
   * @param late  called when carrying is to be given up
   * @param over  called when the time is over
   */
  begin(graceMs: number, late: () => void, over: () => void): boolean {
    const deadline = this.#clock.monotonic() + graceMs;
    if (deadline >= this.#deadline) return false;
    this.#deadline = deadline;
    const after = (ms: number, action: () => void): void => {
      this.#clock
        .after(ms, () => {
          if (this.#deadline === deadline) action();
        })
        .unref();
    };
    after(carrying * graceMs, late);
    after(graceMs, over);
    this.#limitAhead();
    return true;
  }

  /**
   * Ends what goes ahead of the run's end, such as its files, after half of what is left of a hand-back, which may begin later:
   * the other half is for the end itself.
   */
  ahead(): EndSignal {
    this.#ahead = new Ending();
    this.#limitAhead();
    return this.#ahead;
  }

  #limitAhead(): void {
    const ahead = this.#ahead;
    if (!ahead || this.#deadline === Number.POSITIVE_INFINITY) return;
    const leftMs = Math.max(0, this.#deadline - this.#clock.monotonic());
    this.#clock.after(goingAhead * leftMs, () => ahead.abort()).unref();
  }
}

/** The order to a worker to leave with all its runs, including those whose claim is answered later. */
export class LeaveOrder {
  readonly #clock: Pick<Clock, "monotonic">;
  /** The first one counts. */
  reason = "";
  #until = Number.POSITIVE_INFINITY;

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  get isGiven(): boolean {
    return this.#until < Number.POSITIVE_INFINITY;
  }

  /** What is left of the grace. */
  get leftMs(): number {
    return Math.max(0, this.#until - this.#clock.monotonic());
  }

  /** Gives the order. Given again, it can only shorten the time. */
  give(reason: string, graceMs = usualGraceMs): void {
    this.reason ||= reason;
    this.#until = Math.min(this.#until, this.#clock.monotonic() + graceMs);
  }
}
