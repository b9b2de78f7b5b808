/** What the edges provide to the logic. Real ones: shared/broker/client/bus.ts, clock.ts and chance.ts; simulated ones: test/simulate. */

/** What ends a wait before its time: an AbortSignal, or an `Ending` where a program makes millions of them. */
export interface EndSignal {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

export interface Clock {
  /** Milliseconds that only go forward; leases and timers use this. */
  monotonic(): number;
  /** Milliseconds since 1970, for people. */
  wall(): number;
  /** Resolves after `ms`; at once when the signal aborts. */
  pause(ms: number, signal?: EndSignal): Promise<void>;
  /** Calls back once, after `ms`. */
  after(ms: number, action: () => void): Timer;
  /** Calls back each `ms` until cancelled. */
  every(ms: number, action: () => void): Timer;
}

/** A call that is to come. */
export interface Timer {
  cancel(): void;
  /** From now on this timer alone keeps no process alive. Returns itself. */
  unref(): Timer;
}

/** Luck on which no result of a search rests: jitter, and texts that nobody else has. */
export interface Chance {
  /** A number from 0 up to 1. */
  fraction(): number;
  /** A text of letters, digits, dashes and underscores that comes once and cannot be guessed. */
  nonce(): string;
}

/** A stored message. */
export interface StoredMessage {
  readonly seq: number;
  readonly subject: string;
  readonly data: Uint8Array;
  readonly msgId: string;
}

export interface Stored {
  readonly seq: number;
  /** The broker had this msgID already; it compares it before anything else. */
  readonly duplicate: boolean;
}

export type BusErrorReason =
  | "nobody answered"
  | "no answer in time"
  | "not connected"
  | "not the next"
  | "refused"
  | "full"
  | "too large"
  /** A message of this msgID was seen and may or may not come to be stored: only one with another id can tell. */
  | "id used up"
  | "closed";

/** Expected misfortunes of the bus; everything else it throws is a bug. */
export class BusError extends Error {
  override readonly name = "BusError";
  readonly reason: BusErrorReason;

  constructor(reason: BusErrorReason, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.reason = reason;
  }
}

export interface StoreOptions {
  readonly msgId: string;
  /** Store it only right after this sequence of the stream. */
  readonly expectLastSeq?: number;
  /** Store it only right after the message that had this msgID. */
  readonly expectLastMsgId?: string;
  readonly timeoutMs?: number;
}

export interface Reading {
  /** Resolves when everything stored at the time of the call has been handed over. */
  readonly caughtUp: Promise<void>;
  stop(): Promise<void>;
}

/** The first line of a message's headers, as in HTTP: what the broker says of its own message. Code 0: it says nothing. */
export interface BrokerStatus {
  readonly code: number;
  readonly text: string;
}

/** Messages as the broker carries them. Handlers get bytes as they came; the caller checks them. */
export interface Bus {
  /** @throws BusError "nobody answered" at once where no one listens, "no answer in time" otherwise */
  request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array>;
  /** Hands over every request; `reply` may be called later, or never. `status` is what the broker itself may add; 0: nothing. */
  respond(
    subject: string,
    handler: (subject: string, data: Uint8Array, reply: (data: Uint8Array) => void, status: BrokerStatus) => void,
  ): () => void;
  publish(subject: string, data: Uint8Array): void;
  subscribe(subject: string, handler: (subject: string, data: Uint8Array) => void): () => void;
  /**
   * Stores a message; resolves once the broker has it on disk. A message with a msgID that the stream saw within its
   * duplicate window is stored once.
   */
  store(subject: string, data: Uint8Array, options: StoreOptions): Promise<Stored>;
  /**
   * Hands over a stream's messages in order, each once, from `fromSeq` on, and goes on with those to come.
   *
   * @param subjects  only messages of these, which may hold the wildcards `*` and `>`; the broker picks them. Left out: all
   */
  read(
    stream: string,
    fromSeq: number,
    handler: (message: StoredMessage) => void,
    subjects?: readonly string[],
  ): Promise<Reading>;
  /** Sequence of the stream's last message; 0 when it has none. */
  lastSeq(stream: string): Promise<number>;
  /** What the stream's newest message of that subject holds; null when there is none. */
  newest(stream: string, subject: string): Promise<Uint8Array | null>;
  /** Subjects that messages of the stream have; `filter` may hold the wildcards. */
  subjects(stream: string, filter: string): Promise<string[]>;
  /** Deletes the stream's messages of a subject, which may hold the wildcards. Coordinators alone have the right to. */
  purge(stream: string, subject: string): Promise<void>;
  readonly entries: EntryStore;
  /** Resolves when the broker has seen everything sent so far, subscriptions included. */
  flush(): Promise<void>;
  isConnected(): boolean;
  /** Returns what undoes it. */
  onReconnect(handler: () => void): () => void;
  close(): Promise<void>;
}

/** A few small entries with revisions (JetStream KV). */
export interface EntryStore {
  get(key: string): Promise<{ value: Uint8Array; revision: number } | null>;
  /** The new revision; null when someone else was first. */
  create(key: string, value: Uint8Array): Promise<number | null>;
  update(key: string, value: Uint8Array, revision: number): Promise<number | null>;
}
