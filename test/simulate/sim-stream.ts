import type { Stored, StoredMessage, StoreOptions } from "../../shared/ports.ts";

/** Bytes that the broker adds to each message on disk; about as many as nats-server 2.10.27. */
const overhead = 60;

export type StreamAnswer = Stored | "not the next" | "full";

/**
 * One stream of the broker. It checks messages in the order of nats-server 2.10.27: the msgId first, then the
 * expectations, room last. test/conformance runs the same suite on both.
 */
export class SimStream {
  readonly name: string;
  /** The remaining messages, by sequence. */
  #messages: StoredMessage[] = [];
  #last = 0;
  #lastMsgId = "";
  #bytes = 0;
  readonly #seen = new Map<string, number>();
  readonly #seenAt: { readonly msgId: string; readonly at: number }[] = [];
  #forgotten = 0;

  /** False makes it store any message, to show that the checks notice. */
  isFenced = true;
  maxBytes = Number.POSITIVE_INFINITY;
  /** How long a msgId is remembered, as in the streams of shared/broker/client/bus.ts. */
  duplicateWindowMs = 120_000;

  constructor(name: string) {
    this.name = name;
  }

  get lastSeq(): number {
    return this.#last;
  }

  /** Sequence of the first remaining message; the next message's if there is none. */
  get firstSeq(): number {
    return this.#messages[0]?.seq ?? this.#last + 1;
  }

  at(seq: number): StoredMessage | undefined {
    // Right at the first try if nothing in between was deleted.
    const likely = this.#messages[seq - this.firstSeq];
    if (likely?.seq === seq) return likely;
    const message = this.#messages[this.#indexFrom(seq)];
    return message?.seq === seq ? message : undefined;
  }

  store(now: number, subject: string, data: Uint8Array, options: StoreOptions): StreamAnswer {
    this.#forget(now - this.duplicateWindowMs);
    const { msgId, expectLastSeq, expectLastMsgId, seal = "" } = options;
    const known = msgId === "" ? undefined : this.#seen.get(msgId);
    if (known !== undefined) return { seq: known, duplicate: true };
    if (this.isFenced && expectLastSeq !== undefined && expectLastSeq !== this.#last) return "not the next";
    if (this.isFenced && expectLastMsgId !== undefined && expectLastMsgId !== this.#lastMsgId) return "not the next";
    const message = { seq: this.#last + 1, subject, data, msgId, storedAt: now, ...(seal === "" ? {} : { seal }) };
    const size = sizeOf(message);
    if (this.#bytes + size > this.maxBytes) return "full";
    this.#bytes += size;
    this.#last += 1;
    this.#lastMsgId = msgId;
    this.#messages.push(message);
    if (msgId !== "") {
      this.#seen.set(msgId, this.#last);
      this.#seenAt.push({ msgId, at: now });
    }
    return { seq: this.#last, duplicate: false };
  }

  newest(subject: string): Uint8Array | undefined {
    return this.#messages.findLast((message) => message.subject === subject)?.data;
  }

  subjects(wanted: (subject: string) => boolean): string[] {
    return [...new Set(this.#messages.map(({ subject }) => subject))].filter(wanted);
  }

  /** Deletes messages by subject, wherever they lie. */
  delete(unwanted: (subject: string) => boolean): void {
    for (let i = this.#messages.length - 1; i >= 0; i -= 1) {
      const message = this.#messages[i];
      if (message && unwanted(message.subject)) this.#drop(this.#messages.splice(i, 1));
    }
  }

  /** Forgets messages below a sequence, as a purge does: a long simulation would keep millions. */
  purge(below: number): void {
    this.#drop(this.#messages.splice(0, this.#indexFrom(below)));
  }

  #drop(messages: readonly StoredMessage[]): void {
    for (const each of messages) this.#bytes -= sizeOf(each);
  }

  /** Index of the first message with that sequence or a higher one. */
  #indexFrom(seq: number): number {
    let [low, high] = [0, this.#messages.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#messages[middle]?.seq ?? 0) < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #forget(until: number): void {
    for (;;) {
      const oldest = this.#seenAt[this.#forgotten];
      if (!oldest || oldest.at > until) break;
      this.#seen.delete(oldest.msgId);
      this.#forgotten += 1;
    }
    if (this.#forgotten > 10_000 && this.#forgotten * 2 > this.#seenAt.length) {
      this.#seenAt.splice(0, this.#forgotten);
      this.#forgotten = 0;
    }
  }
}

function sizeOf({ subject, data, msgId }: StoredMessage): number {
  return subject.length + data.length + msgId.length + overhead;
}
