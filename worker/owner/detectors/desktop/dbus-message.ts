/** Messages of D-Bus, as its specification lays them out, as far as asking for idle times needs it. Little endian. */

export type Value = number | bigint | boolean | string;

export interface Call {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  /** Texts and 32-bit numbers. */
  readonly args?: readonly (string | number)[];
}

export interface Message {
  /** 2: an answer, 3: an error, 4: a signal. */
  readonly type: number;
  readonly replyTo: number;
  readonly interface: string;
  readonly member: string;
  readonly path: string;
  readonly sender: string;
  /** The values of its body, as far as this program knows their types. */
  readonly body: readonly Value[];
}

const headerBytes = 16;
const mostBytes = 1 << 20;

class Writer {
  #bytes = Buffer.alloc(1024);
  length = 0;

  align(to: number): void {
    this.length = Math.ceil(this.length / to) * to;
  }

  byte(value: number): void {
    this.#room(1);
    this.#bytes.writeUInt8(value, this.length);
    this.length += 1;
  }

  uint32(value: number): void {
    this.align(4);
    this.#room(4);
    this.#bytes.writeUInt32LE(value, this.length);
    this.length += 4;
  }

  text(value: string): void {
    const bytes = Buffer.from(value);
    this.uint32(bytes.length);
    this.#room(bytes.length + 1);
    bytes.copy(this.#bytes, this.length);
    this.length += bytes.length + 1;
  }

  signature(value: string): void {
    this.byte(value.length);
    this.#room(value.length + 1);
    this.#bytes.write(value, this.length, "latin1");
    this.length += value.length + 1;
  }

  bytes(): Buffer {
    this.#room(0);
    return Buffer.from(this.#bytes.subarray(0, this.length));
  }

  #room(more: number): void {
    if (this.length + more <= this.#bytes.length) return;
    this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(this.#bytes.length + more + this.length)]);
  }
}

export function encodeCall(call: Call, serial: number): Buffer {
  const body = new Writer();
  const args = call.args ?? [];
  for (const arg of args) {
    if (typeof arg === "string") body.text(arg);
    else body.uint32(arg);
  }
  const head = new Writer();
  for (const value of [0x6c, 1, 0, 1]) head.byte(value);
  head.uint32(body.length);
  head.uint32(serial);
  const fields = new Writer();
  // The fields begin at a multiple of 8 in the message, so their own places count as well.
  const field = (code: number, type: "o" | "s", value: string): void => {
    fields.align(8);
    fields.byte(code);
    fields.signature(type);
    fields.text(value);
  };
  field(1, "o", call.path);
  field(2, "s", call.interface);
  field(3, "s", call.member);
  field(6, "s", call.destination);
  if (args.length > 0) {
    fields.align(8);
    fields.byte(8);
    fields.signature("g");
    fields.signature(args.map((arg) => (typeof arg === "string" ? "s" : "u")).join(""));
  }
  head.uint32(fields.length);
  const start = Buffer.concat([head.bytes(), fields.bytes()]);
  return Buffer.concat([start, Buffer.alloc((8 - (start.length % 8)) % 8), body.bytes()]);
}

class Reader {
  readonly #bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  align(to: number): void {
    this.at = Math.ceil(this.at / to) * to;
  }

  uint32(): number {
    this.align(4);
    this.at += 4;
    return this.#bytes.readUInt32LE(this.at - 4);
  }

  text(): string {
    const length = this.uint32();
    const from = this.at;
    this.at += length + 1;
    return this.#bytes.toString("utf8", from, from + length);
  }

  signature(): string {
    const length = this.#bytes.readUInt8(this.at);
    const from = this.at + 1;
    this.at = from + length + 1;
    return this.#bytes.toString("latin1", from, from + length);
  }

  /** The value of that type; undefined if this program does not know it. */
  value(type: string): Value | undefined {
    switch (type) {
      case "s":
      case "o":
        return this.text();
      case "g":
        return this.signature();
      case "v":
        return this.value(this.signature());
      case "u":
        return this.uint32();
      case "b":
        return this.uint32() !== 0;
      case "t":
      case "x":
        this.align(8);
        this.at += 8;
        return this.#bytes.readBigUInt64LE(this.at - 8);
      default:
        return undefined;
    }
  }

  values(signature: string): Value[] {
    const values: Value[] = [];
    for (const type of signature) {
      const value = this.value(type);
      if (value === undefined) break;
      values.push(value);
    }
    return values;
  }
}

/**
 * The first whole message of these bytes and how long it is; null if there is none yet.
 *
 * @throws Error if no D-Bus message begins so
 */
export function decodeMessage(bytes: Buffer): { readonly message: Message; readonly length: number } | null {
  if (bytes.length < headerBytes) return null;
  if (bytes[0] !== 0x6c || bytes[3] !== 1) throw new Error("not a little-endian message of D-Bus");
  const bodyLength = bytes.readUInt32LE(4);
  const fieldsEnd = headerBytes + bytes.readUInt32LE(12);
  const bodyAt = Math.ceil(fieldsEnd / 8) * 8;
  const length = bodyAt + bodyLength;
  if (length > mostBytes) throw new Error("a message of D-Bus that is too long");
  if (bytes.length < length) return null;
  const whole = bytes.subarray(0, length);
  const reader = new Reader(whole, headerBytes);
  const fields = new Map<number, Value>();
  while (reader.at < fieldsEnd) {
    reader.align(8);
    const code = whole.readUInt8(reader.at);
    reader.at += 1;
    const value = reader.value("v");
    if (value === undefined) break;
    fields.set(code, value);
  }
  const text = (code: number): string => String(fields.get(code) ?? "");
  const message = {
    type: whole.readUInt8(1),
    path: text(1),
    interface: text(2),
    member: text(3),
    replyTo: Number(fields.get(5) ?? 0),
    sender: text(7),
    body: new Reader(whole, bodyAt).values(text(8)),
  };
  return { message, length };
}
