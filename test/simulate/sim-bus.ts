import {
  type BrokerStatus,
  type Bus,
  BusError,
  type EntryStore,
  type Reading,
  type Stored,
  type StoredMessage,
  type StoreOptions,
  type Timer,
} from "../../shared/ports.ts";
import { type Listener, matcher, nobody, type Reader, type Reply, type SimBroker } from "./sim-broker.ts";
import type { SimLink } from "./sim-link.ts";
import type { SimProcess } from "./sim-process.ts";
import type { SimStream } from "./sim-stream.ts";

const storeTimeoutMs = 5000;
const apiTimeoutMs = 5000;
/** The broker takes messages of 1 MiB, of which some is kept for headers, as in shared/broker/client/bus.ts. */
const mostBytes = 2 ** 20 - 1024;

/** One process's connection to the simulated broker; it keeps the promises of `Bus`. */
export class SimBus implements Bus {
  readonly link: SimLink;
  readonly entries: EntryStore;
  readonly #broker: SimBroker;
  readonly #process: SimProcess;
  readonly #listening = new Map<Listener, string>();
  readonly #readers = new Set<Reader>();
  readonly #onReconnect = new Set<() => void>();
  /** Rejects the open questions, one function for each. */
  readonly #open = new Set<(error: BusError) => void>();

  constructor(broker: SimBroker, process: SimProcess) {
    this.#broker = broker;
    this.#process = process;
    this.link = broker.connect(process);
    this.link.onDisconnect = () => {
      for (const [listener, subject] of this.#listening) broker.ignore(subject, listener);
    };
    this.link.onConnect = () => {
      for (const [listener, subject] of this.#listening) broker.listen(subject, listener);
      for (const reader of this.#readers) {
        reader.isOnItsWay = false;
        broker.pump(reader);
      }
      for (const handler of [...this.#onReconnect]) handler();
    };
    this.entries = this.#makeEntries();
  }

  request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    return this.#question(subject, timeoutMs, (resolve, reject) => {
      checkSize(subject, data);
      const { link } = this;
      link.up(subject, (at) => {
        const answer: Reply = (reply, answeredAt) => {
          const isNobody = reply === nobody;
          link.down(subject, answeredAt, () => {
            if (isNobody) reject(new BusError("nobody answered", `${subject}: nobody listens`));
            else resolve(reply);
          });
        };
        this.#broker.route(at, subject, data, answer);
      });
    });
  }

  respond(
    subject: string,
    handler: (subject: string, data: Uint8Array, reply: (data: Uint8Array) => void, status: () => BrokerStatus) => void,
  ): () => void {
    return this.#listen(subject, (exact, data, reply) => {
      const respond = (answer: Uint8Array): void =>
        this.link.up(exact, (at) => this.#broker.pass(at, (now) => reply?.(answer, now)));
      handler(exact, data, respond, () => ({ code: 0, text: "" }));
    });
  }

  publish(subject: string, data: Uint8Array): void {
    if (this.link.isClosed) return;
    checkSize(subject, data);
    this.link.up(subject, (at) => this.#broker.route(at, subject, data));
  }

  subscribe(subject: string, handler: (subject: string, data: Uint8Array) => void): () => void {
    return this.#listen(subject, (exact, data) => handler(exact, data));
  }

  #listen(subject: string, hear: Listener["hear"]): () => void {
    const listener: Listener = {
      link: this.link,
      hear: (exact, data, reply) => {
        // Drops messages that were on their way when the subscription ended.
        if (this.#listening.has(listener)) hear(exact, data, reply);
      },
    };
    this.#listening.set(listener, subject);
    if (this.link.isConnected) this.#broker.listen(subject, listener);
    return () => {
      this.#listening.delete(listener);
      this.#broker.ignore(subject, listener);
    };
  }

  store(subject: string, data: Uint8Array, options: StoreOptions): Promise<Stored> {
    return this.#question(subject, options.timeoutMs ?? storeTimeoutMs, (resolve, reject) => {
      checkSize(subject, data);
      this.link.up(subject, (at) =>
        this.#broker.act(at, () => {
          const { answer, doneAt } = this.#broker.store(subject, data, options);
          this.link.down(subject, doneAt, () => {
            if (typeof answer === "string") reject(new BusError(answer, `${subject}: ${answer}`));
            else resolve(answer);
          });
        }),
      );
    });
  }

  async read(
    stream: string,
    fromSeq: number,
    handler: (message: StoredMessage) => void,
    subjects?: readonly string[],
  ): Promise<Reading> {
    const { found, pending } = await this.#ofStream(stream, (each) => ({
      found: each,
      pending: each.lastSeq - Math.max(fromSeq, each.firstSeq) + 1,
    }));
    let done: () => void = () => undefined;
    const caughtUp = new Promise<void>((resolve) => {
      done = resolve;
    });
    let isBroken = false;
    const reader: Reader = {
      link: this.link,
      stream: found,
      wants: subjects ? matcher(subjects) : () => true,
      next: Math.max(fromSeq, found.firstSeq),
      isOnItsWay: false,
      isOver: false,
      hand: (message, isLast) => {
        // A handler that throws ends a real consumer silently.
        if (message && !isBroken) {
          isBroken = true;
          handler(message);
          isBroken = false;
        }
        if (isLast) done();
      },
    };
    if (pending <= 0) done();
    this.#readers.add(reader);
    this.#broker.read(reader);
    return {
      caughtUp,
      stop: async () => {
        this.#readers.delete(reader);
        this.#broker.endRead(reader);
      },
    };
  }

  newest(stream: string, subject: string): Promise<Uint8Array | null> {
    return this.#ofStream(stream, (found) => found.newest(subject) ?? null);
  }

  piece(stream: string, subject: string): Promise<Uint8Array | null> {
    return this.newest(stream, subject);
  }

  subjects(stream: string, filter: string): Promise<string[]> {
    return this.#ofStream(stream, (found) => found.subjects(matcher([filter])));
  }

  purge(stream: string, subject: string): Promise<void> {
    return this.#ofStream(stream, (found) => found.delete(matcher([subject])));
  }

  lastSeq(stream: string): Promise<number> {
    return this.#ofStream(stream, ({ lastSeq }) => lastSeq);
  }

  async flush(): Promise<void> {
    await this.#api("flush", () => undefined);
  }

  isConnected(): boolean {
    return this.link.isConnected;
  }

  onReconnect(handler: () => void): () => void {
    this.#onReconnect.add(handler);
    return () => this.#onReconnect.delete(handler);
  }

  reconnect(): void {
    for (const end of [...this.#open]) end(new BusError("not connected", "the connection was given up"));
  }

  async close(): Promise<void> {
    this.drop();
    for (const end of [...this.#open]) end(new BusError("closed", "the connection is closed"));
  }

  /** Ends the connection at once, also for a killed process. */
  drop(): void {
    this.link.close();
    for (const reader of this.#readers) this.#broker.endRead(reader);
    this.#broker.forget(this.link);
  }

  /** Asks the broker itself. */
  #api<T>(what: string, ask: () => T): Promise<T> {
    return this.#question(what, apiTimeoutMs, (resolve) => {
      this.link.up(what, (at) =>
        this.#broker.act(at, (doneAt) => {
          const answer = ask();
          this.link.down(what, doneAt, () => resolve(answer));
        }),
      );
    });
  }

  #ofStream<T>(name: string, ask: (stream: SimStream) => T): Promise<T> {
    return this.#question(name, apiTimeoutMs, (resolve, reject) => {
      this.link.up(name, (at) =>
        this.#broker.act(at, (doneAt) => {
          const stream = this.#broker.streamNamed(name);
          const answer = stream && { value: ask(stream) };
          this.link.down(name, doneAt, () => {
            if (answer) resolve(answer.value);
            else reject(new BusError("refused", `there is no stream ${name}`));
          });
        }),
      );
    });
  }

  #question<T>(
    what: string,
    timeoutMs: number,
    ask: (resolve: (value: T) => void, reject: (error: BusError) => void) => void,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.link.isClosed) {
        reject(new BusError("closed", `${what}: the connection is closed`));
        return;
      }
      const fail = (error: BusError): void => {
        timer.cancel();
        this.#open.delete(fail);
        reject(error);
      };
      const timer: Timer = this.#process.clock.after(timeoutMs, () => {
        if (this.link.isClosed) fail(new BusError("closed", `${what}: the connection is closed`));
        else fail(new BusError("no answer in time", `${what}: no answer in ${timeoutMs} ms`));
      });
      this.#open.add(fail);
      const succeed = (value: T): void => {
        timer.cancel();
        this.#open.delete(fail);
        resolve(value);
      };
      try {
        ask(succeed, fail);
      } catch (error) {
        if (!(error instanceof BusError)) throw error;
        fail(error);
      }
    });
  }

  #makeEntries(): EntryStore {
    const { entries } = this.#broker;
    return {
      get: (key) => this.#api(key, () => entries.get(key) ?? null),
      create: (key, value) => this.#api(key, () => (entries.has(key) ? null : this.#broker.put(key, value))),
      update: (key, value, revision) =>
        this.#api(key, () => (entries.get(key)?.revision === revision ? this.#broker.put(key, value) : null)),
    };
  }
}

function checkSize(subject: string, data: Uint8Array): void {
  if (data.length > mostBytes)
    throw new BusError("too large", `${subject}: the message is larger than the broker takes`);
}
