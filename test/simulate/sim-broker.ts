import { type Rng, rngFrom } from "../../shared/domain/rng.ts";
import type { StoredMessage, StoreOptions } from "../../shared/ports.ts";
import { blobSubjects, evidenceSubjects, journalSubjects, streams } from "../../shared/wire/subjects.ts";
import { SimLink, type Weather } from "./sim-link.ts";
import { SimProcess } from "./sim-process.ts";
import { SimStream, type StreamAnswer } from "./sim-stream.ts";
import type { Timeline } from "./timeline.ts";

/** Takes an answer that reaches the broker at `at`, simulated milliseconds. */
export type Reply = (data: Uint8Array, at: number) => void;

/** A subscriber to a subject. */
export interface Listener {
  readonly link: SimLink;
  readonly hear: (subject: string, data: Uint8Array, reply: Reply | undefined) => void;
}

/** A consumer that reads a stream. */
export interface Reader {
  readonly link: SimLink;
  readonly stream: SimStream;
  readonly wants: (subject: string) => boolean;
  readonly hand: (message: StoredMessage | undefined, isLast: boolean) => void;
  next: number;
  isOnItsWay: boolean;
  isOver: boolean;
}

/** Milliseconds to store a message: a small disk's fsync, see "the whole path" of the broker's measurements. */
const storeMs = 0.25;
/** Messages that a reader gets at once. */
const handedTogether = 256;

/**
 * The broker: core messages, streams, entries. Acknowledged messages survive its death; messages on their way do not.
 * After a kill it comes back with its streams and without clients. When it wakes from a freeze, it handles everything
 * in its sockets.
 */
export class SimBroker {
  readonly journal = new SimStream(streams.journal);
  readonly evidence = new SimStream(streams.evidence);
  readonly blob = new SimStream(streams.blob);
  readonly entries = new Map<string, { value: Uint8Array; revision: number }>();
  /** Called with every stored message. */
  onStored: (stream: SimStream, message: StoredMessage) => void = () => undefined;
  readonly #timeline: Timeline;
  readonly #weather: Weather;
  readonly #seed: string;
  readonly #rng: Rng;
  #process: SimProcess;
  #lives = 1;
  #revision = 0;
  #busyUntil = 0;
  readonly #links = new Set<SimLink>();
  readonly #listeners = new Map<string, Set<Listener>>();
  /** Patterns that end in `>`, or have a `*` before the last word. */
  readonly #patterns = new Map<string, (subject: string) => boolean>();
  readonly #readers = new Map<SimStream, Set<Reader>>();

  constructor(timeline: Timeline, weather: Weather, seed: string) {
    this.#timeline = timeline;
    this.#weather = weather;
    this.#seed = seed;
    this.#rng = rngFrom(`${seed} broker`);
    this.#process = new SimProcess(timeline, "broker", `${seed} broker 1`);
  }

  get isUp(): boolean {
    return this.#process.isAlive && !this.#process.isFrozen;
  }

  connect(process: SimProcess): SimLink {
    const rng = rngFrom(this.#rng.uniform());
    const link = new SimLink(this.#timeline, process, rng, this.#weather, () => this.isUp);
    this.#links.add(link);
    return link;
  }

  /** Removes a client that is gone for good. */
  forget(link: SimLink): void {
    this.#links.delete(link);
  }

  freeze(): void {
    this.#process.freeze();
    // Its clients miss their pongs after a while; messages that they sent lie in its sockets.
    const frozen = this.#process;
    for (const link of this.#links) {
      link.process.clock.after(12_000, () => {
        if (frozen.isFrozen && frozen === this.#process) link.break();
      });
    }
  }

  thaw(): void {
    this.#process.thaw();
  }

  kill(): void {
    this.#process.kill();
    for (const link of [...this.#links]) link.break();
  }

  restart(): void {
    if (this.#process.isAlive) return;
    this.#lives += 1;
    this.#busyUntil = 0;
    this.#process = new SimProcess(this.#timeline, "broker", `${this.#seed} broker ${this.#lives}`);
  }

  listen(subject: string, listener: Listener): void {
    let listeners = this.#listeners.get(subject);
    if (!listeners) {
      listeners = new Set();
      this.#listeners.set(subject, listeners);
      if (subject.endsWith(">") || subject.slice(0, -1).includes("*")) this.#patterns.set(subject, matcher([subject]));
    }
    listeners.add(listener);
  }

  ignore(subject: string, listener: Listener): void {
    const listeners = this.#listeners.get(subject);
    listeners?.delete(listener);
    if (listeners?.size !== 0) return;
    this.#listeners.delete(subject);
    this.#patterns.delete(subject);
  }

  /** Passes a message on to every listener. */
  route(at: number, subject: string, data: Uint8Array, reply?: Reply): void {
    this.pass(at, (now) => {
      let count = 0;
      const tell = (name: string): void => {
        for (const listener of this.#listeners.get(name) ?? []) {
          count += 1;
          listener.link.down(subject, now, () => listener.hear(subject, data, reply), true);
        }
      };
      tell(subject);
      tell(wildcardOf(subject));
      for (const [pattern, matches] of this.#patterns) if (matches(subject)) tell(pattern);
      if (count === 0) reply?.(nobody, now);
    });
  }

  /** Does something in the broker when a message arrives there; `action` gets the time at which the broker does it. */
  act(at: number, action: (doneAt: number) => void): void {
    const process = this.#process;
    process.hear(at, () => action(this.#timeline.now));
  }

  /** The stream that stores a subject. */
  #streamOf(subject: string): SimStream | undefined {
    const token = `${subject.slice(0, subject.indexOf("."))}.>`;
    if (journalSubjects.includes(token)) return this.journal;
    if (evidenceSubjects.includes(token)) return this.evidence;
    return blobSubjects.includes(token) ? this.blob : undefined;
  }

  streamNamed(name: string): SimStream | undefined {
    return [this.journal, this.evidence, this.blob].find((each) => each.name === name);
  }

  /** Stores at once; the acknowledgement leaves when the disk has it. */
  store(
    subject: string,
    data: Uint8Array,
    options: StoreOptions,
  ): { answer: StreamAnswer | "nobody answered"; doneAt: number } {
    const stream = this.#streamOf(subject);
    const now = this.#timeline.now;
    if (!stream) return { answer: "nobody answered", doneAt: now };
    // Encoded data is a view of a larger buffer, all of which the journal would keep in memory.
    const kept = stream === this.journal ? new Uint8Array(data) : data;
    const answer = stream.store(now, subject, kept, options);
    this.#busyUntil = Math.max(now, this.#busyUntil) + storeMs;
    if (typeof answer !== "string" && !answer.duplicate) {
      const message = stream.at(answer.seq);
      if (message) this.onStored(stream, message);
      for (const reader of this.#readers.get(stream) ?? []) this.pump(reader);
    }
    return { answer, doneAt: this.#busyUntil };
  }

  read(reader: Reader): void {
    let readers = this.#readers.get(reader.stream);
    if (!readers) {
      readers = new Set();
      this.#readers.set(reader.stream, readers);
    }
    readers.add(reader);
    this.pump(reader);
  }

  endRead(reader: Reader): void {
    reader.isOver = true;
    this.#readers.get(reader.stream)?.delete(reader);
  }

  /** Hands a reader its next messages. Each reader has its own consumer, so none is skipped or repeated. */
  pump(reader: Reader): void {
    if (reader.isOnItsWay || reader.isOver) return;
    const { link, stream } = reader;
    if (!link.isConnected || !this.isUp) return;
    reader.isOnItsWay = true;
    const { epoch } = link;
    const hand = (): void => {
      reader.isOnItsWay = false;
      for (let i = 0; i < handedTogether && reader.next <= stream.lastSeq && !reader.isOver; i += 1) {
        const message = stream.at(reader.next);
        reader.next += 1;
        const isLast = reader.next > stream.lastSeq;
        if (message && reader.wants(message.subject)) reader.hand(message, isLast);
        else if (isLast) reader.hand(undefined, true);
      }
      if (reader.next <= stream.lastSeq) this.pump(reader);
    };
    link.process.hear(Math.max(this.#timeline.now, this.#busyUntil) + link.slowness * this.#weather.latencyMs, () => {
      if (epoch === link.epoch) hand();
      else reader.isOnItsWay = false;
    });
  }

  put(key: string, value: Uint8Array): number {
    this.#revision += 1;
    this.entries.set(key, { value, revision: this.#revision });
    return this.#revision;
  }

  /** Passes something through unstored: at once if the broker is up, which saves a happening for each message. */
  pass(at: number, action: (now: number) => void): void {
    if (!this.#process.isAlive) return;
    if (this.#process.isFrozen) this.#process.hear(at, () => action(this.#timeline.now));
    else action(at);
  }
}

/** The answer to a question that nobody listens to. */
export const nobody = new Uint8Array(0);

/** A test whether a subject matches one of the patterns: `*` stands for one word, a last `>` for one or more. */
export function matcher(patterns: readonly string[]): (subject: string) => boolean {
  const tests = patterns.map((pattern) => {
    const parts = pattern.split(".").map((token) => (token === "*" ? "[^.]+" : token === ">" ? ".+" : token));
    return new RegExp(`^${parts.join("\\.")}$`);
  });
  return (subject) => tests.some((test) => test.test(subject));
}

function wildcardOf(subject: string): string {
  return `${subject.slice(0, subject.lastIndexOf(".") + 1)}*`;
}
