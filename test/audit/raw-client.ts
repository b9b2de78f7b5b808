import { connect as connectTcp, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { nkeys } from "nats";

/** Credentials for CONNECT; all left out: none. */
export interface RawCredentials {
  readonly user?: string;
  readonly pass?: string;
  /** Seed of an nkey: CONNECT names its public half and signs the server's nonce with it. */
  readonly seed?: string;
  /** Further fields of CONNECT, or other values for those above. */
  readonly more?: Readonly<Record<string, unknown>>;
}

export interface RawMessage {
  readonly subject: string;
  readonly sid: string;
  readonly reply: string;
  /** Headers as sent, including the first line; "" if there are none. */
  readonly head: string;
  readonly data: Buffer;
}

const answerLimitMs = 120_000;

/**
 * The attacker's tool: one connection that speaks the NATS protocol by hand. It sends any line, reply subject and
 * header, and keeps everything that the server says. By itself it only answers PING.
 */
export class RawClient {
  readonly messages: RawMessage[] = [];
  /** Texts of -ERR. */
  readonly errors: string[] = [];
  info: Readonly<Record<string, unknown>> = {};
  #socket: Socket;
  #held: Buffer = Buffer.alloc(0);
  readonly #pongs: (() => void)[] = [];
  #sids = 0;
  #isClosed = false;
  #onInfo: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen(socket);
  }

  /** Resolves when the server has sent its INFO, or closed the connection; the client has sent nothing. */
  static async open(port: number, host = "127.0.0.1"): Promise<RawClient> {
    const client = new RawClient(connectTcp({ port, host }));
    await new Promise<void>((resolve) => {
      client.#onInfo = resolve;
      client.#socket.once("close", () => resolve());
    });
    return client;
  }

  /** Like `open`, then sends CONNECT and PING; `isClosed` and `errors` show the outcome. */
  static async connect(port: number, credentials: RawCredentials = {}, tls?: ConnectionOptions): Promise<RawClient> {
    const client = await RawClient.open(port);
    if (tls) await client.secure(tls);
    client.introduce(credentials);
    await client.sync();
    return client;
  }

  /** Upgrades the connection to TLS. */
  async secure(options: ConnectionOptions): Promise<void> {
    const plain = this.#socket;
    plain.removeAllListeners("data");
    const socket = connectTls({ ...options, socket: plain });
    this.#socket = socket;
    this.#listen(socket);
    await new Promise<void>((resolve) => {
      socket.once("secureConnect", () => resolve());
      socket.once("close", () => resolve());
    });
  }

  introduce({ user, pass, seed, more }: RawCredentials): void {
    const signed = seed === undefined ? {} : signature(seed, this.info["nonce"]);
    const told = { verbose: false, pedantic: false, headers: true, no_responders: true, lang: "raw", version: "0" };
    const named = user === undefined ? {} : { user, pass };
    this.send(`CONNECT ${JSON.stringify({ ...told, ...named, ...signed, ...more })}`);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** One line of the protocol, or several; CRLF is added. */
  send(line: string): void {
    this.write(`${line}\r\n`);
  }

  write(bytes: string | Uint8Array): void {
    if (!this.#socket.destroyed) this.#socket.write(bytes);
  }

  publish(subject: string, data: string | Uint8Array = "", more: { reply?: string; head?: string } = {}): void {
    const body = Buffer.from(data);
    const reply = more.reply === undefined ? "" : `${more.reply} `;
    if (more.head === undefined) this.write(`PUB ${subject} ${reply}${body.length}\r\n`);
    else {
      const head = Buffer.from(`NATS/1.0\r\n${more.head}\r\n\r\n`);
      this.write(`HPUB ${subject} ${reply}${head.length} ${head.length + body.length}\r\n`);
      this.write(head);
    }
    this.write(body);
    this.write("\r\n");
  }

  /** Returns the sid; the subscription's messages are those of `messages` with it. */
  subscribe(subject: string, queue = ""): string {
    const sid = String(++this.#sids);
    this.send(`SUB ${subject} ${queue === "" ? "" : `${queue} `}${sid}`);
    return sid;
  }

  /**
   * Resolves when the server has handled all that was sent, or has closed the connection.
   *
   * @throws Error if it does not answer within two minutes
   */
  async sync(): Promise<void> {
    if (this.#isClosed || this.#socket.destroyed) return;
    await new Promise<void>((resolve, reject) => {
      const late = () => reject(new Error(`the server did not answer PING within ${answerLimitMs / 1000} s`));
      const timer = setTimeout(late, answerLimitMs);
      this.#pongs.push(() => {
        clearTimeout(timer);
        resolve();
      });
      this.send("PING");
    });
  }

  /** Asks and waits for the first answer; undefined if none came in time. The credentials must allow the inbox. */
  async ask(
    subject: string,
    data: string | Uint8Array,
    inbox: string,
    limitMs = answerLimitMs,
    head?: string,
  ): Promise<RawMessage | undefined> {
    const reply = `${inbox}.${Math.random().toString(36).slice(2)}`;
    const sid = this.subscribe(reply);
    this.publish(subject, data, head === undefined ? { reply } : { reply, head });
    const limit = performance.now() + limitMs;
    let answer: RawMessage | undefined;
    while (!answer && performance.now() < limit && !this.#isClosed) {
      await this.sync();
      answer = this.messages.find((each) => each.sid === sid);
      if (!answer) await new Promise((resolve) => setTimeout(resolve, 2));
    }
    this.send(`UNSUB ${sid}`);
    return answer;
  }

  end(): void {
    this.#socket.destroy();
  }

  #listen(socket: Socket): void {
    socket.on("data", (data: Buffer) => this.#read(data));
    socket.on("error", () => undefined); // a close follows
    socket.on("close", () => {
      this.#isClosed = true;
      for (const pong of this.#pongs.splice(0)) pong();
    });
  }

  #read(data: Buffer): void {
    this.#held = this.#held.length === 0 ? data : Buffer.concat([this.#held, data]);
    for (;;) {
      const end = this.#held.indexOf("\r\n");
      if (end < 0) return;
      const line = this.#held.toString("utf8", 0, end);
      const rest = this.#held.subarray(end + 2);
      const [verb = "", ...words] = line.split(" ");
      if (verb === "MSG" || verb === "HMSG") {
        const size = Number(words.at(-1));
        if (rest.length < size + 2) return;
        this.#keep(verb, words, rest.subarray(0, size));
        this.#held = rest.subarray(size + 2);
        continue;
      }
      this.#held = rest;
      if (verb === "PING") this.send("PONG");
      else if (verb === "PONG") this.#pongs.shift()?.();
      else if (verb === "-ERR") this.errors.push(words.join(" "));
      else if (verb === "INFO") {
        this.info = JSON.parse(line.slice(5)) as Record<string, unknown>;
        this.#onInfo?.();
      }
    }
  }

  #keep(verb: string, words: readonly string[], body: Buffer): void {
    const headSize = verb === "HMSG" ? Number(words.at(-2)) : 0;
    const names = words.slice(0, verb === "HMSG" ? -2 : -1);
    const [subject = "", sid = "", reply = ""] = names;
    const head = body.toString("utf8", 0, headSize);
    this.messages.push({ subject, sid, reply, head, data: Buffer.from(body.subarray(headSize)) });
  }
}

function signature(seed: string, nonce: unknown): { nkey: string; sig: string } {
  const pair = nkeys.fromSeed(Buffer.from(seed));
  const sig = Buffer.from(pair.sign(Buffer.from(String(nonce ?? ""))));
  return { nkey: pair.getPublicKey(), sig: sig.toString("base64url") };
}
