/** Reads the part of protocol buffers that `protobuf.ts` writes. */

export interface ReadField {
  readonly field: number;
  /** Value of a varint (rounded from 2^53 on), a float or a double; NaN otherwise. */
  readonly number: number;
  /** Bytes of a string, a message, or packed numbers; empty otherwise. */
  readonly bytes: Buffer;
}

export class Malformed extends Error {
  override readonly name = "Malformed";
}

const nothing = Buffer.alloc(0);

/**
 * The fields of a message.
 *
 * @throws Malformed if the bytes are no message
 */
export function* fieldsIn(data: Buffer): Generator<ReadField> {
  let at = 0;
  const varint = (): number => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = data[at];
      if (byte === undefined) break;
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(BigInt.asIntN(64, value));
    }
    throw new Malformed("a number that does not end");
  };
  const part = (length: number): Buffer => {
    if (length < 0 || at + length > data.length) throw new Malformed("a field that is longer than its message");
    at += length;
    return data.subarray(at - length, at);
  };
  while (at < data.length) {
    const tag = varint();
    const field = Math.floor(tag / 8);
    switch (tag & 7) {
      case 0:
        yield { field, number: varint(), bytes: nothing };
        break;
      case 1:
        yield { field, number: part(8).readDoubleLE(), bytes: nothing };
        break;
      case 2:
        yield { field, number: Number.NaN, bytes: part(varint()) };
        break;
      case 5:
        yield { field, number: part(4).readFloatLE(), bytes: nothing };
        break;
      default:
        throw new Malformed(`a field of type ${tag & 7}`);
    }
  }
}
