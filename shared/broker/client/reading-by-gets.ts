/**
 * Reads a stream by asking for one message after another, many at once. Slower than a consumer, but whoever may make a consumer
 * may have its messages delivered on any subject of the account that holds the streams.
 */

import { BusError, type StoredMessage } from "../../ports.ts";
import { pause } from "../../time/deadline.ts";
import { Ending } from "../../time/ending.ts";
import type { Delivered, Delivery } from "./stream-reading.ts";

interface GetPorts {
  /** The first message from this sequence on whose subject matches; null if there is none yet. */
  next(fromSeq: number, pattern: string): Promise<StoredMessage | null>;
  lastSeq(): Promise<number>;
}

/** Sequences that are read one after another. Several such stretches are read at once. */
const stretch = 64;
const most = { stretches: 256, bytes: 32 << 20 };
/** Assumed bytes of a message until some were read. */
const firstGuess = 16_384;
const lookEveryMs = 250;
const afterFailureMs = 1000;

/** Begins to deliver, and looks for new messages every `lookEveryMs`. @throws BusError if the stream does not exist */
export async function deliverByGets(
  ports: GetPorts,
  fromSeq: number,
  hear: (delivered: Delivered<StoredMessage>) => void,
  patterns: readonly string[] = [">"],
): Promise<Delivery> {
  const over = new Ending();
  // Asked first: this is refused if the stream does not exist, while any other question about it gets no answer.
  const isMore = (await ports.lastSeq()) >= fromSeq;
  const first = isMore ? await Promise.all(patterns.map((pattern) => ports.next(fromSeq, pattern))) : [];
  void new GetReading(ports, patterns, hear, over).follow(fromSeq);
  return { pending: first.some((message) => message !== null) ? 1 : 0, close: async () => over.abort() };
}

class GetReading {
  readonly #ports: GetPorts;
  readonly #patterns: readonly string[];
  readonly #hear: (delivered: Delivered<StoredMessage>) => void;
  readonly #over: Ending;
  #next = 1;
  /** The last message read, kept back until it is known whether another follows. */
  #held: StoredMessage | undefined;
  #typicalBytes = firstGuess;

  constructor(
    ports: GetPorts,
    patterns: readonly string[],
    hear: (delivered: Delivered<StoredMessage>) => void,
    over: Ending,
  ) {
    this.#ports = ports;
    this.#patterns = patterns;
    this.#hear = hear;
    this.#over = over;
  }

  async follow(fromSeq: number): Promise<void> {
    this.#next = fromSeq;
    while (!this.#over.aborted) {
      let waitMs = lookEveryMs;
      try {
        const last = await this.#ports.lastSeq();
        if (last >= this.#next) {
          await this.#readTo(last);
          waitMs = 0;
        } else this.#release(0);
      } catch (error) {
        if (!(error instanceof BusError)) throw error;
        if (error.reason === "closed") return;
        waitMs = afterFailureMs;
      }
      if (waitMs > 0) await pause(waitMs, this.#over);
    }
  }

  async #readTo(last: number): Promise<void> {
    // Several patterns match few messages each, and a stretch costs at least one question per pattern.
    const length = this.#patterns.length > 1 ? last : stretch;
    const reading: { readonly end: number; readonly found: Promise<StoredMessage[]> }[] = [];
    let begun = this.#next;
    while (!this.#over.aborted) {
      while (begun <= last && reading.length < this.#stretchesAtOnce()) {
        const end = Math.min(last, begun + length - 1);
        const found = this.#stretch(begun, end);
        found.catch(() => undefined); // heard below, unless one before it fails
        reading.push({ end, found });
        begun = end + 1;
      }
      const stretched = reading.shift();
      if (!stretched) return;
      const messages = await stretched.found;
      for (const message of messages) this.#give(message);
      this.#next = stretched.end + 1;
    }
  }

  async #stretch(from: number, end: number): Promise<StoredMessage[]> {
    const found = await Promise.all(this.#patterns.map((pattern) => this.#chain(from, end, pattern)));
    const all = found.flat();
    if (found.length > 1) all.sort((a, b) => a.seq - b.seq);
    return all;
  }

  async #chain(from: number, end: number, pattern: string): Promise<StoredMessage[]> {
    const found: StoredMessage[] = [];
    for (let seq = from; seq <= end && !this.#over.aborted; ) {
      const message = await this.#ports.next(seq, pattern);
      if (!message || message.seq > end) break;
      found.push(message);
      seq = message.seq + 1;
    }
    return found;
  }

  #stretchesAtOnce(): number {
    return Math.min(most.stretches, Math.max(1, Math.floor(most.bytes / (stretch * this.#typicalBytes))));
  }

  #give(message: StoredMessage): void {
    this.#typicalBytes += (message.data.length + 100 - this.#typicalBytes) / 64;
    // Two patterns may match one message.
    if (this.#held?.seq === message.seq) return;
    this.#release(1);
    this.#held = message;
  }

  #release(pending: number): void {
    const held = this.#held;
    this.#held = undefined;
    if (held && !this.#over.aborted) this.#hear({ message: held, pending });
  }
}
