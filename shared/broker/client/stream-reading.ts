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
}

interface ReadingPorts<Message> {
  /** Begins a delivery of the messages from this sequence on. */
  deliver(fromSeq: number, hear: (delivered: Delivered<Message>) => void): Promise<Delivery>;
  /** The stream's last sequence. */
  lastSeq(): Promise<number>;
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
 * process that was frozen may find its consumer gone.
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

  /** @param last  the stream's last sequence, if that was asked just before */
  const deliver = async (last: number): Promise<Delivery> => {
    const delivery = await ports.deliver(next, ({ message, pending }) => {
      heardAt = performance.now();
      // From a delivery that was replaced, or that nobody needs any more.
      if (isStopped || message.seq < next) return;
      next = message.seq + 1;
      handler(message);
      if (pending === 0) caughtUp.abort();
    });
    if (delivery.pending === 0) {
      // No other message up to there has a subject that is read.
      next = Math.max(next, last + 1);
      caughtUp.abort();
    }
    return delivery;
  };
  const begin = async (last = 0): Promise<void> => {
    const delivery = deliver(last);
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
        await (await delivery).close();
      }),
    );
  const look = async (): Promise<void> => {
    if (performance.now() - heardAt < ports.silentMs || !ports.isConnected()) return;
    heardAt = performance.now();
    try {
      const last = await ports.lastSeq();
      if (isStopped) return;
      if (last < next) {
        caughtUp.abort();
        return;
      }
      const silent = [...deliveries];
      await begin(last);
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
