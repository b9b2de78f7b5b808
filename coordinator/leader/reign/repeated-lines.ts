import type { Log } from "../../../shared/log.ts";

const windowMs = 60_000;
/** Lines of one kind that are written in a window; the rest are counted. */
const written = 5;
/** Kinds that are kept apart; beyond that all count as one, so that nobody can fill memory with new ones. */
const mostKinds = 10_000;

interface Kind {
  since: number;
  count: number;
}

/**
 * Lines of the log that somebody else can cause at will, such as those about messages that cannot be read: the first five of a
 * kind in a minute are written, and then one that says how many more there were.
 */
export class RepeatedLines {
  readonly #log: Pick<Log, "info" | "warn">;
  readonly #kinds = new Map<string, Kind>();
  #toldAt = 0;

  constructor(log: Pick<Log, "info" | "warn">) {
    this.#log = log;
  }

  /** @param kind  who causes it, and what it is: `ev.lab-pc`, `ask.lab-pc` */
  warn(kind: string, now: number, fields: object, text: string): void {
    const key = this.#kinds.has(kind) || this.#kinds.size < mostKinds ? kind : "others";
    let known = this.#kinds.get(key);
    if (known && now - known.since >= windowMs) {
      this.#tell(key, known);
      known = undefined;
    }
    if (!known) {
      known = { since: now, count: 0 };
      this.#kinds.set(key, known);
    }
    known.count += 1;
    if (known.count <= written) this.#log.warn(fields, text);
  }

  /** Says what has been counted and is over; called by the clock. */
  tell(now: number): void {
    if (now - this.#toldAt < windowMs) return;
    this.#toldAt = now;
    for (const [key, kind] of this.#kinds) {
      if (now - kind.since < windowMs) continue;
      this.#kinds.delete(key);
      this.#tell(key, kind);
    }
  }

  #tell(from: string, { count }: Kind): void {
    if (count > written)
      this.#log.warn({ from, more: count - written }, `${count - written} more lines like those before`);
  }
}
