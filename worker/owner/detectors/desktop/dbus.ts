import { createConnection, type Socket } from "node:net";
import { type Call, decodeMessage, encodeCall, type Message, type Value } from "./dbus-message.ts";

const answerMs = 5000;
/** Longest line, in bytes, of the conversation before the first message. */
const longestLine = 16_384;

/** A connection to a message bus of this machine. */
export class DBus {
  readonly #socket: Socket;
  readonly #onSignal: (signal: Message) => void;
  readonly #waiting = new Map<number, { resolve: (body: readonly Value[]) => void; reject: (error: Error) => void }>();
  #received = Buffer.alloc(0);
  #serial = 0;
  #isLetIn = false;
  #ended: Error | undefined;

  private constructor(socket: Socket, onSignal: (signal: Message) => void, letIn: (error?: Error) => void) {
    this.#socket = socket;
    this.#onSignal = onSignal;
    socket.on("data", (chunk) => {
      try {
        this.#hear(chunk, letIn);
      } catch (error) {
        socket.destroy(error instanceof Error ? error : new Error(String(error)));
      }
    });
    socket.on("error", (error) => this.#end(error));
    socket.on("close", () => this.#end(new Error("the bus closed the connection")));
    socket.on("close", () => letIn(this.#ended));
    // The bus sees for itself who this is; the number says who we claim to be.
    const user = Buffer.from(String(process.getuid?.() ?? 0)).toString("hex");
    socket.write(`\0AUTH EXTERNAL ${user}\r\n`);
    socket.unref();
  }

  /** @param path  of its socket @throws Error if it does not let this user in */
  static async open(path: string, onSignal: (signal: Message) => void): Promise<DBus> {
    const bus = await new Promise<DBus>((resolve, reject) => {
      const opened = new DBus(createConnection(path), onSignal, (error) => (error ? reject(error) : resolve(opened)));
    });
    await bus.#ask("Hello");
    return bus;
  }

  get isOpen(): boolean {
    return this.#ended === undefined;
  }

  /** @throws Error with what the other side says, or if it does not answer within 5 s */
  call(call: Call): Promise<readonly Value[]> {
    if (this.#ended) return Promise.reject(this.#ended);
    this.#serial += 1;
    const serial = this.#serial;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(serial);
        reject(new Error(`${call.destination} does not answer ${call.member}`));
      }, answerMs);
      timer.unref();
      const done = (): void => clearTimeout(timer);
      this.#waiting.set(serial, {
        resolve: (body) => {
          done();
          resolve(body);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      });
      this.#socket.write(encodeCall(call, serial));
    });
  }

  /** From now on the signals that this rule describes are heard. */
  async listen(rule: string): Promise<void> {
    await this.#ask("AddMatch", rule);
  }

  close(): void {
    this.#socket.destroy();
  }

  #ask(member: string, ...args: string[]): Promise<readonly Value[]> {
    const name = "org.freedesktop.DBus";
    return this.call({ destination: name, path: "/org/freedesktop/DBus", interface: name, member, args });
  }

  #hear(chunk: Buffer, letIn: (error?: Error) => void): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    if (!this.#isLetIn) {
      const end = this.#received.indexOf("\r\n");
      if (end < 0 && this.#received.length > longestLine) throw new Error("the bus says too much");
      if (end < 0) return;
      const line = this.#received.toString("latin1", 0, end);
      if (!line.startsWith("OK ")) throw new Error(`the bus does not let this user in: ${line.slice(0, 80)}`);
      this.#received = this.#received.subarray(end + 2);
      this.#socket.write("BEGIN\r\n");
      this.#isLetIn = true;
      letIn();
    }
    for (let next = decodeMessage(this.#received); next; next = decodeMessage(this.#received)) {
      this.#received = this.#received.subarray(next.length);
      this.#take(next.message);
    }
  }

  #take(message: Message): void {
    if (message.type === 4) {
      this.#onSignal(message);
      return;
    }
    const waiting = this.#waiting.get(message.replyTo);
    this.#waiting.delete(message.replyTo);
    if (message.type === 3) waiting?.reject(new Error(String(message.body[0] ?? "an error without a word")));
    else waiting?.resolve(message.body);
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    this.#waiting.clear();
  }
}
