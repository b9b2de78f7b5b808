/** `Bus` over one connection of the NATS client, which only this folder imports. */

import {
  type Consumer,
  createInbox,
  DiscardPolicy,
  ErrorCode,
  Events,
  headers,
  type JetStreamManager,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  type OrderedConsumerOptions,
  type PublishOptions,
  StorageType,
  type StreamAPI,
} from "nats";
import type { BrokerStatus, Bus, EntryStore, Reading, Stored, StoredMessage, StoreOptions } from "../../ports.ts";
import { BusError } from "../../ports.ts";
import { bucket, streams } from "../../wire/subjects.ts";
import { brokerStatus, headersOf } from "./headers-of.ts";
import { askedAs, heardAs, type LocalNames } from "./local-names.ts";
import { askAll } from "./nats/ask-all.ts";
import { endRenewal, expireSoon, hearLastErrors } from "./nats/defects.ts";
import { natsEntries } from "./nats/entries.ts";
import { busError, storeRefusal } from "./nats/errors.ts";
import { OrderedPieces } from "./nats/ordered-pieces.ts";
import { patiently, questionTimeoutMs, questionTimeoutsMs } from "./nats/patience.ts";
import { holdsStored, nextStored, sealHeader } from "./nats/stored-message.ts";
import { Outgoing } from "./outgoing.ts";
import { Questions } from "./questions.ts";
import { deliverByGets } from "./reading-by-gets.ts";
import { type Delivered, type Delivery, readStream } from "./stream-reading.ts";

const storeTimeoutMs = 5000;
/**
 * nats-server 2.10.27 counts a server of its cluster as alive until heartbeats are missing, so it may place a reader's consumer
 * on one that died some seconds ago. Then nobody answers, and the next consumer may be placed elsewhere.
 */
const readerTimeoutsMs = [250, 250, 500, 1000, 2000, 2000];
/** A reading that hears nothing for this long checks whether there is more. */
const silentMs = 3000;
/** A reader asks for more at least this often; twice the heartbeat or more. */
const pullMs = 5000;
/** Bytes of the broker's limit for one message that stay free for its headers. */
const headRoom = 1024;
/** A message sent twice within this time is stored once; a retry comes within seconds. */
const duplicateWindowNanos = 120e9;

export interface StreamPlan {
  readonly name: string;
  readonly subjects: readonly string[];
  /** -1: not limited. */
  readonly maxBytes: number;
}

/** A bus that may also make the workspace's streams, which takes a coordinator's rights. */
export interface CoordinatorBus extends Bus {
  /** Every answer that comes within `waitMs`. */
  askAll(subject: string, question: string, waitMs: number): Promise<Uint8Array[]>;
  /** Makes the streams and the bucket that are missing; existing ones stay as they are. */
  makeStreams(wanted: readonly StreamPlan[], replicas: number): Promise<void>;
}

export interface BusHooks {
  /** Prefix of reply subjects. */
  readonly inbox?: string;
  /** Left out: those of an account that holds the streams itself. */
  readonly names?: LocalNames | undefined;
  /** Called with what a person may want to know: disconnects, reconnects, refused subjects. */
  readonly onStatus?: (status: string) => void;
  /** Called each time the broker refuses the credentials of a connection that it once accepted, or that still waits. */
  readonly onRefused?: () => void;
}

export class NatsBus implements CoordinatorBus {
  readonly entries: EntryStore;
  readonly #connection: NatsConnection;
  readonly #outgoing = new Outgoing();
  readonly #questions: Questions;
  readonly #names: LocalNames;
  #manager: Promise<JetStreamManager> | undefined;
  #connected = true;
  readonly #readings = new Set<Reading>();
  readonly #onReconnect = new Set<() => void>();
  readonly #pieces = new OrderedPieces();

  constructor(connection: NatsConnection, hooks: BusHooks) {
    this.#connection = connection;
    this.#names = hooks.names ?? {};
    this.#questions = new Questions(createInbox(hooks.inbox ?? "_INBOX"));
    this.#subscribe(this.#questions.subscription, (message) => {
      const { subject, data } = message;
      this.#questions.hear(subject, data, data.length === 0 ? brokerStatus(message).code : 0);
    });
    this.entries = natsEntries((timeout) =>
      connection.jetstream({ timeout, checkAPI: false, ...this.#api }).views.kv(bucket, { bindOnly: true }),
    );
    hearLastErrors(connection);
    void this.#watch(hooks);
  }

  get #api(): { readonly apiPrefix?: string } {
    return this.#names.api === undefined ? {} : { apiPrefix: this.#names.api };
  }

  async #watch({ onStatus, onRefused }: BusHooks): Promise<void> {
    for await (const status of this.#connection.status()) {
      if (status.type === Events.Disconnect) this.#connected = false;
      if (status.type === Events.Reconnect) {
        this.#connected = true;
        hearLastErrors(this.#connection);
        for (const handler of this.#onReconnect) handler();
      }
      if (status.permissionContext?.operation === "publish") this.#questions.refused(status.permissionContext.subject);
      if (status.type === Events.Error && status.data === ErrorCode.AuthorizationViolation) onRefused?.();
      if (status.type !== "pingTimer" && status.type !== Events.Update)
        onStatus?.(`${status.type}: ${String(status.data)}`);
    }
    this.#connected = false;
    this.#questions.close();
  }

  request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    return this.#ask(subject, data, timeoutMs);
  }

  askAll(subject: string, question: string, waitMs: number): Promise<Uint8Array[]> {
    return askAll(this.#connection, subject, question, waitMs);
  }

  async #ask(wanted: string, data: Uint8Array, timeoutMs: number, head?: MsgHdrs): Promise<Uint8Array> {
    const subject = askedAs(wanted, this.#names);
    this.#checkSize(subject, data);
    return this.#questions.ask(subject, timeoutMs, (reply) => {
      this.#send(subject, data, head ? { reply, headers: head } : { reply });
    });
  }

  #checkSize(subject: string, data: Uint8Array): void {
    if (this.#connection.isClosed()) throw new BusError("closed", `${subject}: the connection is closed`);
    const most = this.#connection.info?.max_payload ?? Number.POSITIVE_INFINITY;
    if (data.length + headRoom > most)
      throw new BusError("too large", `${subject}: the message is larger than the broker takes`);
  }

  /** Sends together with everything else of this turn of the event loop. */
  #send(subject: string, data: Uint8Array, options?: PublishOptions): void {
    this.#outgoing.add(() => {
      if (this.#connection.isClosed()) return;
      this.#connection.publish(subject, data, options);
    });
  }

  respond(
    subject: string,
    handler: (subject: string, data: Uint8Array, reply: (data: Uint8Array) => void, status: () => BrokerStatus) => void,
  ): () => void {
    return this.#subscribe(subject, (message) => {
      const { reply } = message;
      const answer = (data: Uint8Array): void => {
        if (reply !== undefined && reply !== "") this.publish(reply, data);
      };
      handler(message.subject, message.data, answer, () => brokerStatus(message));
    });
  }

  publish(subject: string, data: Uint8Array): void {
    if (this.#connection.isClosed()) return;
    this.#checkSize(subject, data);
    this.#send(subject, data);
  }

  subscribe(subject: string, handler: (subject: string, data: Uint8Array) => void): () => void {
    const before = heardAs("", this.#names).length;
    return this.#subscribe(heardAs(subject, this.#names), ({ subject: heard, data }) =>
      handler(heard.slice(before), data),
    );
  }

  #subscribe(subject: string, handler: (message: Msg) => void): () => void {
    const subscription = this.#connection.subscribe(subject, {
      callback: (error, message) => {
        if (!error) handler(message);
      },
    });
    return () => subscription.unsubscribe();
  }

  async store(subject: string, data: Uint8Array, options: StoreOptions): Promise<Stored> {
    const head = headers();
    head.set("Nats-Msg-Id", options.msgId);
    // Set by hand: the client's own option leaves out an expected sequence of 0.
    if (options.expectLastSeq !== undefined) head.set("Nats-Expected-Last-Sequence", String(options.expectLastSeq));
    if (options.expectLastMsgId !== undefined) head.set("Nats-Expected-Last-Msg-Id", options.expectLastMsgId);
    if (options.seal !== undefined) head.set(sealHeader, options.seal);
    const answer = await this.#ask(subject, data, options.timeoutMs ?? storeTimeoutMs, head);
    const ack = JSON.parse(Buffer.from(answer.buffer, answer.byteOffset, answer.length).toString()) as {
      seq?: number;
      duplicate?: boolean;
      error?: { err_code?: number; description?: string };
    };
    if (ack.error) throw storeRefusal(subject, ack.error);
    if (ack.seq === undefined) throw new BusError("refused", `${subject}: the broker's answer has no sequence`);
    // A cluster keeps a msgId from the moment it sees it, even if the message is then refused or lost on its way to the copies
    // (seen with 2.10.27: `{seq: 0, duplicate: true}`, and nothing stored). Only another id can get it stored.
    if (ack.seq === 0)
      throw new BusError(
        "id used up",
        `${subject}: the cluster has seen this message's id and stored nothing under it`,
      );
    return { seq: ack.seq, duplicate: ack.duplicate ?? false };
  }

  async read(
    stream: string,
    fromSeq: number,
    handler: (message: StoredMessage) => void,
    subjects?: readonly string[],
    sizesOnly = false,
  ): Promise<Reading> {
    const reading: Reading = await readStream<StoredMessage>(
      {
        deliver: (from, hear) =>
          this.#names.api === undefined
            ? this.#deliver(stream, from, hear, subjects, sizesOnly)
            : deliverByGets(this.#gets(stream), from, hear, subjects),
        lastSeq: () => this.lastSeq(stream),
        holds: (from, before) => holdsStored(this.#connection, this.#names, stream, from, before, subjects),
        hasCopies: () => this.#connection.info?.cluster !== undefined,
        isConnected: () => this.isConnected(),
        silentMs,
        onStopped: () => void this.#readings.delete(reading),
      },
      fromSeq,
      handler,
    );
    this.#readings.add(reading);
    return reading;
  }

  #gets(stream: string): Parameters<typeof deliverByGets>[0] {
    return {
      next: (fromSeq, pattern) => nextStored(this.#connection, this.#names, stream, fromSeq, pattern),
      lastSeq: () => this.lastSeq(stream),
    };
  }

  async #deliver(
    stream: string,
    fromSeq: number,
    hear: (delivered: Delivered<StoredMessage>) => void,
    subjects: readonly string[] | undefined,
    sizesOnly: boolean,
  ): Promise<Delivery> {
    const options: Partial<OrderedConsumerOptions> = { opt_start_seq: fromSeq, headers_only: sizesOnly };
    // Even a list of one costs nats-server 2.10.27 about 1 ms a message: 4,000 in 3.6 s instead of 0.3 s (2026-11-24).
    if (subjects) options.filterSubjects = subjects.length === 1 ? (subjects[0] ?? ">") : [...subjects];
    const { consumer, pending } = await patiently(stream, readerTimeoutsMs, (timeoutMs) =>
      this.#makeReader(stream, options, timeoutMs),
    );
    const messages = await consumer.consume({
      max_messages: 5000,
      // After at most this time the client replaces a consumer that was lost with its server.
      expires: pullMs,
      idle_heartbeat: 2000,
      callback: (delivered) => {
        const { seq, subject, data, info } = delivered;
        const head = headersOf(delivered);
        const msgId = head?.get("Nats-Msg-Id") ?? "";
        const seal = stream === streams.journal ? { seal: head?.get(sealHeader) ?? "" } : undefined;
        const size = sizesOnly ? { size: Number(head?.get("Nats-Msg-Size") ?? data.length) } : undefined;
        const message = { seq, subject, data, msgId, storedAt: info.timestampNanos / 1e6, ...seal, ...size };
        const isFirst = info.deliverySequence === 1 && (sizesOnly || stream !== streams.blob);
        hear({ message, pending: info.pending, isFirst });
      },
    });
    return {
      pending,
      close: () => {
        endRenewal(consumer, messages);
        return messages.close();
      },
    };
  }

  async #makeReader(
    stream: string,
    options: Partial<OrderedConsumerOptions>,
    timeout: number,
  ): Promise<{ readonly consumer: Consumer; readonly pending: number }> {
    const consumer = await this.#connection.jetstream({ timeout }).consumers.get(stream, options);
    expireSoon(consumer);
    // The client would wait 30 s after each failure, 30 times, and could not be stopped meanwhile (seen with 2.29.3, while a
    // cluster chose its leader). No option changes that. The reader decides how often to ask.
    (consumer as unknown as { maxInitialReset: number }).maxInitialReset = 0;
    return { consumer, pending: (await consumer.info()).num_pending };
  }

  newest(stream: string, subject: string): Promise<Uint8Array | null> {
    return this.#get(`${stream}.${subject}`);
  }

  piece(stream: string, subject: string): Promise<Uint8Array | null> {
    const inOrder = (question: string) => this.#get(stream, question);
    return this.#pieces.get(this.#connection.info?.version, subject, inOrder, () => this.newest(stream, subject));
  }

  async #get(what: string, question = ""): Promise<Uint8Array | null> {
    const ask = (timeoutMs: number) => this.#ask(`$JS.API.DIRECT.GET.${what}`, Buffer.from(question), timeoutMs);
    const data = await patiently(what, questionTimeoutsMs, ask);
    // A status without a body: there is no such message. Stored messages are never empty.
    return data.length === 0 ? null : data;
  }

  async subjects(stream: string, pattern: string): Promise<string[]> {
    const info = await this.#askStreams(stream, (streams) => streams.info(stream, { subjects_filter: pattern }));
    return Object.keys(info.state.subjects ?? {});
  }

  async purge(stream: string, subject: string): Promise<void> {
    await this.#askStreams(stream, (streams) => streams.purge(stream, { filter: subject }));
  }

  async lastSeq(stream: string): Promise<number> {
    return (await this.#askStreams(stream, (streams) => streams.info(stream))).state.last_seq;
  }

  async #streams(): Promise<StreamAPI> {
    this.#manager ??= this.#connection.jetstreamManager({
      checkAPI: false,
      timeout: questionTimeoutMs,
      ...this.#api,
    });
    return (await this.#manager).streams;
  }

  #askStreams<T>(what: string, question: (streams: StreamAPI) => Promise<T>): Promise<T> {
    return patiently(what, questionTimeoutsMs, async () => question(await this.#streams()));
  }

  async makeStreams(wanted: readonly StreamPlan[], replicas: number): Promise<void> {
    try {
      const streams = await this.#streams();
      const existing = new Set<string>();
      for await (const name of streams.names()) existing.add(name);
      for (const { name, subjects, maxBytes } of wanted) {
        if (existing.has(name)) continue;
        await streams.add({
          name,
          subjects: [...subjects],
          max_bytes: maxBytes,
          storage: StorageType.File,
          discard: DiscardPolicy.New,
          num_replicas: replicas,
          duplicate_window: duplicateWindowNanos,
          allow_direct: true,
        });
      }
      // In a cluster a copy that is behind may answer a direct get; the leader's entry must be the newest.
      const { views } = this.#connection.jetstream({ timeout: questionTimeoutMs });
      await views.kv(bucket, { history: 1, replicas, allow_direct: replicas === 1 });
    } catch (cause) {
      throw busError(cause, "making the streams");
    }
  }

  async flush(): Promise<void> {
    this.#outgoing.drain();
    try {
      await this.#connection.flush();
    } catch (cause) {
      throw busError(cause, "flush");
    }
  }

  isConnected(): boolean {
    return this.#connected && !this.#connection.isClosed();
  }

  onReconnect(handler: () => void): () => void {
    this.#onReconnect.add(handler);
    return () => this.#onReconnect.delete(handler);
  }

  reconnect(): void {
    this.#questions.giveUp();
    // The caller may have waited for an answer while the connection was closed.
    if (!this.#connection.isClosed()) void this.#connection.reconnect();
  }

  async close(): Promise<void> {
    // A reading left open would go on asking a closed connection without pause (seen with 2.29.3).
    for (const reading of [...this.#readings]) await reading.stop();
    this.#outgoing.drain();
    if (!this.#connection.isClosed()) await this.#connection.close();
    this.#questions.close();
  }
}
