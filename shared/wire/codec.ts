import { Packr } from "msgpackr";

/** msgpackr with plain maps: shared structures would need state on both sides, and `new Unpackr()` makes Maps. */
const plain = { useRecords: false, mapsAsObjects: true } as const;
const packr = new Packr(plain);
/** Its values share no memory with the bytes that they were read from. */
const copying = new Packr({ ...plain, copyBuffers: true });

/**
 * Messages are copied here to be read: msgpackr attaches a DataView to all bytes that it reads. For small messages that takes a
 * third of the time, and the view lives as long as the bytes (2026-11-25).
 */
const desk = Buffer.allocUnsafeSlow(64 * 1024);

export const encode = (value: unknown): Uint8Array => packr.pack(value);

/** Throws on anything that is not one whole msgpack value; the caller checks the shape. */
export function decode(bytes: Uint8Array): unknown {
  if (bytes.length > desk.length) return packr.unpack(bytes);
  desk.set(bytes);
  return copying.unpack(desk, bytes.length);
}
