/** The part of protocol buffers that event files need: a message is its fields, one after another. */

export type EncodedField = Uint8Array;

const wireType = { varint: 0, double: 1, bytes: 2, float: 5 } as const;

export const message = (...fields: readonly EncodedField[]): Uint8Array => Buffer.concat(fields);

/** Encodes a safe integer; a negative one as 64-bit two's complement. */
export function varint(value: number): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

const tag = (field: number, type: number): Uint8Array => varint(field * 8 + type);

export const integer = (field: number, value: number): EncodedField =>
  Buffer.concat([tag(field, wireType.varint), varint(value)]);

export const flag = (field: number, value: boolean): EncodedField => integer(field, value ? 1 : 0);

export function double(field: number, value: number): EncodedField {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([tag(field, wireType.double), bytes]);
}

export function float(field: number, value: number): EncodedField {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([tag(field, wireType.float), bytes]);
}

export const bytes = (field: number, value: Uint8Array): EncodedField =>
  Buffer.concat([tag(field, wireType.bytes), varint(value.length), value]);

export const text = (field: number, value: string): EncodedField => bytes(field, Buffer.from(value));
