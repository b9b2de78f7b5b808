import type { Stored, StoredMessage, StoreOptions } from "../../shared/ports.ts";

/** For which a msgID is remembered; as shared/broker/client/bus.ts makes the streams. */
const duplicateWindowMs = 120_000;

/** One stream of the broker, judged as nats-server 2.10.27 judges it: the msgID first, what was expected afterwards. */
export class SimStream {
  readonly name: string;
  readonly #messages: StoredMessage[] = [];
  /** Sequence of the first message that is still there. */
  #first = 1;
  #last = 0;
  #lastMsgId = "";
  readonly #seen = new Map<string, number>();
  readonly #seenAt: { readonly msgId: string; readonly at: number }[] = [];
  #forgotten = 0;

  /** False makes it store whatever comes, to see that what is checked would be noticed. */
  isFenced = true;

  constructor(name: string) {
    this.name = name;
  }

  get lastSeq(): number {
    return this.#last;
  }

  get firstSeq(): number {
    return this.#first;
  }

  at(seq: number): StoredMessage | undefined {
    return this.#messages[seq - this.#first];
  }

  store(now: number, subject: string, data: Uint8Array, options: StoreOptions): Stored | "not the next" {
    this.#forget(now - duplicateWindowMs);
    const { msgId, expectLastSeq, expectLastMsgId } = options;
    const known = msgId === "" ? undefined : this.#seen.get(msgId);
    if (known !== undefined) return { seq: known, duplicate: true };
    if (this.isFenced && expectLastSeq !== undefined && expectLastSeq !== this.#last) return "not the next";
    if (this.isFenced && expectLastMsgId !== undefined && expectLastMsgId !== this.#lastMsgId) return "not the next";
    this.#last += 1;
    this.#lastMsgId = msgId;
    this.#messages.push({ seq: this.#last, subject, data, msgId });
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

  /** Takes messages out, wherever they lie. */
  delete(unwanted: (subject: string) => boolean): void {
    for (let i = this.#messages.length - 1; i >= 0; i -= 1) {
      if (unwanted(this.#messages[i]?.subject ?? "")) this.#messages.splice(i, 1);
    }
  }

  /** Forgets messages below a sequence, as a purge does; a long simulation would keep millions. */
  purge(below: number): void {
    const count = Math.min(below, this.#last + 1) - this.#first;
    if (count <= 0) return;
    this.#messages.splice(0, count);
    this.#first += count;
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
