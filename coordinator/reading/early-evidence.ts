import { lastAttempt, type Trial } from "../../shared/domain/fold/trial.ts";
import type { StoredMessage } from "../../shared/ports.ts";

/** Most messages kept, and their size together: any worker may invent them. The oldest are let go. */
const mostMessages = 64;
const mostBytes = 4 * 1024 ** 2;

/** Whether a message is about an attempt that the journal may record a moment later. */
export const isEarly = (trial: Trial | undefined, attempt: number): boolean =>
  trial === undefined || attempt > lastAttempt(trial).attempt;

/** Messages about attempts that the journal has not recorded yet, by trial number. */
export class EarlyEvidence {
  #kept: { readonly n: number; readonly message: StoredMessage }[] = [];
  #bytes = 0;

  keep(n: number, message: StoredMessage): void {
    this.#kept.push({ n, message });
    this.#bytes += message.data.length;
    while (this.#kept.length > mostMessages || this.#bytes > mostBytes)
      this.#bytes -= this.#kept.shift()?.message.data.length ?? 0;
  }

  /** Takes out what is kept of a trial, in the order of the stream. */
  take(n: number): StoredMessage[] {
    const taken = this.#kept.filter((each) => each.n === n).map(({ message }) => message);
    if (taken.length === 0) return taken;
    this.#kept = this.#kept.filter((each) => each.n !== n);
    for (const { data } of taken) this.#bytes -= data.length;
    return taken;
  }
}
