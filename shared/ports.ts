/**
 * What the edges provide to the logic, and what the logic may rely on; test/conformance tests every implementation
 * against this file. Real implementations: time/clock.ts, chance.ts and shared/broker/client/bus.ts. Simulated ones:
 * test/simulate.
 */

/** A signal that ends a wait early: an AbortSignal, or an `Ending` where a program makes millions of them. */
export interface EndSignal {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/**
 * One process's time. No callback runs before the call that asked for it has returned. If two calls have the same `ms`,
 * the first one's callback runs first; no other order is promised. A callback may run up to 1 ms early, and as late as
 * the process is busy. After a freeze each callback that came due runs once. `ms` below 1 means as soon as possible;
 * the most is 2^31 - 1 (24.8 days).
 */
export interface Clock {
  /**
   * Milliseconds, with a fraction, that never go back; leases and timers use this. The origin is the process's own, so
   * values of two processes are never compared. Time while the machine was suspended may or may not count.
   */
  monotonic(): number;
  /** Whole milliseconds since 1970, for people. May jump either way. */
  wall(): number;
  /** Resolves after `ms`, or as soon as the signal is aborted. Never rejects. Leaves no listener on the signal. */
  pause(ms: number, signal?: EndSignal): Promise<void>;
  /** Calls back once, after `ms`. What the action throws is a bug and ends the process. */
  after(ms: number, action: () => void): Timer;
  /** Calls back every `ms` until cancelled; the action itself may cancel it. Missed calls are not made up for. */
  every(ms: number, action: () => void): Timer;
}

/** A pending callback, or a repeated one. */
export interface Timer {
  /** Prevents further calls of the action. May be repeated. */
  cancel(): void;
  /** From now on this timer does not keep the process alive. Returns itself. */
  unref(): Timer;
}

/** Randomness that never affects results: jitter and unique tokens. */
export interface Chance {
  /** Uniformly distributed, from 0 up to but not including 1. */
  fraction(): number;
  /**
   * A text of letters, digits, dashes and underscores, at most 64, that no other call gives, in any process. Nobody can guess
   * one without having seen another of this process.
   */
  nonce(): string;
}

/** A stored message. It never changes: nobody writes to `data`. */
export interface StoredMessage {
  /** Its place in the stream: 1 or more, higher than that of every message stored before it. */
  readonly seq: number;
  readonly subject: string;
  readonly data: Uint8Array;
  /** "" for a message that was stored without one. */
  readonly msgId: string;
  /** When the broker stored it, in milliseconds of its own clock; undefined if it does not say. */
  readonly storedAt?: number;
  /** See `StoreOptions.seal`; "" or left out: the message was stored without one, or its stream is not the journal. */
  readonly seal?: string;
  /** True if a process with the workspace's key found that no coordinator wrote this message of the journal. */
  readonly isForeign?: boolean;
  /** Bytes of the data, if it was left out because only sizes were asked for. */
  readonly size?: number;
}

export interface Stored {
  /** Where the message is; for a duplicate, where the first one is. */
  readonly seq: number;
  /** Whether the stream had this msgId already, so that nothing was stored now. */
  readonly duplicate: boolean;
}

export type BusErrorReason =
  | "nobody answered"
  | "no answer in time"
  | "not connected"
  /** The server is not the one that was meant, or it does not encrypt; nothing was said to it. */
  | "not trusted"
  /** `expectLastSeq` or `expectLastMsgId` does not hold. */
  | "not the next"
  | "refused"
  /** The stream, or its disk, takes no more. */
  | "full"
  | "too large"
  /** A message with this msgId was seen and may or may not be stored: only one with another id can be sure. */
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
  /** Identifies the message: within the duplicate window (2 minutes) a message with this id is stored only once. */
  readonly msgId: string;
  /** Store it only if the stream's last sequence is this; 0: only as the first of all. */
  readonly expectLastSeq?: number;
  /** Store it only if the stream's last message has this msgId. */
  readonly expectLastMsgId?: string;
  /** For the journal, stored with the message: shows coordinators that a coordinator wrote it (store/sealed-bus.ts). */
  readonly seal?: string;
  /** Milliseconds to wait for the broker. Default: 5000. */
  readonly timeoutMs?: number;
}

/** One reader's way through a stream. */
export interface Reading {
  /**
   * Resolves when all messages of this reading that were stored at the time of the call have been handed over. Never
   * rejects; while the broker is away it waits, and after `stop` it may never resolve, so wait with a limit.
   */
  readonly caughtUp: Promise<void>;
  /** Hands over nothing more. Resolves when the broker has been told, or does not answer. May be repeated. */
  stop(): Promise<void>;
}

/** The first line of a message's headers, as in HTTP: the broker's status for its own message. Code 0: none. */
export interface BrokerStatus {
  readonly code: number;
  readonly text: string;
}

/**
 * Messages as the broker carries them.
 *
 * - Bytes are given away: neither sender nor receivers write to them, and all may keep them. The receiver checks them.
 * - A subject is words joined by dots. Where a pattern is allowed, `*` stands for one word and a last `>` for one or more.
 * - What one connection sends under one subject arrives in the order of the calls. Different subjects may overtake each other,
 *   as they do on the routes of a cluster, and no order holds between two connections.
 * - What is published or asked may be heard twice, or not at all. What is stored is read once.
 * - A promise rejects with BusError: "closed" after `close`, "not connected" or "no answer in time" while the broker is away;
 *   after one of these three, the request may still have been carried out. "refused": this user may not, there is no
 *   such stream, or the broker cannot do it. "too large": the message does not fit; nothing was sent.
 * - A lost connection is restored automatically, and subscriptions and readings continue. Requests and stores are not
 *   repeated: only the caller knows whether they may be.
 * - No handler is called before the call that gave it has returned, and handlers do not throw.
 */
export interface Bus {
  /**
   * Asks once; the first answer counts, later ones are dropped. The subject is no pattern.
   *
   * @throws BusError "nobody answered" soon if no one listens; "no answer in time" after `timeoutMs`
   */
  request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array>;
  /**
   * Hears every message of a subject or pattern, including published ones that want no answer. `reply` may be called later, or
   * never; it does nothing if nobody asked, and a lost answer is not sent again.
   *
   * @param handler  `status`: the broker's own status; code 0: none
   * @returns a function that ends it: after that call the handler is not called any more
   */
  respond(
    subject: string,
    handler: (subject: string, data: Uint8Array, reply: (data: Uint8Array) => void, status: () => BrokerStatus) => void,
  ): () => void;
  /**
   * Sends to all listeners, unacknowledged. While the broker is away, the message is lost or sent later; after `close`
   * nothing is sent.
   *
   * @throws BusError "too large", synchronously
   */
  publish(subject: string, data: Uint8Array): void;
  /** Like `respond`, without answers. Messages published before the broker knows of it are missed; `flush` waits. */
  subscribe(subject: string, handler: (subject: string, data: Uint8Array) => void): () => void;
  /**
   * Stores a message in the stream that takes its subject; resolves once the broker has it on disk, in a cluster on the disks
   * of more than half. `data` holds at least one byte. Several may be in flight; `options` can demand an order.
   *
   * A duplicate whose expectations do not hold is not stored again, but brokers differ in saying so: as a duplicate
   * (nats-server 2.10.27) or as "not the next" (2.15.1). After "closed", "not connected" or "no answer in time" the
   * message may or may not be stored; to make sure, store it again under the same msgId without expectations, within
   * the duplicate window.
   *
   * @throws BusError "not the next", "full", "nobody answered" (no stream takes the subject): it is not stored. "id used up"
   */
  store(subject: string, data: Uint8Array, options: StoreOptions): Promise<Stored>;
  /**
   * Hands over a stream's messages in order, each once, from `fromSeq` on, and continues with new ones. Sequences have gaps
   * where messages were deleted, are damaged, or have other subjects. The handler may be called before the promise resolves.
   *
   * @param fromSeq    below 1: from the first message; above the last: only messages to come
   * @param subjects   only messages of these subjects or patterns; the broker selects them. Left out: all
   * @param sizesOnly  leave the data out and give its length; a bus that cannot hands over the data
   */
  read(
    stream: string,
    fromSeq: number,
    handler: (message: StoredMessage) => void,
    subjects?: readonly string[],
    sizesOnly?: boolean,
  ): Promise<Reading>;
  /** The highest sequence that the stream has assigned, even if that message was deleted; 0 if it never had one. */
  lastSeq(stream: string): Promise<number>;
  /** Content of the stream's newest message of a subject; null if there is none. */
  newest(stream: string, subject: string): Promise<Uint8Array | null>;
  /**
   * The same for a subject whose messages all have the same content. If you want many that were stored one after
   * another, ask for them in that order: the broker then keeps less of them in memory.
   */
  piece(stream: string, subject: string): Promise<Uint8Array | null>;
  /** Subjects of the stream's messages that match the pattern, each once, in any order. */
  subjects(stream: string, pattern: string): Promise<string[]>;
  /** Deletes the stream's messages of a subject or pattern, if there are any. Only coordinators have the right. */
  purge(stream: string, subject: string): Promise<void>;
  readonly entries: EntryStore;
  /** Resolves when the broker has seen everything sent before the call, subscriptions included. */
  flush(): Promise<void>;
  /** Whether this process believes it is connected: a broken connection shows after some seconds. */
  isConnected(): boolean;
  /** Calls back each time a lost connection is restored, not for the first one. @returns a function that ends it */
  onReconnect(handler: () => void): () => void;
  /**
   * Gives up the connection, which may be dead without a sign of it, and makes another. Pending requests and stores
   * reject with "not connected"; without a connection it does nothing else.
   */
  reconnect(): void;
  /**
   * Ends readings and subscriptions; pending calls reject with "closed", at the latest at their own limit. May be
   * repeated. Messages published just before may be lost: `flush` first.
   */
  close(): Promise<void>;
}

export interface Entry {
  readonly value: Uint8Array;
  readonly revision: number;
  /** True if a process with the workspace's key found that no coordinator wrote this value. */
  readonly isForeign?: boolean;
}

/**
 * A few small entries with revisions (JetStream KV). Every `get` called after a write has resolved sees that write.
 * Errors are those of `Bus`; after "no answer in time" a write may have happened, and only `get` tells.
 */
export interface EntryStore {
  /** The entry; null if there is none. Its `revision` is higher than that of every earlier value of any key. */
  get(key: string): Promise<Entry | null>;
  /** Creates an entry and returns its revision; null, with nothing changed, if the entry exists. */
  create(key: string, value: Uint8Array): Promise<number | null>;
  /**
   * Replaces a value; returns the new revision. Null, with nothing changed, if the entry has another one or is missing.
   */
  update(key: string, value: Uint8Array, revision: number): Promise<number | null>;
}
