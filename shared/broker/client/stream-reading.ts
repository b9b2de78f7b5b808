import { pause } from "../../deadline.ts";
import { Ending } from "../../ending.ts";
import type { Reading } from "../../ports.ts";

/** Hands messages over, one after another, until it is closed. */
export interface Delivery {
  /** Messages that were still to come when it began. */
  readonly pending: number;
  close(): Promise<unknown>;
}

export interface Delivered<Message> {
  readonly message: Message;
  /** How many messages follow it by now. */
  readonly pending: number;
}

export interface ReadingPorts<Message> {
  /** Begins a delivery of the messages from this sequence on. */
  deliver(fromSeq: number, hear: (delivered: Delivered<Message>) => void): Promise<Delivery>;
  /** The stream's last sequence. */
  lastSeq(): Promise<number>;
  isConnected(): boolean;
  /** A reading that hears nothing for this long looks whether there is more. */
  readonly silentMs: number;
  /** Called once, when the reading is stopped. */
  onStopped(): void;
}

const closeMs = 1000;

/**
 * Reads each message of a stream once and in order, whatever becomes of its deliveries: one that is silent although the stream
 * holds more is replaced. nats-server 2.10.27 never sends anything to a consumer that is made while it reloads its accounts
 * (seen), and a process that was frozen may find its consumer gone.
 */
export class StreamReading<Message extends { readonly seq: number }> implements Reading {
  readonly #caughtUp = new Ending();
  readonly #ports: ReadingPorts<Message>;
  readonly #handler: (message: Message) => void;
  #watchdog: NodeJS.Timeout | undefined;
  #next: number;
  #heardAt = performance.now();
  /** Two while one replaces the other. */
  readonly #deliveries = new Set<Promise<Delivery>>();
  #stopped = false;

  private constructor(ports: ReadingPorts<Message>, fromSeq: number, handler: (message: Message) => void) {
    this.#ports = ports;
    this.#next = Math.max(1, fromSeq);
    this.#handler = handler;
  }

  get caughtUp(): Promise<void> {
    return this.#caughtUp.ended;
  }

  /** @throws what the first delivery throws */
  static async begin<Message extends { readonly seq: number }>(
    ports: ReadingPorts<Message>,
    fromSeq: number,
    handler: (message: Message) => void,
  ): Promise<Reading> {
    const reading = new StreamReading(ports, fromSeq, handler);
    await reading.#begin();
    reading.#watchdog = setInterval(() => void reading.#look(), ports.silentMs / 2);
    reading.#watchdog.unref();
    return reading;
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    clearInterval(this.#watchdog);
    this.#ports.onStopped();
    const waited = new AbortController();
    // A delivery that is about to begin is closed as soon as it has begun.
    await Promise.race([this.#close(this.#deliveries), pause(closeMs, waited.signal)]);
    waited.abort("closed"); // else the timer would keep a command alive for as long
  }

  /** @param last  the stream's last message, if that was asked just before */
  async #deliver(last = 0): Promise<Delivery> {
    const delivery = await this.#ports.deliver(this.#next, ({ message, pending }) => {
      this.#heardAt = performance.now();
      // From a delivery that was replaced, or that nobody wants any more.
      if (this.#stopped || message.seq < this.#next) return;
      this.#next = message.seq + 1;
      this.#handler(message);
      if (pending === 0) this.#caughtUp.abort();
    });
    if (delivery.pending === 0) {
      // No other message up to there has a subject that is read.
      this.#next = Math.max(this.#next, last + 1);
      this.#caughtUp.abort();
    }
    return delivery;
  }

  async #look(): Promise<void> {
    if (performance.now() - this.#heardAt < this.#ports.silentMs || !this.#ports.isConnected()) return;
    this.#heardAt = performance.now();
    try {
      const last = await this.#ports.lastSeq();
      if (this.#stopped) return;
      if (last < this.#next) this.#caughtUp.abort();
      else await this.#replace(last);
    } catch {
      // Nobody answered; the next turn asks again.
    }
  }

  async #replace(last: number): Promise<void> {
    const silent = [...this.#deliveries];
    await this.#begin(last);
    await this.#close(silent);
  }

  async #begin(last?: number): Promise<void> {
    const delivery = this.#deliver(last);
    this.#deliveries.add(delivery);
    try {
      await delivery;
    } catch (error) {
      this.#deliveries.delete(delivery);
      throw error;
    }
  }

  async #close(deliveries: Iterable<Promise<Delivery>>): Promise<void> {
    await Promise.all(
      [...deliveries].map(async (delivery) => {
        this.#deliveries.delete(delivery);
        await (await delivery).close();
      }),
    );
  }
}
