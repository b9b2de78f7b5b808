import { createServer, type Server, type Socket } from "node:net";
import { decodeMessage } from "../../worker/owner/detectors/desktop/dbus-message.ts";

/** A test service's answer to a method: values, a string for an error, or undefined for no answer. */
export type Answer =
  | { readonly signature: string; readonly values: readonly (number | bigint | boolean | string)[] }
  | string
  | undefined;

/** A message bus with one service, which answers as the test tells it to. */
export class FakeBus {
  readonly calls: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #serial = 0;

  constructor(path: string, answer: (member: string, args: readonly unknown[]) => Answer) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      let received = Buffer.alloc(0);
      let isGreeted = false;
      socket.on("data", (chunk) => {
        received = Buffer.concat([received, chunk]);
        if (!isGreeted) {
          const text = received.toString("latin1");
          if (/^\0AUTH EXTERNAL [0-9a-f]+\r\n$/.test(text)) socket.write("OK 1234deadbeef\r\n");
          const begun = text.indexOf("BEGIN\r\n");
          if (begun < 0) return;
          isGreeted = true;
          received = received.subarray(begun + 7);
        }
        for (let next = decodeMessage(received); next; next = decodeMessage(received)) {
          const serial = received.readUInt32LE(8);
          received = received.subarray(next.length);
          const { member, body } = next.message;
          this.calls.push(member);
          const found: Answer = member === "Hello" ? { signature: "s", values: [":1.7"] } : answer(member, body);
          if (typeof found === "string")
            this.#send(socket, 3, serial, { error: "org.test.Error" }, { signature: "s", values: [found] });
          else if (found) this.#send(socket, 2, serial, {}, found);
        }
      });
      socket.on("error", () => undefined);
    });
    this.#server.listen(path);
  }

  signal(path: string, name: string, member: string, body: Exclude<Answer, string | undefined>): void {
    for (const socket of this.#sockets) this.#send(socket, 4, 0, { path, name, member }, body);
  }

  /** Ends every connection. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  close(): void {
    this.drop();
    this.#server.close();
  }

  #send(
    socket: Socket,
    type: number,
    replyTo: number,
    fields: { readonly path?: string; readonly name?: string; readonly member?: string; readonly error?: string },
    body: Exclude<Answer, string | undefined>,
  ): void {
    this.#serial += 1;
    socket.write(encode(type, this.#serial, replyTo, fields, body));
  }
}

/** A message in the layout of the D-Bus specification, little endian. */
function encode(
  type: number,
  serial: number,
  replyTo: number,
  fields: {
    readonly path?: string;
    readonly name?: string;
    readonly member?: string;
    readonly error?: string;
    readonly destination?: string;
  },
  body: Exclude<Answer, string | undefined>,
): Buffer {
  const out: number[] = [];
  const align = (to: number): void => {
    while (out.length % to !== 0) out.push(0);
  };
  const uint = (value: number): void => {
    align(4);
    out.push(value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >>> 24) & 255);
  };
  const text = (value: string): void => {
    uint(Buffer.byteLength(value));
    out.push(...Buffer.from(value), 0);
  };
  const signature = (value: string): void => void out.push(value.length, ...Buffer.from(value), 0);
  const put = (kind: string, value: number | bigint | boolean | string): void => {
    if (kind === "s" || kind === "o") text(String(value));
    else if (kind === "b") uint(value === true ? 1 : 0);
    else if (kind === "u") uint(Number(value));
    else {
      align(8);
      const wide = Buffer.alloc(8);
      wide.writeBigUInt64LE(BigInt(value));
      out.push(...wide);
    }
  };
  // `v` is followed by the type of its one value: "vb" is a variant of a boolean.
  const kinds = body.signature.startsWith("v") ? [body.signature.slice(1)] : [...body.signature];
  if (body.signature.startsWith("v")) signature(body.signature.slice(1));
  for (const [i, value] of body.values.entries()) put(kinds[i] ?? "", value);
  const content = Buffer.from(out.splice(0));
  out.push(0x6c, type, 0, 1);
  uint(content.length);
  uint(serial);
  const start = out.length;
  uint(0);
  const field = (code: number, kind: string, write: () => void): void => {
    align(8);
    out.push(code);
    signature(kind);
    write();
  };
  if (fields.path !== undefined) field(1, "o", () => text(fields.path ?? ""));
  if (fields.name !== undefined) field(2, "s", () => text(fields.name ?? ""));
  if (fields.member !== undefined) field(3, "s", () => text(fields.member ?? ""));
  if (fields.error !== undefined) field(4, "s", () => text(fields.error ?? ""));
  if (replyTo > 0) field(5, "u", () => uint(replyTo));
  if (fields.destination !== undefined) field(6, "s", () => text(fields.destination ?? ""));
  field(8, "g", () => signature(body.signature.startsWith("v") ? "v" : body.signature));
  const length = out.length - start - 4;
  align(8);
  const head = Buffer.from(out);
  head.writeUInt32LE(length, start);
  return Buffer.concat([head, content]);
}
