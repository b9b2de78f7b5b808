import { connect, type JetStreamManager, type NatsConnection, type StreamInfo } from "nats";
import { inboxPrefix } from "../../../shared/broker/access/accounts.ts";
import { readRoleSecret } from "../../../shared/broker/access/credentials.ts";
import type { WorkspacePaths } from "../../../shared/machine/workspace.ts";

/** A message that the coordinators' account carried. */
export interface Heard {
  readonly subject: string;
  /** Headers and content, a character a byte. */
  readonly text: string;
}

/** What a stream is like; an attacker may have changed more than its messages. */
export interface StreamLook {
  readonly name: string;
  readonly messages: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly deleted: number;
  readonly config: string;
}

/** Longer messages are cut: marks stand near the beginning, in headers and names. */
const keptBytes = 64 * 1024;

/**
 * Looks on with the coordinator's own rights: hears every subject of its account, and looks into its streams. Independent of
 * what any attacker was told.
 */
export class Observer {
  heard: Heard[] = [];
  readonly #connection: NatsConnection;
  readonly #manager: JetStreamManager;

  private constructor(connection: NatsConnection, manager: JetStreamManager) {
    this.#connection = connection;
    this.#manager = manager;
    connection.subscribe(">", {
      callback: (_, { subject, data, headers }) => {
        const head =
          headers === undefined ? "" : `${[...headers].map(([key, each]) => `${key}: ${each.join()}`).join("\n")}\n`;
        this.heard.push({ subject, text: head + Buffer.from(data.subarray(0, keptBytes)).toString("latin1") });
      },
    });
  }

  static async start(paths: WorkspacePaths, url: string): Promise<Observer> {
    const { user, password } = readRoleSecret(paths, "coordinator");
    const connection = await connect({
      servers: url,
      user,
      pass: password,
      inboxPrefix: inboxPrefix("audit"),
      maxReconnectAttempts: -1,
      reconnectTimeWait: 100,
    });
    const observer = new Observer(connection, await connection.jetstreamManager({ timeout: 20_000 }));
    await observer.flush();
    return observer;
  }

  /** Begins anew: earlier messages belonged to earlier acts. */
  forget(): void {
    this.heard = [];
  }

  /** Subjects, each once, of messages that hold the mark, in their subject, headers or content. */
  saw(mark: string): string[] {
    const found = this.heard.filter(({ subject, text }) => subject.includes(mark) || text.includes(mark));
    return [...new Set(found.map(({ subject }) => subject))];
  }

  publish(subject: string, data: string | Uint8Array = ""): void {
    this.#connection.publish(subject, Buffer.from(data));
  }

  /** Asks as the coordinator does. */
  async request(subject: string, data: string | Uint8Array = "", timeout = 20_000): Promise<Uint8Array> {
    return (await this.#connection.request(subject, Buffer.from(data), { timeout })).data;
  }

  flush(): Promise<void> {
    return this.#connection.flush();
  }

  async streams(): Promise<StreamLook[]> {
    const found: StreamLook[] = [];
    for await (const info of this.#manager.streams.list()) found.push(lookOf(info));
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** How many messages each subject of the stream has. */
  async subjects(stream: string, filter = ">"): Promise<Record<string, number>> {
    const { state } = await this.#manager.streams.info(stream, { subjects_filter: filter });
    return state.subjects ?? {};
  }

  /** Durable consumers of the stream, and those that push to somebody. */
  async consumers(stream: string): Promise<string[]> {
    const found: string[] = [];
    for await (const { name, config } of this.#manager.consumers.list(stream)) {
      if (config.durable_name !== undefined || config.deliver_subject !== undefined)
        found.push(`${name} -> ${config.deliver_subject ?? ""}`);
    }
    return found;
  }

  async stop(): Promise<void> {
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
