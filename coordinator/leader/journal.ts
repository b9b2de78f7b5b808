import type { JournalEvent } from "../../shared/domain/fold/events.ts";
import { type Bus, BusError, type Chance, type Clock, type StoredMessage } from "../../shared/ports.ts";
import { within } from "../../shared/time/deadline.ts";
import { encodeEvents, isJournalRecord } from "../../shared/wire/messages.ts";
import {
  journalBatch,
  journalJob,
  journalOperator,
  journalPurge,
  journalTrial,
  journalWorker,
  streams,
} from "../../shared/wire/subjects.ts";

/** Another coordinator has written to the journal: this one no longer decides. */
export class Deposed extends Error {
  override readonly name = "Deposed";
}

/** The broker refuses a record for its size. Orders are measured before they are recorded (order-answers.ts). */
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

/** One message of the stream: the records that were appended while it waited to be sent. */
interface Pending {
  readonly events: JournalEvent[];
  /** Message ids of all tries, the newest last. */
  readonly ids: string[];
  readonly resolve: (seq: number) => void;
  readonly reject: (error: unknown) => void;
  readonly stored: Promise<number>;
}

/** Milliseconds. A refusal that lasts, such as a full store, is followed by a longer pause. */
const times = { store: 2500, readTail: 5000, pause: 250, longPause: 1000 } as const;

/**
 * Messages in flight. Each costs the broker an fsync, so that under load the records appended meanwhile share a message. There
 * are two, so that a completion and the assignment that follows it need not wait for each other.
 */
const mostOnTheirWay = 2;
/** Ids kept of a message's tries, to recognise it in the journal; no message takes more tries. */
const idsKept = 64;
/**
 * Records in one message. A job's record holds its texts and is sent alone, as are records of deletions, which are looked up by
 * subject. A message too large for the broker is halved.
 */
const mostTogether = 64;

/**
 * Appends to the journal, fenced: a message is stored only as the very next one after those this writer knows of. Callers may
 * append without waiting; appends are stored in the order of the calls or not at all. They wait while the broker cannot be
 * reached. Once another writer's record is found, all of them and every later one are rejected with Deposed.
 */
export class JournalWriter {
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #idPrefix: string;
  readonly #onDeposed: (why: string) => void;
  readonly #onTrouble: (why: string) => void;
  /** In flight or waiting, in order; the first expects #stored as the stream's last sequence. */
  readonly #pending: Pending[] = [];
  /** How many of #pending, from the first on, are in flight. */
  #sent = 0;
  /** Sequence of the newest message known to be stored. */
  #stored: number;
  #count = 0;
  #recovering = false;
  /** Raised by every recovery. Answers to earlier messages are then ignored: the journal says what was stored. */
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
   * A message that is sent again gets a new id: a cluster remembers the id of a message that it refused, and accepts no other
   * under it (seen with nats-server 2.10.27). The fence alone ensures that only one of several copies is stored.
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
   * Sends the entry at that place in the queue. An entry behind another one also names that one's msgID: by its sequence alone
   * it would be stored if its predecessor was refused and another coordinator's record took that place (seen).
   */
  #send(entry: Pending, place: number): void {
    const generation = this.#generation;
    const expectLastSeq = this.#stored + place;
    const before = this.#pending[place - 1];
    const fence = before ? { expectLastSeq, expectLastMsgId: newestId(before) } : { expectLastSeq };
    const options = { msgId: newestId(entry), ...fence, timeoutMs: times.store };
    this.#bus.store(subjectOf(entry.events), encodeEvents(entry.events), options).then(
      ({ seq, duplicate }) => {
        if (generation !== this.#generation) return;
        // Acknowledgements come in order; if one is out of turn or has another sequence, the journal is read. So it is
        // after a duplicate: anyone who reads the journal can guess the next id, and store another message under it.
        if (seq === expectLastSeq + 1 && !duplicate && this.#pending[0] === entry) {
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
    const wait = cause?.reason === "full" || cause?.reason === "refused" ? times.longPause : 0;
    void this.#clock.pause(wait).then(() => this.#recoverUntilDone(cause, tooLarge));
  }

  /** Reads what was stored after the newest known record: our own records are acknowledged, anyone else's end this reign. */
  async #recoverUntilDone(cause: BusError | undefined, tooLarge: Pending | undefined): Promise<void> {
    for (;;) {
      if (this.#end) return;
      try {
        const tail = await this.#readTail();
        if (tail.length === 0 && cause?.reason === "not the next") {
          // The broker expects another sequence yet has no newer message, as when its store was restored.
          this.#onTrouble(cause.message);
          await this.#clock.pause(times.longPause);
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
        await this.#clock.pause(times.pause);
      }
    }
    this.#recovering = false;
    this.#renewIds();
    this.#sent = 0;
    if (tooLarge) this.#halve(tooLarge);
    this.#sendNext();
  }

  /** Moves the first half of an entry's records into a message before it; the callers hear when both are stored. */
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
      await within(reading.caughtUp, times.readTail, "reading the journal's end", this.#clock);
    } finally {
      await reading.stop();
    }
    return tail;
  }
}

const newestId = ({ ids }: Pending): string => ids.at(-1) ?? "";

const mayShare = (event: JournalEvent): boolean => event.type !== "job" && !isPurge(event);

const isPurge = ({ type }: JournalEvent): boolean => type === "worker-purged" || type === "job-deleted";

function subjectOf(events: readonly JournalEvent[]): string {
  const [event, ...more] = events;
  if (!event || more.length > 0) return journalBatch;
  if (isPurge(event)) return journalPurge;
  if ("n" in event) return journalTrial(event.job, event.n);
  if ("job" in event) return journalJob(event.job);
  return "worker" in event ? journalWorker(event.worker) : journalOperator;
}
