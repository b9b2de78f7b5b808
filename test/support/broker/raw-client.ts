import { connect, type Socket } from "node:net";
import { nkeys } from "nats";
import { atEnd } from "../cleanup.ts";
import { eventually } from "../patience.ts";

export interface RawMessage {
  readonly subject: string;
  readonly head: string;
  readonly body: string;
}

export type RawCredentials = { readonly user: string; readonly password: string } | { readonly seed: Uint8Array };

/**
 * A client that can send nats-server anything, such as any reply subject. An attacker need not use the client library,
 * which keeps to the rules.
 */
export class RawClient {
  readonly heard: RawMessage[] = [];
  /** The server's refusals, e.g. `Permissions Violation for Publish to "x"`. */
  readonly refusals: string[] = [];
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #isOpen = true;
  #pongs = 0;
  #pings = 0;
  #subscriptions = 0;
  #questions = 0;
  #inbox = "";
  #info: Readonly<Record<string, unknown>> | undefined;

  constructor(port: number) {
    this.#socket = connect({ host: "127.0.0.1", port });
    this.#socket.on("data", (bytes) => this.#receive(bytes));
    this.#socket.on("error", () => undefined);
    this.#socket.on("close", () => {
      this.#isOpen = false;
    });
    atEnd(() => this.end());
  }

  /** Logs in and subscribes to its own inbox, `<inbox>.*`. */
  static async connect(port: number, credentials: RawCredentials, inbox: string): Promise<RawClient> {
    const client = new RawClient(port);
    const { nonce } = await client.info();
    client.#socket.write(`CONNECT ${JSON.stringify({ ...loginOf(credentials, String(nonce)), ...manners })}\r\n`);
    client.#inbox = inbox;
    client.subscribe(`${inbox}.*`);
    await client.flush();
    return client;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** What the server says before anybody logs in. */
  info(): Promise<Readonly<Record<string, unknown>>> {
    return eventually("the server's INFO", () => this.#info);
  }

  subscribe(subject: string): void {
    this.#subscriptions += 1;
    this.#socket.write(`SUB ${subject} ${this.#subscriptions}\r\n`);
  }

  publish(subject: string, body: string, reply = "", head: Readonly<Record<string, string>> = {}): void {
    const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`);
    const block = lines.length === 0 ? "" : `NATS/1.0\r\n${lines.join("")}\r\n`;
    const [whole, own] = [Buffer.byteLength(block + body), Buffer.byteLength(block)];
    const verb = block === "" ? `PUB ${subject} ${reply} ${whole}` : `HPUB ${subject} ${reply} ${own} ${whole}`;
    this.#socket.write(`${verb}\r\n${block}${body}\r\n`);
  }

  /** The answer; undefined if the server refuses the question. */
  async ask(subject: string, body = "", head: Readonly<Record<string, string>> = {}): Promise<RawMessage | undefined> {
    this.#questions += 1;
    const reply = `${this.#inbox}.${this.#questions}`;
    const refused = this.refusals.length;
    this.publish(subject, body, reply, head);
    return eventually(`an answer to ${subject}`, () => {
      const answer = this.heard.find((message) => message.subject === reply);
      return answer ?? (this.refusals.length > refused ? "refused" : undefined);
    }).then((answer) => (answer === "refused" ? undefined : answer));
  }

  /** Resolves when the server has processed everything sent before, or the connection is closed. */
  async flush(): Promise<void> {
    this.#pings += 1;
    const wanted = this.#pings;
    this.#socket.write("PING\r\n");
    await eventually("a PONG", () => this.#pongs >= wanted || !this.#isOpen);
  }

  end(): void {
    this.#socket.destroy();
  }

  #receive(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    for (;;) {
      const end = this.#received.indexOf("\r\n");
      if (end < 0) return;
      const line = this.#received.toString("utf8", 0, end);
      const words = line.split(" ");
      const isMessage = words[0] === "MSG" || words[0] === "HMSG";
      const size = isMessage ? Number(words.at(-1)) + 2 : 0;
      if (this.#received.length < end + 2 + size) return;
      const content = this.#received.subarray(end + 2, end + size);
      this.#received = this.#received.subarray(end + 2 + size);
      if (isMessage) {
        const head = words[0] === "HMSG" ? Number(words.at(-2)) : 0;
        const [subject = ""] = words.slice(1);
        this.heard.push({ subject, head: content.toString("utf8", 0, head), body: content.toString("utf8", head) });
      } else this.#hear(words[0] ?? "", line);
    }
  }

  #hear(verb: string, line: string): void {
    if (verb === "INFO") this.#info = JSON.parse(line.slice(5)) as Record<string, unknown>;
    if (verb === "PING") this.#socket.write("PONG\r\n");
    if (verb === "PONG") this.#pongs += 1;
    if (verb === "-ERR") this.refusals.push(line.slice(6, -1));
  }
}

const manners = { verbose: false, pedantic: false, headers: true, no_responders: true, protocol: 1, lang: "raw" };

function loginOf(credentials: RawCredentials, nonce: string): object {
  if ("user" in credentials) return { user: credentials.user, pass: credentials.password };
  const pair = nkeys.fromSeed(credentials.seed);
  const signature = Buffer.from(pair.sign(Buffer.from(nonce))).toString("base64url");
  return { nkey: pair.getPublicKey(), sig: signature };
}
