import { readFileSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import type { IdleSource } from "./idle-source.ts";

const answerMs = 5000;
/** A server's greeting has some kilobytes, its other answers fewer. */
const mostBytes = 1 << 20;
const cookieName = "MIT-MAGIC-COOKIE-1";

/**
 * Idle time as the X server itself counts it (extension MIT-SCREEN-SAVER): exact to the millisecond on every X11
 * desktop.
 *
 * @param display    ":0"
 * @param authority  file with the server's cookie; "" if there is none
 * @param sockets    folder with the sockets of this machine's servers
 */
export async function x11Idle(display: string, authority: string, sockets = "/tmp/.X11-unix"): Promise<IdleSource> {
  const number = /^:(\d+)/.exec(display)?.[1];
  if (number === undefined) throw new Error(`"${display}" is no display of this machine`);
  const server = new XServer(createConnection(`${sockets}/X${number}`));
  try {
    const root = await server.greet(cookieOf(authority, number));
    const opcode = await server.extension("MIT-SCREEN-SAVER");
    return {
      name: "X11",
      idleMs: () => server.idleMs(opcode, root),
      close: () => server.close(),
    };
  } catch (error) {
    server.close();
    throw error;
  }
}

/** The cookie for that display in an Xauthority file, which lists address, display, name and data of each, big endian. */
export function cookieOf(file: string, display: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch {
    return Buffer.alloc(0); // The server may let this user in without one.
  }
  for (let at = 0; at + 2 <= bytes.length; ) {
    at += 2;
    const parts: Buffer[] = [];
    for (let i = 0; i < 4 && at + 2 <= bytes.length; i += 1) {
      const length = bytes.readUInt16BE(at);
      parts.push(bytes.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    }
    const [, number, name, data] = parts;
    if (name?.toString() === cookieName && data && (number?.toString() === display || number?.length === 0))
      return data;
  }
  return Buffer.alloc(0);
}

/** A client of an X server, as far as one question needs it. Each request has one answer, in order. */
class XServer {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #waiting: { take: (bytes: Buffer) => number; resolve: (bytes: Buffer) => void; reject: (error: Error) => void }[] =
    [];
  #ended: Error | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.unref();
    socket.on("data", (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#answer();
      if (this.#received.length > mostBytes) socket.destroy(new Error("the X server says too much"));
    });
    socket.on("error", (error) => this.#end(error));
    socket.on("close", () => this.#end(new Error("the X server closed the connection")));
  }

  /** Opens the conversation; returns the root window of the first screen. */
  async greet(cookie: Buffer): Promise<number> {
    const name = cookie.length === 0 ? "" : cookieName;
    const head = Buffer.alloc(12);
    head.write("l");
    head.writeUInt16LE(11, 2);
    head.writeUInt16LE(name.length, 6);
    head.writeUInt16LE(cookie.length, 8);
    const greeting = await this.#ask(Buffer.concat([head, padded(Buffer.from(name)), padded(cookie)]), (bytes) =>
      bytes.length < 8 ? 0 : 8 + bytes.readUInt16LE(6) * 4,
    );
    if (greeting[0] !== 1) throw new Error("the X server does not let this user in");
    const vendor = greeting.readUInt16LE(24);
    const formats = greeting.readUInt8(29);
    return greeting.readUInt32LE(40 + Math.ceil(vendor / 4) * 4 + formats * 8);
  }

  /** The opcode of an extension. */
  async extension(name: string): Promise<number> {
    const text = padded(Buffer.from(name));
    const request = Buffer.alloc(8);
    request.writeUInt8(98, 0);
    request.writeUInt16LE(2 + text.length / 4, 2);
    request.writeUInt16LE(name.length, 4);
    const answer = await this.#ask(Buffer.concat([request, text]));
    if (answer[8] !== 1) throw new Error(`the X server has no ${name}`);
    return answer.readUInt8(9);
  }

  /** QueryInfo of MIT-SCREEN-SAVER. */
  async idleMs(opcode: number, root: number): Promise<number> {
    const request = Buffer.alloc(8);
    request.writeUInt8(opcode, 0);
    request.writeUInt8(1, 1);
    request.writeUInt16LE(2, 2);
    request.writeUInt32LE(root, 4);
    const answer = await this.#ask(request);
    if (answer[0] !== 1) throw new Error("the X server does not tell its idle time");
    return answer.readUInt32LE(16);
  }

  close(): void {
    this.#socket.destroy();
  }

  /** @param take  returns the length of the answer that the bytes begin with; 0: not known yet */
  #ask(request: Buffer, take = replyLength): Promise<Buffer> {
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#socket.destroy(new Error("the X server does not answer")), answerMs);
      timer.unref();
      const done = (): void => clearTimeout(timer);
      this.#waiting.push({
        take,
        resolve: (bytes) => {
          done();
          resolve(bytes);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      });
      this.#socket.write(request);
    });
  }

  #answer(): void {
    for (let [first] = this.#waiting; first; [first] = this.#waiting) {
      const length = first.take(this.#received);
      if (length === 0 || this.#received.length < length) return;
      first.resolve(this.#received.subarray(0, length));
      this.#received = this.#received.subarray(length);
      this.#waiting.shift();
    }
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting) reject(this.#ended);
    this.#waiting = [];
  }
}

/** Errors (0) have 32 bytes; answers (1) say how many more words of 4 bytes follow. No events are asked for. */
const replyLength = (bytes: Buffer): number =>
  bytes.length < 32 ? 0 : 32 + (bytes[0] === 1 ? bytes.readUInt32LE(4) * 4 : 0);

const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
