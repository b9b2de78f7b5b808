import { pause } from "../../deadline.ts";
import type { Reading } from "../../ports.ts";

/** What hands messages over, one after another, until it is closed. */
export interface Delivery {
  /** Messages that are still to come; 0: it had all of them when it began. */
  readonly pending: number;
  close(): Promise<unknown>;
}

/** A message as a delivery hands it over, and how many follow it. */
export interface Delivered<Message> {
  readonly message: Message;
  readonly pending: number;
}

export interface ReadingPorts<Message> {
  /** Begins a delivery of the messages from this sequence number on. */
  deliver(fromSeq: number, hear: (delivered: Delivered<Message>) => void): Promise<Delivery>;
  /** The stream's last sequence number. */
  lastSeq(): Promise<number>;
  isConnected(): boolean;
  /** A reading that hears nothing for so long looks whether there is more. */
  readonly silentMs: number;
  /** Called once, when the reading is stopped. */
  onStopped(): void;
}

const closeMs = 1000;

/**
 * Each message of a stream once and in order, whatever becomes of the deliveries: one that is silent although the stream holds
 * more is replaced. nats-server 2.10.27 leaves a new consumer without a word for ever while it reloads its accounts, and who was
 * frozen may find its consumer gone.
 */
export class StreamReading<Message extends { readonly seq: number }> implements Reading {
  readonly caughtUp: Promise<void>;
  readonly #ports: ReadingPorts<Message>;
  readonly #handler: (message: Message) => void;
  #watchdog: NodeJS.Timeout | undefined;
  #done: () => void = () => undefined;
  #next: number;
  #heardAt = performance.now();
  /** One, but for the moment in which it is replaced. */
  readonly #deliveries = new Set<Promise<Delivery>>();
  #stopped = false;

  private constructor(ports: ReadingPorts<Message>, fromSeq: number, handler: (message: Message) => void) {
    this.#ports = ports;
    this.#next = Math.max(1, fromSeq);
    this.#handler = handler;
    this.caughtUp = new Promise<void>((resolve) => {
      this.#done = resolve;
    });
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
    // One that is about to begin is closed as well, as soon as it has begun.
    await Promise.race([this.#close(this.#deliveries), pause(closeMs, waited.signal)]);
    waited.abort("closed"); // else the timer would keep a command alive for as long
  }

  /** @param last  the stream's last message, if that was asked just before */
  async #deliver(last = 0): Promise<Delivery> {
    const delivery = await this.#ports.deliver(this.#next, ({ message, pending }) => {
      this.#heardAt = performance.now();
      // Of a delivery that was replaced, or that nobody wants any more.
      if (this.#stopped || message.seq < this.#next) return;
      this.#next = message.seq + 1;
      this.#handler(message);
      if (pending === 0) this.#done();
    });
    if (delivery.pending === 0) {
      // Up to there no other message has a subject that is read.
      this.#next = Math.max(this.#next, last + 1);
      this.#done();
    }
    return delivery;
  }

  async #look(): Promise<void> {
    if (performance.now() - this.#heardAt < this.#ports.silentMs || !this.#ports.isConnected()) return;
    this.#heardAt = performance.now();
    try {
      const last = await this.#ports.lastSeq();
      if (this.#stopped) return;
      if (last < this.#next) this.#done();
      else await this.#replace(last);
    } catch {
      // Nobody answered; it is asked again at the next turn.
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
