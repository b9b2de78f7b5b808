import { connect, type JetStreamManager, type NatsConnection, type StreamInfo } from "nats";
import { inboxPrefix } from "../../../shared/broker/access/accounts.ts";
import { readRoleSecret } from "../../../shared/broker/access/credentials.ts";
import type { WorkspacePaths } from "../../../shared/machine/workspace.ts";
import { RawClient } from "../raw-client.ts";

/** A message that the coordinators' account carried. */
export interface Heard {
  readonly subject: string;
  /** Headers and content, one character for each byte. */
  readonly text: string;
}

/** A stream's state and settings: an attacker may have changed more than its messages. */
export interface StreamLook {
  readonly name: string;
  readonly messages: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly deleted: number;
  readonly config: string;
}

/** Longer messages are cut to this many bytes: marks stand near the beginning, in headers and names. */
const keptBytes = 64 * 1024;

/**
 * Observes with the coordinator's own rights: hears every subject of its account and inspects its streams,
 * independently of anything that an attacker was told.
 */
export class Observer {
  readonly #ears: RawClient;
  readonly #connection: NatsConnection;
  readonly #manager: JetStreamManager;

  private constructor(ears: RawClient, connection: NatsConnection, manager: JetStreamManager) {
    this.#ears = ears;
    this.#connection = connection;
    this.#manager = manager;
  }

  static async start(paths: WorkspacePaths, { url, port }: { url: string; port: number }): Promise<Observer> {
    const { user, password } = readRoleSecret(paths, "coordinator");
    // Speaks the protocol by hand: the client's library gives up at headers that it cannot read.
    const ears = await RawClient.connect(port, { user, pass: password });
    ears.subscribe(">");
    await ears.sync();
    const connection = await connect({
      servers: url,
      user,
      pass: password,
      inboxPrefix: inboxPrefix("audit"),
      maxReconnectAttempts: -1,
      reconnectTimeWait: 100,
    });
    return new Observer(ears, connection, await connection.jetstreamManager({ timeout: 60_000 }));
  }

  get heard(): Heard[] {
    return this.#ears.messages.map(({ subject, head, data }) => ({
      subject,
      text: head + data.toString("latin1", 0, keptBytes),
    }));
  }

  /** Forgets the messages heard, which belong to earlier acts. */
  forget(): void {
    this.#ears.messages.length = 0;
  }

  /** Distinct subjects of messages with the mark in their subject, headers or content. */
  saw(mark: string): string[] {
    const found = this.#ears.messages.filter(
      ({ subject, head, data }) => subject.includes(mark) || head.includes(mark) || data.includes(mark),
    );
    return [...new Set(found.map(({ subject }) => subject))];
  }

  publish(subject: string, data: string | Uint8Array = ""): void {
    this.#connection.publish(subject, Buffer.from(data));
  }

  /** Asks as the coordinator does. */
  async request(subject: string, data: string | Uint8Array = "", timeout = 60_000): Promise<Uint8Array> {
    return (await this.#connection.request(subject, Buffer.from(data), { timeout })).data;
  }

  /** Resolves when everything published before has been heard. */
  async flush(): Promise<void> {
    await this.#connection.flush();
    await this.#ears.sync();
  }

  async streams(): Promise<StreamLook[]> {
    const found: StreamLook[] = [];
    for await (const info of this.#manager.streams.list()) found.push(lookOf(info));
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The number of messages on each subject of the stream. */
  async subjects(stream: string, filter = ">"): Promise<Record<string, number>> {
    const { state } = await this.#manager.streams.info(stream, { subjects_filter: filter });
    return state.subjects ?? {};
  }

  /** The stream's durable consumers and push consumers. */
  async consumers(stream: string): Promise<string[]> {
    const found: string[] = [];
    for await (const { name, config } of this.#manager.consumers.list(stream)) {
      if (config.durable_name !== undefined || config.deliver_subject !== undefined)
        found.push(`${name} -> ${config.deliver_subject ?? ""}`);
    }
    return found;
  }

  async stop(): Promise<void> {
    this.#ears.end();
    await this.#connection.close();
  }
}

const lookOf = ({ config, state }: StreamInfo): StreamLook => ({
  name: config.name,
  messages: state.messages,
  firstSeq: state.first_seq,
  lastSeq: state.last_seq,
  deleted: state.num_deleted ?? 0,
  config: JSON.stringify(config),
});
