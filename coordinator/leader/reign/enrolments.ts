import type { Allowance } from "../../../shared/domain/quotas.ts";
import { Buckets } from "./buckets.ts";

/** Enrolments that are read, of one invitation and of all. Each is signed twice, which costs half a millisecond (2026-11-29). */
export const readOfOne: Allowance = { perSecond: 5, atOnce: 50 };
const readOfAll: Allowance = { perSecond: 50, atOnce: 500 };
/**
 * Enrolments beyond `readOfOne` are told to retry, unread; beyond this limit the invitation is withdrawn. The broker admits 256
 * enrolling machines at a time, and each asks every three seconds.
 */
export const unreadOfOne: Allowance = { perSecond: 200, atOnce: 2000 };

/** How fast machines enrol. Only the leader keeps this; the next one begins anew. */
export class Enrolments {
  /** When machines enrolled within the last minute, in monotonic milliseconds. */
  readonly doneAt: number[] = [];
  readonly #read = new Buckets<string>(readOfOne);
  readonly #readOfAll = new Buckets<"all">(readOfAll);
  readonly #unread = new Buckets<string>(unreadOfOne);

  /** Whether one more may be read. @param invite  "" for those of invitations that are over */
  mayRead(invite: string, now: number): boolean {
    return this.#read.take(invite, now) && this.#readOfAll.take("all", now);
  }

  /** Whether one more may be told to come later. */
  mayWait(invite: string, now: number): boolean {
    return this.#unread.take(invite, now);
  }

  /** The invitation is over. */
  forget(invite: string): void {
    this.#read.forget(invite);
    this.#unread.forget(invite);
  }
}
