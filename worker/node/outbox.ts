import type { WorkerId } from "../../shared/domain/names.ts";
import { messageOf } from "../../shared/errors.ts";
import { BusError, type EndSignal } from "../../shared/ports.ts";
import { parseEvidence } from "../../shared/wire/subjects.ts";
import type { Ports } from "./ports.ts";
import type { Letter } from "./spool.ts";

type OutboxPorts = Ports<"bus" | "clock" | "chance" | "log" | "spool">;

const storeTimeoutMs = 3000;
const leastRetryMs = 200;
const mostRetryMs = 5000;

/**
 * Publishes a worker's messages about its runs, and repeats each until the broker has it on disk. A result that cannot be
 * delivered at once is also kept in a spool file (0600), which the next start of the worker delivers.
 */
export class Outbox {
  readonly #ports: OutboxPorts;
  readonly #worker: WorkerId;
  /** Highest acknowledged sequence of EV. */
  lastSeq = 0;
  #full = "";
  /** msgIDs of results that neither the disk nor the broker has yet. */
  readonly #unkept = new Set<string>();
  /** msgId -> name in the spool, of letters that lie there before they are sent. */
  readonly #ahead = new Map<string, string>();
  readonly #onUnkept: (text: string) => void;

  /** @param onUnkept  hears, in words for people, that a result is in this process's memory alone, or is lost */
  constructor(ports: OutboxPorts, worker: WorkerId, onUnkept: (text: string) => void = () => undefined) {
    this.#ports = ports;
    this.#worker = worker;
    this.#onUnkept = onUnkept;
  }

  /** Why the broker accepts nothing now, for people; empty if it does. */
  get trouble(): string {
    return this.#full;
  }

  /** Spools a letter before something slow, after which `send` gets it, or a longer one of the same id. */
  keepAhead(letter: Letter): void {
    try {
      this.#ahead.set(letter.msgId, this.#ports.spool.keep(letter));
    } catch (error) {
      this.#ports.log.warn({ subject: letter.subject }, `not spooled yet: ${messageOf(error)}`);
    }
  }

  /**
   * Resolves with the sequence once stored. With `keep`, a message is spooled after the first failure, to survive this process.
   *
   * @throws BusError "too large"; "closed" if the bus is closed or the signal aborts first
   */
  async send(letter: Letter, keep: boolean, signal?: EndSignal): Promise<number> {
    const { bus, clock, chance, log, spool } = this.#ports;
    let retryMs = leastRetryMs;
    let spooled = "";
    let idsUsed = 0;
    while (!signal?.aborted) {
      try {
        const { seq } = await bus.store(letter.subject, letter.data, {
          msgId: idsUsed === 0 ? letter.msgId : `${letter.msgId}~${idsUsed}`,
          timeoutMs: storeTimeoutMs,
        });
        const kept = spooled || this.#ahead.get(letter.msgId);
        if (kept) spool.drop(kept);
        this.#ahead.delete(letter.msgId);
        this.#unkept.delete(letter.msgId);
        if (seq > this.lastSeq) this.lastSeq = seq;
        this.#full = "";
        return seq;
      } catch (error) {
        if (!(error instanceof BusError)) throw error;
        if (keep && spooled === "" && error.reason !== "too large") spooled = this.#keep(letter);
        if (error.reason === "closed") this.#leave(letter);
        if (error.reason === "closed" || error.reason === "too large") throw error;
        if (error.reason === "full") this.#full = error.message;
        // If it is stored twice, it counts once, so another id is safe.
        if (error.reason === "id used up") idsUsed += 1;
        log.warn({ subject: letter.subject, reason: error.reason }, `not delivered yet: ${error.message}`);
      }
      await clock.pause(retryMs * (0.5 + chance.fraction()), signal);
      retryMs = Math.min(2 * retryMs, mostRetryMs);
    }
    if (keep && spooled === "") this.#keep(letter);
    this.#leave(letter);
    throw new BusError("closed", `${letter.subject}: not delivered before this worker ended`);
  }

  /**
   * Delivers what an earlier process, or a run that had to leave, has left; returns how many. A file that cannot be read, or is too
   * large, is put aside and logged. One under another name, which the broker would refuse for ever, waits until the worker has it again.
   */
  async deliverSpooled(signal?: EndSignal): Promise<number> {
    const { log, spool } = this.#ports;
    let delivered = 0;
    for (const name of spool.names()) {
      // Whoever sends it as well was first.
      if (!spool.names().includes(name)) continue;
      // What lies there ahead is sent by whoever put it there.
      if ([...this.#ahead.values()].includes(name)) continue;
      try {
        const letter = spool.read(name);
        if (parseEvidence(letter.subject)?.worker !== this.#worker) {
          log.warn({ subject: letter.subject }, `a spooled result stays: it is not of ${this.#worker}`);
          continue;
        }
        await this.send(letter, false, signal);
        spool.drop(name);
        delivered += 1;
      } catch (error) {
        // One that no broker takes must not stand before the others at every start.
        if (error instanceof BusError && error.reason !== "too large") throw error;
        const path = spool.putAside(name);
        const why = messageOf(error);
        log.error({ path }, `a spooled result cannot be delivered (${why}); it was put aside`);
      }
    }
    return delivered;
  }

  /** Spools the letter; returns its name, "" on failure. A failure is said once, and the next delivery tries again. */
  #keep(letter: Letter): string {
    const { spool, log } = this.#ports;
    try {
      const name = spool.keep(letter);
      this.#unkept.delete(letter.msgId);
      return name;
    } catch (error) {
      const ahead = this.#ahead.get(letter.msgId);
      if (ahead !== undefined) return ahead;
      if (this.#unkept.has(letter.msgId)) return "";
      this.#unkept.add(letter.msgId);
      const why = messageOf(error);
      log.error({ subject: letter.subject }, `a result could not be spooled: ${why}`);
      this.#onUnkept(
        `${letter.subject}: neither the broker nor the disk takes this result (${why}); it is in memory alone, and both are ` +
          "tried again until one does: do not end this worker before",
      );
      return "";
    }
  }

  /** This process delivers it no more; what lies in the spool may be delivered from there. */
  #leave(letter: Letter): void {
    this.#ahead.delete(letter.msgId);
    if (!this.#unkept.has(letter.msgId)) return;
    const text = `${letter.subject}: a result is lost: neither the broker nor the disk took it before this worker ended`;
    this.#ports.log.error(text);
    this.#onUnkept(text);
  }
}
