import type { Allowance } from "../../../shared/domain/quotas.ts";
import { Buckets } from "./buckets.ts";

/** Enrolments that are read, of one invitation and of all. Each is signed twice, which costs half a millisecond (2026-11-29). */
export const readOfOne: Allowance = { perSecond: 5, atOnce: 50 };
const readOfAll: Allowance = { perSecond: 50, atOnce: 500 };
/**
 * Enrolments beyond `readOfOne` are told to retry, unread; beyond this limit the invitation is withdrawn. The broker admits 256
 * enrolling machines of an invitation at a time, and each asks every three seconds.
 */
export const unreadOfOne: Allowance = { perSecond: 200, atOnce: 2000 };

/** Enrolments within a minute, by one invitation and by all. A machine beyond that is told to wait, and asks again. */
export const aMinute = { ofOne: 120, ofAll: 600 };
const minuteMs = 60_000;

/** How fast machines enrol. Only the leader keeps this; the next one starts from zero. */
export class Enrolments {
  /** Of the last minute; times are monotonic milliseconds. */
  #done: readonly { readonly invite: string; readonly at: number }[] = [];
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

  /** How long a machine has to wait until it may enrol, and behind how many; undefined: not at all. */
  wait(invite: string, now: number): { readonly ms: number; readonly behind: number } | undefined {
    this.#done = this.#done.filter(({ at }) => at > now - minuteMs);
    const own = this.#done.filter((each) => each.invite === invite);
    for (const [done, behind] of [
      [own, aMinute.ofOne],
      [this.#done, aMinute.ofAll],
    ] as const) {
      const first = done.at(-behind);
      if (first) return { ms: first.at + minuteMs - now, behind };
    }
    return undefined;
  }

  /** A machine enrols. */
  done(invite: string, now: number): void {
    this.#done = [...this.#done, { invite, at: now }];
  }

  /** The invitation is over. */
  forget(invite: string): void {
    this.#read.forget(invite);
    this.#unread.forget(invite);
  }
}
