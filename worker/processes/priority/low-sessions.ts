import { messageOf } from "../../../shared/errors.ts";
import { descendantsOf, sessionIdOf } from "../../../shared/machine/process-tree.ts";
import { lowerAutogroup } from "./autogroup.ts";
import type { Keeper } from "./standing.ts";
import { WorthALook } from "./worth-a-look.ts";

/** The kernel lets a user change one group per 0.1 s. */
const againMs = 130;
const everyMs = 2000;

/**
 * Keeps the sessions of one runner as low as it is: a program of a run may begin new ones, which start at the normal
 * priority.
 *
 * A look reads some files for each thread of the runner, 0.13 ms of CPU and more (2026-11-29). So looks go by the clock
 * and not by runs: runs of milliseconds share one.
 */
export class LowSessions implements Keeper {
  readonly #pid: number;
  readonly #complain: (why: string) => void;
  readonly #lower: (pid: number) => boolean;
  readonly #looks = new WorthALook();
  #timer: NodeJS.Timeout | undefined;
  /** When the next look is due, in monotonic milliseconds; it is taken only while a run is executed. */
  #dueAt = 0;
  #hasComplained = false;

  /**
   * @param pid       the runner's first process
   * @param complain  hears once why it cannot be done here
   * @param lower     replaces the usual look
   */
  constructor(pid: number, complain: (why: string) => void, lower: (pid: number) => boolean = lowerSessions) {
    this.#pid = pid;
    this.#complain = complain;
    this.#lower = lower;
  }

  begin(): void {
    this.end();
    const waitMs = this.#dueAt - performance.now();
    if (waitMs <= 0) this.#look();
    else this.#timer = setTimeout(() => this.#look(), waitMs).unref();
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const isLow = !this.#looks.next() || this.#isLow();
    if (!isLow) this.#looks.reset();
    const waitMs = isLow ? everyMs : againMs;
    this.#dueAt = performance.now() + waitMs;
    this.#timer = setTimeout(() => this.#look(), waitMs).unref();
  }

  /** Returns false if something is left to do. */
  #isLow(): boolean {
    try {
      return this.#lower(this.#pid);
    } catch (error) {
      if (!this.#hasComplained) this.#complain(messageOf(error));
      this.#hasComplained = true;
      return true;
    }
  }
}

/** Lowers the sessions of a process and its descendants. Returns false if something is left to do. @throws what the system says */
function lowerSessions(first: number): boolean {
  const own = sessionIdOf(process.pid);
  const sessions = new Map<number, number>();
  for (const pid of [first, ...descendantsOf(first)]) {
    const session = sessionIdOf(pid);
    // Never our own: it is the owner's terminal.
    if (session !== undefined && session !== own && !sessions.has(session)) sessions.set(session, pid);
  }
  return [...sessions.values()].map((pid) => lowerAutogroup(pid)).every(Boolean);
}
