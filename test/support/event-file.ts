/** Reads event files and protocol buffers from their published formats, independently of our own writer. */

export interface Decoded {
  readonly field: number;
  readonly type: number;
  readonly value: bigint | Buffer;
}

/** The fields of a message. */
export function fieldsOf(bytes: Buffer): Decoded[] {
  const fields: Decoded[] = [];
  let at = 0;
  const varint = (): bigint => {
    let [value, shift] = [0n, 0n];
    for (;;) {
      const byte = bytes.readUInt8(at);
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
      shift += 7n;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const type = tag & 7;
    if (type === 0) {
      fields.push({ field: tag >> 3, type, value: varint() });
      continue;
    }
    const length = type === 1 ? 8 : type === 5 ? 4 : type === 2 ? Number(varint()) : Number.NaN;
    if (!(at + length <= bytes.length)) throw new RangeError(`field ${tag >> 3} of type ${type} does not fit`);
    fields.push({ field: tag >> 3, type, value: bytes.subarray(at, at + length) });
    at += length;
  }
  return fields;
}

const only = (bytes: Buffer, field: number): Buffer[] =>
  fieldsOf(bytes).flatMap((each) => (each.field === field && Buffer.isBuffer(each.value) ? [each.value] : []));
const number = (bytes: Buffer, field: number): number =>
  Number(fieldsOf(bytes).find((each) => each.field === field)?.value ?? 0n);

export interface ReadEvent {
  readonly wallTime: number;
  readonly step: number;
  readonly version: string;
  readonly scalars: Readonly<Record<string, number>>;
  /** Content of plugin data, by tag. */
  readonly plugins: Readonly<Record<string, { name: string; content: Buffer }>>;
}

/** Every record of a file. @throws Error if a checksum in the file differs from `checkSum` of the bytes */
export function readEvents(file: Buffer, checkSum: (bytes: Uint8Array) => number): ReadEvent[] {
  const events: ReadEvent[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    const data = file.subarray(at + 12, at + 12 + length);
    if (file.readUInt32LE(at + 8) !== checkSum(file.subarray(at, at + 8)))
      throw new Error(`the length at ${at} is damaged`);
    if (file.readUInt32LE(at + 12 + length) !== checkSum(data)) throw new Error(`the record at ${at} is damaged`);
    events.push(readEvent(data));
    at += 16 + length;
  }
  return events;
}

function readEvent(data: Buffer): ReadEvent {
  const values = only(data, 5).flatMap((summary) => only(summary, 1));
  const scalars: Record<string, number> = {};
  const plugins: Record<string, { name: string; content: Buffer }> = {};
  for (const value of values) {
    const tag = String(only(value, 1)[0]);
    const [simple] = only(value, 2);
    if (simple) scalars[tag] = simple.readFloatLE();
    for (const plugin of only(value, 9).flatMap((metadata) => only(metadata, 1))) {
      plugins[tag] = { name: String(only(plugin, 1)[0]), content: only(plugin, 2)[0] ?? Buffer.alloc(0) };
    }
  }
  return {
    wallTime: only(data, 1)[0]?.readDoubleLE() ?? 0,
    step: number(data, 2),
    version: String(only(data, 3)[0] ?? ""),
    scalars,
    plugins,
  };
}
