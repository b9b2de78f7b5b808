import { messageOf } from "../../../shared/errors.ts";
import { descendantsOf, sessionOf } from "../../../shared/machine/process-tree.ts";
import { lowerAutogroup } from "./autogroup.ts";
import type { Keeper } from "./standing.ts";

/** The kernel lets a user change one group each 0.1 s. */
const againMs = 130;
const everyMs = 2000;

/** Keeps the sessions of one runner as low as it is: a program of a run may begin new ones, which start at the normal priority. */
export class LowSessions implements Keeper {
  readonly #pid: number;
  readonly #complain: (why: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #hasComplained = false;

  /** @param pid  the first process; @param complain  hears once why it cannot be done here */
  constructor(pid: number, complain: (why: string) => void) {
    this.#pid = pid;
    this.#complain = complain;
  }

  begin(): void {
    this.end();
    this.#look();
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const isDone = this.#lower();
    this.#timer = setTimeout(() => this.#look(), isDone ? everyMs : againMs).unref();
  }

  /** Returns false if something is left to do. */
  #lower(): boolean {
    const own = sessionOf(process.pid);
    const sessions = new Map<number, number>();
    for (const pid of [this.#pid, ...descendantsOf(this.#pid)]) {
      const session = sessionOf(pid);
      // Never our own: it is the owner's terminal.
      if (session !== undefined && session !== own && !sessions.has(session)) sessions.set(session, pid);
    }
    try {
      return [...sessions.values()].map((pid) => lowerAutogroup(pid)).every(Boolean);
    } catch (error) {
      if (!this.#hasComplained) this.#complain(messageOf(error));
      this.#hasComplained = true;
      return true;
    }
  }
}
