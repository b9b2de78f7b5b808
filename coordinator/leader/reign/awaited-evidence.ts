import type { JobName } from "../../../shared/domain/names.ts";
import { BusError } from "../../../shared/ports.ts";
import type { ReignPorts } from "./ports.ts";

/** A claim that cites evidence that does not arrive within this time gets no answer; the worker asks again. */
const patienceMs = 4000;
/** What a worker has just stored arrives within this time, unless the broker or this process is behind. */
const arrivingMs = 250;

/** How far EV has been judged, and the claims that wait for a result or another end to be judged. */
export class AwaitedEvidence {
  readonly #ports: Pick<ReignPorts, "clock" | "lastEvidence">;
  /** Sequence in EV up to which everything has been judged. */
  #judged: number;
  readonly #forSequence = new Set<{ readonly seq: number; readonly go: () => void }>();
  /** By job and trial. */
  readonly #forEnd = new Map<string, Set<() => void>>();

  constructor(judged: number, ports: Pick<ReignPorts, "clock" | "lastEvidence">) {
    this.#judged = judged;
    this.#ports = ports;
  }

  get judged(): number {
    return this.#judged;
  }

  judgedUpTo(seq: number): void {
    if (seq <= this.#judged) return;
    this.#judged = seq;
    for (const waiter of this.#forSequence) if (waiter.seq <= seq) waiter.go();
  }

  /**
   * Whether everything in EV up to `seq` has been judged. Waits a while for it, but not for messages that the broker does not
   * hold: after an older backup was restored, a surviving worker cites a message that is gone.
   */
  async hasJudged(seq: number): Promise<boolean> {
    // Usually it is just arriving, and the broker need not be asked.
    await this.#until(seq, arrivingMs);
    if (seq <= this.#judged) return true;
    let last: number;
    try {
      last = await this.#ports.lastEvidence();
    } catch (error) {
      if (error instanceof BusError) return false; // the broker is away; the worker asks again
      throw error;
    }
    const due = Math.min(seq, last);
    await this.#until(due, patienceMs);
    return this.#judged >= due;
  }

  async #until(seq: number, ms: number): Promise<void> {
    if (seq <= this.#judged) return;
    await this.#waitFor(ms, (go) => {
      const waiter = { seq, go };
      this.#forSequence.add(waiter);
      return () => this.#forSequence.delete(waiter);
    });
  }

  /** Resolves when the trial has ended or was taken from its holder, or when patience runs out. */
  async trialLeft(job: JobName, n: number): Promise<void> {
    const key = `${job}/${n}`;
    const waiters = this.#forEnd.get(key) ?? new Set();
    this.#forEnd.set(key, waiters);
    await this.#waitFor(patienceMs, (go) => {
      waiters.add(go);
      return () => {
        waiters.delete(go);
        if (waiters.size === 0 && this.#forEnd.get(key) === waiters) this.#forEnd.delete(key);
      };
    });
  }

  /** The trial has ended, or was taken from its holder. */
  left(job: JobName, n: number): void {
    for (const go of this.#forEnd.get(`${job}/${n}`) ?? []) go();
  }

  /** Resolves when `go` is called, or after `ms`. `listen` registers `go`, and returns what unregisters it. */
  #waitFor(ms: number, listen: (go: () => void) => () => void): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        forget();
        resolve();
      };
      const timer = this.#ports.clock.after(ms, done).unref();
      const forget = listen(done);
    });
  }
}
