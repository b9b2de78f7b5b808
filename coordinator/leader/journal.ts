import { within } from "../../shared/deadline.ts";
import type { JournalEvent } from "../../shared/domain/fold/events.ts";
import { type Bus, BusError, type Chance, type Clock, type StoredMessage } from "../../shared/ports.ts";
import { encodeEvents, isJournalRecord } from "../../shared/wire/messages.ts";
import {
  journalBatch,
  journalJob,
  journalOperator,
  journalTrial,
  journalWorker,
  streams,
} from "../../shared/wire/subjects.ts";

/** Another coordinator has written to the journal: this one no longer decides. */
export class Deposed extends Error {
  override readonly name = "Deposed";
}

/** A record that the broker does not take for its size. Orders are measured before they become one (orders.ts). */
export class RecordTooLarge extends Error {
  override readonly name = "RecordTooLarge";

  constructor(type: string, cause: BusError) {
    super(`a record "${type}" is too large for the journal: ${cause.message}`, { cause });
  }
}

export interface JournalPorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly chance: Chance;
}

/** One message for the stream: the records that were appended while it waited for its turn. */
interface Pending {
  readonly events: JournalEvent[];
  /** The id it was sent under last, behind those of earlier tries. */
  readonly ids: string[];
  readonly resolve: (seq: number) => void;
  readonly reject: (error: unknown) => void;
  readonly stored: Promise<number>;
}

const storeTimeoutMs = 2500;
const retryMs = 250;
/** A refusal that lasts, as of a full store, is not asked again without pause. */
const refusedRetryMs = 1000;
const tailTimeoutMs = 5000;
/**
 * Messages on their way at once. Each costs the broker an fsync, so under load what is appended meanwhile travels together;
 * two, so that a completion and the assignment that follows it need not wait for each other.
 */
const mostOnTheirWay = 2;
/** Ids of earlier tries by which a message is recognised in the journal; none is on its way for so many tries. */
const idsKept = 64;
/** Records in one message; a job's record holds its texts and travels alone. One that is too large for the broker is halved. */
const mostTogether = 64;

/**
 * Appends to the journal, fenced: a message is stored only as the very next one after those this writer knows of. Appends may
 * be made without waiting for earlier ones; they are stored in the order of the calls or not at all. While the broker cannot
 * be reached they wait; once another writer's record is found, all end as Deposed, and so does every later one.
 */
export class JournalWriter {
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #idPrefix: string;
  readonly #onDeposed: (why: string) => void;
  readonly #onTrouble: (why: string) => void;
  /** On their way or waiting for their turn, in order; the first expects #stored as the stream's last sequence. */
  readonly #pending: Pending[] = [];
  /** How many of them, from the first on, are on their way. */
  #sent = 0;
  /** Sequence of the newest message known to be stored. */
  #stored: number;
  #count = 0;
  #recovering = false;
  /** Raised by every recovery: answers to what was sent before it are looked up in the journal, not believed. */
  #generation = 0;
  #end: Error | undefined;

  /** `onTrouble` hears why an append is not stored yet. */
  constructor(
    { bus, clock, chance }: JournalPorts,
    term: number,
    lastSeq: number,
    onDeposed: (why: string) => void,
    onTrouble: (why: string) => void = () => undefined,
  ) {
    this.#onTrouble = onTrouble;
    this.#bus = bus;
    this.#clock = clock;
    this.#stored = lastSeq;
    this.#idPrefix = `${term}.${chance.nonce()}`;
    this.#onDeposed = onDeposed;
  }

  /** Resolves with the sequence of the message that holds the record, once it is stored. */
  append(event: JournalEvent): Promise<number> {
    if (this.#end) return Promise.reject(this.#end);
    const last = this.#pending.at(-1);
    const isWaiting = this.#pending.length > this.#sent;
    if (last && isWaiting && last.events.length < mostTogether && mayShare(event) && last.events.every(mayShare)) {
      last.events.push(event);
      return last.stored;
    }
    const entry = this.#newEntry(event);
    this.#pending.push(entry);
    this.#sendNext();
    return entry.stored;
  }

  #newEntry(event: JournalEvent): Pending {
    this.#count += 1;
    let resolve: Pending["resolve"] = () => undefined;
    let reject: Pending["reject"] = () => undefined;
    const stored = new Promise<number>((yes, no) => {
      resolve = yes;
      reject = no;
    });
    return { events: [event], ids: [`${this.#idPrefix}.${this.#count}`], resolve, reject, stored };
  }

  /**
   * A message that is sent again gets another id: a cluster keeps the id of one that it refused, and takes no other under it
   * (seen with nats-server 2.10.27). The fence alone sees to it that of several copies one is stored.
   */
  #renewIds(): void {
    for (const { ids } of this.#pending.slice(0, this.#sent)) {
      this.#count += 1;
      ids.push(`${this.#idPrefix}.${this.#count}`);
      if (ids.length > idsKept) ids.shift();
    }
  }

  #sendNext(): void {
    while (!this.#recovering && this.#sent < mostOnTheirWay) {
      const entry = this.#pending[this.#sent];
      if (!entry) return;
      this.#send(entry, this.#sent);
      this.#sent += 1;
    }
  }

  /** Sequence of the newest message that is known to be stored. */
  get stored(): number {
    return this.#stored;
  }

  /** Resolves when everything appended so far is stored. */
  async flushed(): Promise<void> {
    if (this.#end) throw this.#end;
    await this.#pending.at(-1)?.stored;
  }

  /** Ends every append not yet stored and all to come. */
  close(why: Error): void {
    this.#end ??= why;
    this.#sent = 0;
    for (const entry of this.#pending.splice(0)) entry.reject(this.#end);
  }

  /**
   * Sends the entry at that place of the line. Behind another one it also names that one's msgID: a sequence alone would
   * let it in where the one before was refused and another coordinator's record took its place (seen).
   */
  #send(entry: Pending, place: number): void {
    const generation = this.#generation;
    const expectLastSeq = this.#stored + place;
    const before = this.#pending[place - 1];
    const fence = before ? { expectLastSeq, expectLastMsgId: newestId(before) } : { expectLastSeq };
    const options = { msgId: newestId(entry), ...fence, timeoutMs: storeTimeoutMs };
    this.#bus.store(subjectOf(entry.events), encodeEvents(entry.events), options).then(
      ({ seq }) => {
        if (generation !== this.#generation) return;
        // Acknowledgements come in order; a record answered out of turn, or elsewhere than expected, is looked up.
        if (seq === expectLastSeq + 1 && this.#pending[0] === entry) {
          this.#acknowledge(seq);
          this.#sendNext();
        } else this.#recover();
      },
      (error: unknown) => {
        if (generation !== this.#generation) return;
        if (!(error instanceof BusError)) this.#fail(error);
        else if (error.reason !== "too large") this.#recover(error);
        else if (entry.events.length > 1) this.#recover(error, entry);
        else this.#fail(new RecordTooLarge(entry.events[0]?.type ?? "", error));
      },
    );
  }

  #acknowledge(seq: number): void {
    this.#stored = seq;
    this.#sent = Math.max(0, this.#sent - 1);
    this.#pending.shift()?.resolve(seq);
  }

  #fail(error: unknown): void {
    this.close(error instanceof Error ? error : new Error(String(error)));
    this.#onDeposed(String(error));
  }

  /** @param tooLarge  an entry of several records that is to be halved before it is sent again */
  #recover(cause?: BusError, tooLarge?: Pending): void {
    if (this.#recovering || this.#end || this.#pending.length === 0) return;
    this.#recovering = true;
    if (cause && cause.reason !== "not the next" && !tooLarge) this.#onTrouble(cause.message);
    this.#generation += 1;
    const wait = cause?.reason === "full" || cause?.reason === "refused" ? refusedRetryMs : 0;
    void this.#clock.pause(wait).then(() => this.#recoverUntilDone(cause, tooLarge));
  }

  /** Reads what was stored after the newest known record: our own go on from there, anyone else's end this reign. */
  async #recoverUntilDone(cause: BusError | undefined, tooLarge: Pending | undefined): Promise<void> {
    for (;;) {
      if (this.#end) return;
      try {
        const tail = await this.#readTail();
        if (tail.length === 0 && cause?.reason === "not the next") {
          // The broker counts otherwise than this writer and has nothing to show for it, as when its store went back.
          this.#onTrouble(cause.message);
          await this.#clock.pause(refusedRetryMs);
        }
        for (const message of tail) {
          if (!isJournalRecord(message.msgId)) {
            this.#stored = message.seq;
            continue;
          }
          if (!this.#pending[0]?.ids.includes(message.msgId)) {
            const why = `record ${message.seq} of the journal was written by another coordinator`;
            this.close(new Deposed(why));
            this.#onDeposed(why);
            return;
          }
          this.#acknowledge(message.seq);
        }
        break;
      } catch (error) {
        if (!(error instanceof BusError) || error.reason === "closed") {
          this.#fail(error);
          return;
        }
        await this.#clock.pause(retryMs);
      }
    }
    this.#recovering = false;
    this.#renewIds();
    this.#sent = 0;
    if (tooLarge) this.#halve(tooLarge);
    this.#sendNext();
  }

  /** The first half of its records goes ahead in a message of its own; who waits for them hears when both are stored. */
  #halve(entry: Pending): void {
    const place = this.#pending.indexOf(entry);
    const [first, ...more] = entry.events.splice(0, Math.ceil(entry.events.length / 2));
    if (place < 0 || !first) return;
    const ahead = this.#newEntry(first);
    ahead.events.push(...more);
    ahead.stored.catch(() => undefined); // heard by those who wait for the second half
    this.#pending.splice(place, 0, ahead);
  }

  async #readTail(): Promise<StoredMessage[]> {
    const last = await this.#bus.lastSeq(streams.journal);
    if (last <= this.#stored) return [];
    const tail: StoredMessage[] = [];
    const reading = await this.#bus.read(streams.journal, this.#stored + 1, (message) => tail.push(message));
    try {
      await within(reading.caughtUp, tailTimeoutMs, "reading the journal's end", this.#clock);
    } finally {
      await reading.stop();
    }
    return tail;
  }
}

const newestId = ({ ids }: Pending): string => ids.at(-1) ?? "";

const mayShare = (event: JournalEvent): boolean => event.type !== "job";

function subjectOf(events: readonly JournalEvent[]): string {
  const [event, ...more] = events;
  if (!event || more.length > 0) return journalBatch;
  if ("n" in event) return journalTrial(event.job, event.n);
  if ("job" in event) return journalJob(event.job);
  return "worker" in event ? journalWorker(event.worker) : journalOperator;
}
