import { type Rng, rngFrom } from "../../shared/domain/rng.ts";
import type { StoredMessage, StoreOptions } from "../../shared/ports.ts";
import { blobSubjects, evidenceSubjects, journalSubjects, streams } from "../../shared/wire/subjects.ts";
import { SimLink, type Weather } from "./sim-link.ts";
import { SimProcess } from "./sim-process.ts";
import { SimStream, type StreamAnswer } from "./sim-stream.ts";
import type { Timeline } from "./timeline.ts";

/** Takes an answer that reaches the broker at that time. */
export type Reply = (data: Uint8Array, at: number) => void;

/** Somebody who hears what is published under a subject. */
export interface Listener {
  readonly link: SimLink;
  readonly hear: (subject: string, data: Uint8Array, reply: Reply | undefined) => void;
}

/** Somebody to whom a stream is read. */
export interface Reader {
  readonly link: SimLink;
  readonly stream: SimStream;
  readonly wants: (subject: string) => boolean;
  readonly hand: (message: StoredMessage | undefined, isLast: boolean) => void;
  next: number;
  isOnItsWay: boolean;
  isOver: boolean;
}

/** What one stored message costs the broker: the fsync of a small disk, see "the whole path" of the broker's measurements. */
const storeMs = 0.25;
/** Messages that a reader is handed at once. */
const handedTogether = 256;

/**
 * The broker: core messages, streams, entries. What it has acknowledged survives its death; what is on its way does not.
 * Killed, it comes back with its streams and knows nobody; frozen, it acts on everything that lay in its sockets when it wakes.
 */
export class SimBroker {
  readonly journal = new SimStream(streams.journal);
  readonly evidence = new SimStream(streams.evidence);
  readonly blob = new SimStream(streams.blob);
  readonly entries = new Map<string, { value: Uint8Array; revision: number }>();
  /** Hears of every message that was stored. */
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
  /** Those patterns in which more is open than the last word. */
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

  /** The client is gone for good. */
  forget(link: SimLink): void {
    this.#links.delete(link);
  }

  freeze(): void {
    this.#process.freeze();
    // Its clients miss their pings after a while; what they sent lies in its sockets.
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

  /** Passes a message on to everyone who listens. */
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

  /** Does something in the broker when a message arrives there; what it returns is when it is done, in the broker's time. */
  act(at: number, action: (doneAt: number) => void): void {
    const process = this.#process;
    process.hear(at, () => action(this.#timeline.now));
  }

  /** The stream that takes a subject. */
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
    // What was encoded is a piece of a larger buffer, all of which the journal, that is kept, would keep.
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

  /** Hands a reader what it has not had; a consumer of its own, so nothing is left out and nothing comes twice. */
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

  /** What passes through without being stored; at once where the broker is up: one happening less for each message. */
  pass(at: number, action: (now: number) => void): void {
    if (!this.#process.isAlive) return;
    if (this.#process.isFrozen) this.#process.hear(at, () => action(this.#timeline.now));
    else action(at);
  }
}

/** The answer to a question that nobody listens to. */
export const nobody = new Uint8Array(0);

/** Whether a subject is one of these or matches one: `*` stands for one word, a last `>` for one or more. */
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
