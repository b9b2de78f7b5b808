import { Packr } from "msgpackr";

/** msgpackr with plain maps: shared structures would need state on both sides, and `new Unpackr()` makes Maps. */
const plain = { useRecords: false, mapsAsObjects: true } as const;
const packr = new Packr(plain);
/** Its values keep nothing of the bytes that they were read from. */
const copying = new Packr({ ...plain, copyBuffers: true });

/**
 * Where a message is read: msgpackr hangs a DataView on all bytes that it reads, which takes a third of the time that small
 * ones need, and stays for as long as they are kept (2026-11-25).
 */
const desk = Buffer.allocUnsafeSlow(64 * 1024);

export const encode = (value: unknown): Uint8Array => packr.pack(value);

/** Throws on anything that is not one whole msgpack value; the caller checks the shape. */
export function decode(bytes: Uint8Array): unknown {
  if (bytes.length > desk.length) return packr.unpack(bytes);
  desk.set(bytes);
  return copying.unpack(desk, bytes.length);
}
