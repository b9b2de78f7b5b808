import type { WorkerId } from "../../shared/domain/names.ts";
import { BusError, type EndSignal } from "../../shared/ports.ts";
import { Ending } from "../../shared/time/ending.ts";
import { BadMessage } from "../../shared/wire/check.ts";
import {
  type Answer,
  type Ask,
  type Control,
  decodeAnswer,
  decodeControl,
  encodeAsk,
} from "../../shared/wire/messages.ts";
import * as subjects from "../../shared/wire/subjects.ts";
import type { Ports } from "./ports.ts";

const askTimeoutMs = 4000;
/** If the broker does not answer for this long after a question of ours went unanswered, it is gone. */
const brokerAnswersMs = 4000;
const leastRetryMs = 150;
const mostRetryMs = 2000;
/** How long the farewell waits for the broker. */
const leavePatienceMs = 500;

type LinkPorts = Ports<"bus" | "clock" | "chance" | "log">;

/** Sends requests to the leading coordinator. Ignores answers of an older term, whose sender has lost the lead. */
export class CoordinatorLink {
  readonly #ports: LinkPorts;
  readonly #worker: WorkerId;
  #term = 0;
  #silentSince: number | undefined;
  #isSilenceTold = false;
  readonly #onSilence: (silent: boolean) => void;
  #isChecking = false;

  constructor(ports: LinkPorts, worker: WorkerId, onSilence: (silent: boolean) => void) {
    this.#ports = ports;
    this.#worker = worker;
    this.#onSilence = onSilence;
  }

  /** The newest reign that answered; 0 before the first answer. */
  get term(): number {
    return this.#term;
  }

  /**
   * Repeats the request, with jitter, until it is answered; undefined if the signal aborts. A function may vary the request.
   */
  async ask<K extends Answer["kind"]>(
    question: Ask | ((tries: number) => Promise<Ask>),
    kinds: readonly K[],
    signal: EndSignal,
  ): Promise<Extract<Answer, { kind: K }> | undefined> {
    const { bus, clock, chance, log } = this.#ports;
    let retryMs = leastRetryMs;
    for (let tries = 0; !signal.aborted; tries += 1) {
      const asked = typeof question === "function" ? await question(tries) : question;
      const data = encodeAsk(asked);
      try {
        const answer = decodeAnswer(await bus.request(subjects.ask(this.#worker), data, askTimeoutMs));
        if (answer.term >= this.#term) {
          this.#term = answer.term;
          this.#heard();
          if ((kinds as readonly string[]).includes(answer.kind)) return answer as Extract<Answer, { kind: K }>;
          log.warn({ asked: asked.kind, answered: answer.kind }, "an answer to something else");
        } else {
          log.info({ term: answer.term, newest: this.#term }, "ignored the answer of an older leader");
        }
      } catch (error) {
        if (error instanceof BadMessage) log.error(`the coordinator's answer cannot be read: ${error.message}`);
        else if (!(error instanceof BusError)) throw error;
        else if (error.reason === "closed") return undefined;
        else if (error.reason === "no answer in time") void this.#checkBroker();
        // Of a job that it never knew, a coordinator that is well says nothing.
        if (asked.kind !== "job") this.#unanswered();
      }
      await clock.pause(retryMs * (0.5 + chance.fraction()), signal);
      retryMs = Math.min(2 * retryMs, mostRetryMs);
    }
    return undefined;
  }

  /** Says that this worker ends in good order. Not repeated: if it is lost, the coordinator finds out by the silence. */
  async leave(bootId: string): Promise<void> {
    const { bus, clock, log } = this.#ports;
    bus.publish(
      subjects.ask(this.#worker),
      encodeAsk({ kind: "renew", bootId, sentAt: clock.wall(), held: [], leaving: true }),
    );
    const over = new Ending();
    try {
      await Promise.race([bus.flush(), clock.pause(leavePatienceMs, over)]);
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      log.info(`nobody may have heard that this worker ends: ${error.message}`);
    } finally {
      over.abort();
    }
  }

  /** Hears hints to all workers and to this one. Returns a function that ends this. */
  listen(handler: (control: Control) => void): () => void {
    const hear = (_subject: string, data: Uint8Array): void => {
      try {
        handler(decodeControl(data));
      } catch (error) {
        if (!(error instanceof BadMessage)) throw error;
        this.#ports.log.warn(`a hint cannot be read: ${error.message}`);
      }
    };
    const undo = [
      this.#ports.bus.subscribe(subjects.controlAll, hear),
      this.#ports.bus.subscribe(subjects.control(this.#worker), hear),
    ];
    return () => {
      for (const step of undo) step();
    };
  }

  /** Makes a new connection if the broker does not answer either: this one may lead nowhere. One check serves all questions. */
  async #checkBroker(): Promise<void> {
    const { bus, clock } = this.#ports;
    if (this.#isChecking || !bus.isConnected()) return;
    this.#isChecking = true;
    const over = new Ending();
    // A flush that fails says that the connection is known to be lost.
    const answers = bus.flush().then(
      () => true,
      () => true,
    );
    const isThere = await Promise.race([answers, clock.pause(brokerAnswersMs, over).then(() => false)]);
    over.abort();
    this.#isChecking = false;
    if (!isThere) bus.reconnect();
  }

  #heard(): void {
    if (this.#isSilenceTold) this.#onSilence(false);
    this.#silentSince = undefined;
    this.#isSilenceTold = false;
  }

  /** A change of leader takes seconds; only a longer silence is reported. */
  #unanswered(): void {
    const now = this.#ports.clock.monotonic();
    this.#silentSince ??= now;
    if (this.#isSilenceTold || now - this.#silentSince <= 3000) return;
    this.#isSilenceTold = true;
    this.#onSilence(true);
  }
}
