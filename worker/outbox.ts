import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pause } from "../shared/deadline.ts";
import type { Log } from "../shared/log.ts";
import { type Bus, BusError } from "../shared/ports.ts";
import { BadMessage, bytes, shape, text } from "../shared/wire/check.ts";
import { decode, encode } from "../shared/wire/codec.ts";

/** One message for the evidence stream. */
interface Letter {
  readonly subject: string;
  readonly msgId: string;
  readonly data: Uint8Array;
}

const letterShape = shape({ subject: text(200), msgId: text(200), data: bytes });
const storeTimeoutMs = 3000;
const leastRetryMs = 200;
const mostRetryMs = 5000;

/**
 * What a worker has to say about its runs, published until the broker has it on disk, however long that takes. A result that
 * cannot be delivered at once also lies in a spool file, 0600, which the worker's next start delivers.
 */
export class Outbox {
  readonly #bus: Bus;
  readonly #spool: string;
  readonly #log: Log;
  /** Highest sequence in EV that was acknowledged. */
  lastSeq = 0;
  #full = "";

  constructor(bus: Bus, spool: string, log: Log) {
    this.#bus = bus;
    this.#spool = spool;
    this.#log = log;
  }

  /** Why nothing is accepted now, for people; empty when all is well. */
  get trouble(): string {
    return this.#full;
  }

  /**
   * Resolves with the sequence once the message is stored. `keep`: it must survive this process, so it is spooled as soon as
   * the first try fails.
   */
  async send(letter: Letter, keep: boolean, signal?: AbortSignal): Promise<number> {
    let retryMs = leastRetryMs;
    let spooled = "";
    while (!signal?.aborted) {
      try {
        const { seq } = await this.#bus.store(letter.subject, letter.data, {
          msgId: letter.msgId,
          timeoutMs: storeTimeoutMs,
        });
        if (spooled !== "") rmSync(spooled, { force: true });
        if (seq > this.lastSeq) this.lastSeq = seq;
        this.#full = "";
        return seq;
      } catch (error) {
        if (!(error instanceof BusError)) throw error;
        if (keep && spooled === "" && error.reason !== "too large") spooled = this.#keep(letter);
        if (error.reason === "closed" || error.reason === "too large") throw error;
        if (error.reason === "full") this.#full = error.message;
        this.#log.warn({ subject: letter.subject, reason: error.reason }, `not delivered yet: ${error.message}`);
      }
      await pause(retryMs * (0.5 + Math.random()), signal);
      retryMs = Math.min(2 * retryMs, mostRetryMs);
    }
    throw new BusError("closed", `${letter.subject}: not delivered before this worker ended`);
  }

  /** Delivers what an earlier process left; returns how many. A file that cannot be read is put aside and said. */
  async deliverSpooled(signal?: AbortSignal): Promise<number> {
    if (!existsSync(this.#spool)) return 0;
    const names = readdirSync(this.#spool).filter((name) => name.endsWith(".letter"));
    for (const name of names) {
      const path = join(this.#spool, name);
      try {
        const letter = letterShape(decode(readFileSync(path)), name);
        await this.send(letter, false, signal);
        rmSync(path, { force: true });
      } catch (error) {
        if (error instanceof BusError) throw error;
        const why = error instanceof BadMessage || error instanceof Error ? error.message : String(error);
        renameSync(path, `${path}.unreadable`);
        this.#log.error({ path }, `a spooled result cannot be read (${why}); it was put aside`);
      }
    }
    return names.length;
  }

  /** Spools the letter; where that fails it is only kept in memory, and said. */
  #keep(letter: Letter): string {
    try {
      return this.#write(letter);
    } catch (error) {
      this.#log.error({ subject: letter.subject }, `a result could not be spooled: ${String(error)}`);
      return "";
    }
  }

  #write(letter: Letter): string {
    mkdirSync(this.#spool, { recursive: true, mode: 0o700 });
    const path = join(this.#spool, `${letter.msgId}.letter`);
    const temporary = `${path}.tmp`;
    writeFileSync(temporary, encode({ ...letter }), { mode: 0o600, flush: true });
    renameSync(temporary, path);
    return path;
  }
}
