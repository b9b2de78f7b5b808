/** `Bus` over one connection of the NATS client, which only this file and those in nats/ import. */

import {
  type ConnectionOptions,
  type Consumer,
  connect,
  createInbox,
  credsAuthenticator,
  DiscardPolicy,
  ErrorCode,
  Events,
  headers,
  type JetStreamClient,
  type JetStreamManager,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  nkeyAuthenticator,
  nkeys,
  type OrderedConsumerOptions,
  type PublishOptions,
  StorageType,
} from "nats";
import { pause } from "../../deadline.ts";
import type { BrokerStatus, Bus, EntryStore, Reading, Stored, StoredMessage, StoreOptions } from "../../ports.ts";
import { BusError } from "../../ports.ts";
import { bucket } from "../../wire/subjects.ts";
import { endRenewal, hearLastErrors } from "./nats/defects.ts";
import { NatsEntries } from "./nats/entries.ts";
import { busError, connectError, fullCodes, wrongLastMsgId, wrongLastSequence } from "./nats/errors.ts";
import { Outgoing } from "./outgoing.ts";
import { Questions } from "./questions.ts";
import { type Delivered, type Delivery, StreamReading } from "./stream-reading.ts";

export interface BusCredentials {
  readonly user?: string;
  readonly password?: string;
  /** Seed of an nkey, "SU..."; used instead of user and password. */
  readonly nkeySeed?: string;
  /** Text of a .creds file (user JWT and seed), as NATS tools write them. */
  readonly credsText?: string;
}

export interface BusOptions {
  /** One server, or several with commas; those of a cluster tell of the others. */
  readonly url: string;
  readonly credentials: BusCredentials;
  /** Shown in the broker's connection list; also makes the inbox prefix that a worker's rights name. */
  readonly name: string;
  /** Prefix of reply subjects. */
  readonly inbox?: string;
  /** Wait for a broker that is not there yet, or fail at once. */
  readonly waitForBroker?: boolean;
  /** Called with what a person may want to know: disconnects, reconnects, refused subjects. */
  readonly onStatus?: (status: string) => void;
  /** Called each time that the broker refuses the credentials of a connection that it once accepted. */
  readonly onRefused?: () => void;
}

const storeTimeoutMs = 5000;
/**
 * A question to JetStream that reaches a cluster while it chooses its leader is never answered, so what it costs is this: it
 * is asked again rather than waited for.
 */
const questionTimeoutMs = 2000;
/**
 * A cluster may place a reader's consumer on a server that died some seconds ago (2.10.27 takes it for living until it has missed its
 * own heartbeats); nobody answers then, and the next consumer may lie elsewhere.
 */
const readerTimeoutsMs = [250, 250, 500, 1000, 2000, 2000] as const;
/** While the server reloads its users it refuses whoever connects in that moment (seen with 2.10.27), so a refusal is asked again. */
const refusalsBelieved = 2;
const refusedRetryMs = 150;
/** In that moment it may also leave a new connection without a word (2 of 1,042 seen). */
const connectTimeoutMs = 3000;
/** A reading that hears nothing for so long looks whether there is more. */
const silentMs = 3000;
/** A reader asks for more at least so often; twice the heartbeat or more. */
const pullMs = 5000;
/** Of the broker's limit for one message, kept free for its headers. */
const headRoom = 1024;
/** In which a message sent twice is stored once; a retry comes within seconds. */
const duplicateWindowNanos = 120e9;

export interface StreamPlan {
  readonly name: string;
  readonly subjects: readonly string[];
  /** -1: not limited. */
  readonly maxBytes: number;
}

/** A bus that may also make the workspace's streams; only a coordinator's rights reach that far. */
export interface CoordinatorBus extends Bus {
  /** Makes the streams and the bucket where they are missing; one that exists is left as it is. */
  makeStreams(wanted: readonly StreamPlan[], replicas: number): Promise<void>;
}

/** Connects. Reconnects by itself for ever; requests and stores meanwhile end as BusError and are the caller's to repeat. */
export async function connectBus(options: BusOptions): Promise<CoordinatorBus> {
  const { credentials } = options;
  for (let refusals = 0; ; refusals += 1) {
    try {
      const connection = await connect({
        servers: options.url.split(","),
        noRandomize: true,
        name: options.name,
        ...authentication(credentials),
        ...(options.inbox === undefined ? {} : { inboxPrefix: options.inbox }),
        maxReconnectAttempts: -1,
        reconnectTimeWait: 250,
        reconnectJitter: 100,
        pingInterval: 5000,
        maxPingOut: 2,
        waitOnFirstConnect: options.waitForBroker ?? false,
        ignoreAuthErrorAbort: true,
        timeout: connectTimeoutMs,
        // A stack for every request cost a seventh of a busy coordinator's time (2026-11-24).
        noAsyncTraces: true,
      });
      return new NatsBus(connection, options);
    } catch (cause) {
      const error = connectError(cause, options.url);
      if (error.reason === "not connected" || refusals === refusalsBelieved) throw error;
      await pause(refusedRetryMs);
    }
  }
}

function authentication(
  credentials: BusCredentials,
): Partial<Pick<ConnectionOptions, "user" | "pass" | "authenticator">> {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  if (credentials.nkeySeed !== undefined) return { authenticator: nkeyAuthenticator(bytes(credentials.nkeySeed)) };
  if (credentials.credsText !== undefined) return { authenticator: credsAuthenticator(bytes(credentials.credsText)) };
  return credentials.user === undefined ? {} : { user: credentials.user, pass: credentials.password ?? "" };
}

/** What is used of the client's nkeys, which it exports without a type. */
interface Nkeys {
  createUser(): { getPublicKey(): string; getSeed(): Uint8Array };
}

/** A new key pair for a worker: the public half goes to the coordinator, the seed never leaves the machine. */
export function newKeyPair(): { publicKey: string; seed: string } {
  const pair = (nkeys as Nkeys).createUser();
  return { publicKey: pair.getPublicKey(), seed: new TextDecoder().decode(pair.getSeed()) };
}

class NatsBus implements CoordinatorBus {
  readonly entries: EntryStore;
  readonly #connection: NatsConnection;
  readonly #js: JetStreamClient;
  readonly #outgoing = new Outgoing();
  readonly #questions: Questions;
  #manager: Promise<JetStreamManager> | undefined;
  #connected = true;
  readonly #readings = new Set<Reading>();
  readonly #onReconnect = new Set<() => void>();

  constructor(connection: NatsConnection, options: BusOptions) {
    this.#connection = connection;
    this.#questions = new Questions(createInbox(options.inbox ?? "_INBOX"));
    this.#subscribe(this.#questions.subscription, ({ subject, data, headers: head }) =>
      this.#questions.hear(subject, data, data.length === 0 ? (head?.code ?? 0) : 0),
    );
    this.#js = connection.jetstream({ timeout: questionTimeoutMs });
    this.entries = new NatsEntries((timeout) =>
      connection.jetstream({ timeout, checkAPI: false }).views.kv(bucket, { bindOnly: true }),
    );
    hearLastErrors(connection);
    void this.#watch(options);
  }

  async #watch({ onStatus, onRefused }: BusOptions): Promise<void> {
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

  async #ask(subject: string, data: Uint8Array, timeoutMs: number, head?: MsgHdrs): Promise<Uint8Array> {
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

  /** With everything else that is sent in this turn of the event loop. */
  #send(subject: string, data: Uint8Array, options?: PublishOptions): void {
    this.#outgoing.add(() => {
      if (this.#connection.isClosed()) return;
      this.#connection.publish(subject, data, options);
    });
  }

  respond(
    subject: string,
    handler: (subject: string, data: Uint8Array, reply: (data: Uint8Array) => void, status: BrokerStatus) => void,
  ): () => void {
    return this.#subscribe(subject, (message) => {
      const { reply, headers: head } = message;
      const answer = (data: Uint8Array): void => {
        if (reply !== undefined && reply !== "") this.publish(reply, data);
      };
      handler(message.subject, message.data, answer, { code: head?.code ?? 0, text: head?.description ?? "" });
    });
  }

  publish(subject: string, data: Uint8Array): void {
    if (this.#connection.isClosed()) return;
    this.#checkSize(subject, data);
    this.#send(subject, data);
  }

  subscribe(subject: string, handler: (subject: string, data: Uint8Array) => void): () => void {
    return this.#subscribe(subject, (message) => handler(message.subject, message.data));
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
    const answer = await this.#ask(subject, data, options.timeoutMs ?? storeTimeoutMs, head);
    const ack = JSON.parse(Buffer.from(answer.buffer, answer.byteOffset, answer.length).toString()) as {
      seq?: number;
      duplicate?: boolean;
      error?: { err_code?: number; description?: string };
    };
    if (ack.error) {
      const { err_code: code = 0, description = "unknown" } = ack.error;
      if (code === wrongLastSequence || code === wrongLastMsgId)
        throw new BusError("not the next", `${subject}: ${description}`);
      if (fullCodes.has(code)) throw new BusError("full", `${subject}: the broker's store is full (${description})`);
      throw new BusError("refused", `${subject}: the broker refused it: ${description} (${code})`);
    }
    if (ack.seq === undefined) throw new BusError("refused", `${subject}: the broker's answer has no sequence`);
    // A cluster keeps a msgID from the moment it sees it, also when the message is refused or lost on its way to the copies
    // (seen with 2.10.27: `{seq: 0, duplicate: true}`, and nothing stored). Such an answer says nothing: another id is needed.
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
  ): Promise<Reading> {
    const reading: Reading = await StreamReading.begin<StoredMessage>(
      {
        deliver: (from, hear) => this.#deliver(stream, from, hear, subjects),
        lastSeq: () => this.lastSeq(stream),
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

  async #deliver(
    stream: string,
    fromSeq: number,
    hear: (delivered: Delivered<StoredMessage>) => void,
    subjects: readonly string[] | undefined,
  ): Promise<Delivery> {
    const options: Partial<OrderedConsumerOptions> = { opt_start_seq: fromSeq };
    // As a list even one costs nats-server 2.10.27 about 1 ms a message: 4,000 in 3.6 s instead of 0.3 s (2026-11-24).
    if (subjects) options.filterSubjects = subjects.length === 1 ? (subjects[0] ?? ">") : [...subjects];
    const { consumer, pending } = await this.#patiently(
      stream,
      (tries) => this.#makeReader(stream, options, readerTimeoutsMs[tries] ?? questionTimeoutMs),
      readerTimeoutsMs.length - 1,
    );
    const messages = await consumer.consume({
      max_messages: 5000,
      // Also the longest that the client waits before it makes a consumer anew that was lost with its server.
      expires: pullMs,
      idle_heartbeat: 2000,
      callback: ({ seq, subject, data, headers: head, info }) =>
        hear({ message: { seq, subject, data, msgId: head?.get("Nats-Msg-Id") ?? "" }, pending: info.pending }),
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
    // The client would wait 30 s after each failure, 30 times, and hear of no end meanwhile (seen with 2.29.3, when a cluster
    // chose its leader); its own limit has no option. Whoever reads decides how often to ask.
    (consumer as unknown as { maxInitialReset: number }).maxInitialReset = 0;
    return { consumer, pending: (await consumer.info()).num_pending };
  }

  async newest(stream: string, subject: string): Promise<Uint8Array | null> {
    const question = `$JS.API.DIRECT.GET.${stream}.${subject}`;
    const data = await this.#patiently(subject, () => this.#ask(question, new Uint8Array(0), questionTimeoutMs));
    // A status without a body: there is no such message. Those that are stored are never empty.
    return data.length === 0 ? null : data;
  }

  async subjects(stream: string, filter: string): Promise<string[]> {
    this.#manager ??= this.#connection.jetstreamManager({ checkAPI: false, timeout: questionTimeoutMs });
    const { streams } = await this.#manager;
    const info = await this.#patiently(stream, () => streams.info(stream, { subjects_filter: filter }));
    return Object.keys(info.state.subjects ?? {});
  }

  async purge(stream: string, subject: string): Promise<void> {
    this.#manager ??= this.#connection.jetstreamManager({ checkAPI: false, timeout: questionTimeoutMs });
    const { streams } = await this.#manager;
    await this.#patiently(stream, () => streams.purge(stream, { filter: subject }));
  }

  async lastSeq(stream: string): Promise<number> {
    this.#manager ??= this.#connection.jetstreamManager({ checkAPI: false, timeout: questionTimeoutMs });
    const { streams } = await this.#manager;
    return (await this.#patiently(stream, () => streams.info(stream))).state.last_seq;
  }

  /** Nobody answers JetStream's questions while the server reloads its accounts (seen with 2.10.27), so they are asked again. */
  async #patiently<T>(
    what: string,
    question: (tries: number) => Promise<T>,
    mostRetries = refusalsBelieved,
  ): Promise<T> {
    for (let tries = 0; ; tries += 1) {
      try {
        return await question(tries);
      } catch (cause) {
        const error = busError(cause, what);
        const mayPass = error.reason === "nobody answered" || error.reason === "no answer in time";
        if (!mayPass || tries === mostRetries) throw error;
        if (error.reason === "nobody answered") await pause(refusedRetryMs);
      }
    }
  }

  async makeStreams(wanted: readonly StreamPlan[], replicas: number): Promise<void> {
    try {
      await this.#makeStreams(wanted, replicas);
    } catch (cause) {
      throw busError(cause, "making the streams");
    }
  }

  async #makeStreams(wanted: readonly StreamPlan[], replicas: number): Promise<void> {
    this.#manager ??= this.#connection.jetstreamManager({ checkAPI: false, timeout: questionTimeoutMs });
    const { streams } = await this.#manager;
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
    // In a cluster a direct get may be answered by a copy that is behind; who leads must be the newest word.
    await this.#js.views.kv(bucket, { history: 1, replicas, allow_direct: replicas === 1 });
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

  async close(): Promise<void> {
    // A reading left open goes on asking a closed connection, without pause (seen with 2.29.3).
    for (const reading of [...this.#readings]) await reading.stop();
    this.#outgoing.drain();
    if (!this.#connection.isClosed()) await this.#connection.close();
  }
}
