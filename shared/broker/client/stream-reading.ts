import type { Reading } from "../../ports.ts";
import { pause } from "../../time/deadline.ts";
import { Ending } from "../../time/ending.ts";

/** Hands messages over, one after another, until it is closed. */
export interface Delivery {
  /** Messages that were still to come when it began. */
  readonly pending: number;
  close(): Promise<unknown>;
}

export interface Delivered<Message> {
  readonly message: Message;
  /** Messages that follow it so far. */
  readonly pending: number;
  /**
   * Whether it is the first that comes from a copy of the stream, and it must be checked that none is missing before it. False for the
   * contents of files: their readers notice by the sum what is missing, and to ask for pieces would fetch them a second time.
   */
  readonly isFirst?: boolean;
}

interface ReadingPorts<Message> {
  /** Begins a delivery of the messages from this sequence on. */
  deliver(fromSeq: number, hear: (delivered: Delivered<Message>) => void): Promise<Delivery>;
  /** The stream's last sequence. */
  lastSeq(): Promise<number>;
  /** Whether the stream's leader holds a message that is read, from one sequence on and before another. */
  holds(fromSeq: number, beforeSeq: number): Promise<boolean>;
  /** Whether a delivery comes from one of several copies, which may be behind the stream's leader. */
  hasCopies(): boolean;
  isConnected(): boolean;
  /** A reading that hears nothing for this long checks whether there is more. */
  readonly silentMs: number;
  /** Called once, when the reading is stopped. */
  onStopped(): void;
}

const closeMs = 1000;

/**
 * Reads each message of a stream once and in order, even if deliveries fail: one that is silent although the stream holds more
 * is replaced. nats-server 2.10.27 never sends anything to a consumer that is made while it reloads its accounts (seen), and a
 * process that was frozen may find its consumer gone. In a cluster a delivery may come from a copy that is still catching up: it
 * says that nothing more is to come, or begins in the middle. So only messages that were handed over are behind the reading.
 *
 * @throws what the first delivery throws
 */
export async function readStream<Message extends { readonly seq: number }>(
  ports: ReadingPorts<Message>,
  fromSeq: number,
  handler: (message: Message) => void,
): Promise<Reading> {
  const caughtUp = new Ending();
  /** Two while one replaces the other. */
  const deliveries = new Set<Promise<Delivery>>();
  let next = Math.max(1, fromSeq);
  let heardAt = performance.now();
  let isStopped = false;

  /** What the stream held when a copy had no more for the first time. */
  let end: number | undefined;
  const atEnd = async (): Promise<void> => {
    try {
      if (!caughtUp.aborted && ports.hasCopies()) {
        end ??= await ports.lastSeq();
        if (next <= end && (await ports.holds(next, end + 1))) return;
      }
      caughtUp.abort();
    } catch {
      // No answer; the next turn of the watchdog asks again.
    }
  };
  const hand = ({ message, pending }: Delivered<Message>): void => {
    // From a delivery that was replaced, or that nobody needs any more.
    if (isStopped || message.seq < next) return;
    next = message.seq + 1;
    handler(message);
    if (pending === 0) void atEnd();
  };
  const deliver = async (): Promise<Delivery> => {
    let stretch = new Stretch<Message>(hand);
    const delivery = await ports.deliver(next, (delivered) => {
      const { message, isFirst } = delivered;
      if (isFirst && ports.hasCopies()) {
        stretch = new Stretch(hand);
        if (message.seq > next) void stretch.check(ports.holds(next, message.seq));
      }
      // A slow answer must not make it count as silent.
      if (stretch.take(delivered)) heardAt = performance.now();
    });
    if (delivery.pending === 0) void atEnd();
    return delivery;
  };
  const begin = async (): Promise<void> => {
    const delivery = deliver();
    deliveries.add(delivery);
    try {
      await delivery;
    } catch (error) {
      deliveries.delete(delivery);
      throw error;
    }
  };
  const close = (closing: readonly Promise<Delivery>[]): Promise<unknown> =>
    Promise.all(
      closing.map(async (delivery) => {
        deliveries.delete(delivery);
        await (await delivery.catch(() => undefined))?.close();
      }),
    );
  const look = async (): Promise<void> => {
    if (performance.now() - heardAt < ports.silentMs || !ports.isConnected()) return;
    heardAt = performance.now();
    try {
      const last = await ports.lastSeq();
      const isMore = last >= next && (await ports.holds(next, last + 1));
      if (isStopped) return;
      if (!isMore) {
        caughtUp.abort();
        return;
      }
      const silent = [...deliveries];
      await begin();
      await close(silent);
    } catch {
      // No answer; the next turn asks again.
    }
  };

  await begin();
  const watchdog = setInterval(() => void look(), ports.silentMs / 2);
  watchdog.unref();
  return {
    caughtUp: caughtUp.ended,
    stop: async () => {
      if (isStopped) return;
      isStopped = true;
      clearInterval(watchdog);
      ports.onStopped();
      const waited = new Ending();
      // A delivery that is about to begin is closed as soon as it has begun.
      await Promise.race([close([...deliveries]), pause(closeMs, waited)]);
      waited.abort(); // otherwise the timer would keep a command alive
    },
  };
}

/** Messages from one copy of the stream. They are held while it is checked whether any is missing before them. */
class Stretch<Message> {
  readonly #hand: (delivered: Delivered<Message>) => void;
  readonly #held: Delivered<Message>[] = [];
  #state: "whole" | "checked" | "lacking" = "whole";

  constructor(hand: (delivered: Delivered<Message>) => void) {
    this.#hand = hand;
  }

  /** @returns whether the message was or may still be handed over */
  take(delivered: Delivered<Message>): boolean {
    if (this.#state === "whole") this.#hand(delivered);
    else if (this.#state === "checked") this.#held.push(delivered);
    return this.#state !== "lacking";
  }

  /** Never throws: as elsewhere, a handler that throws ends its delivery. */
  async check(isLacking: Promise<boolean>): Promise<void> {
    this.#state = "checked";
    try {
      this.#state = (await isLacking) ? "lacking" : "whole";
      const held = this.#held.splice(0);
      if (this.#state === "whole") for (const each of held) this.#hand(each);
    } catch {
      this.#state = "lacking";
    }
  }
}
