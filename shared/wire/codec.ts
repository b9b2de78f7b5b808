import { Packr } from "msgpackr";
import { plainView, type ScanLimits, scan } from "./scan.ts";

/** msgpackr with plain maps: shared structures would need state on both sides, and `new Unpackr()` makes Maps. */
const plain = { useRecords: false, mapsAsObjects: true } as const;
const packr = new Packr(plain);
/** Its values share no memory with the bytes that they were read from. */
const copying = new Packr({ ...plain, copyBuffers: true });

/**
 * Messages are copied here to be read: msgpackr attaches a DataView to all bytes that it reads. For small messages that takes a
 * third of the time, and the view lives as long as the bytes (2026-11-25).
 */
const desk = Buffer.alloc(64 * 1024);
const scanned = plainView(desk);
/** How much of the desk the message before has left: it is wiped, so that no message can be read into the next one. */
let used = 0;

export const encode = (value: unknown): Uint8Array => packr.pack(value);

/**
 * One whole MessagePack value, scanned before it is decoded; the caller checks its shape.
 *
 * @throws BadMessage on anything but plain values within the limits
 */
export function decode(bytes: Uint8Array, limits?: ScanLimits): unknown {
  const { length } = bytes;
  if (length > desk.length) {
    scan(plainView(bytes), limits);
    // As the desk is one: msgpackr's loops are slower by half once they have seen bytes of two types.
    return packr.unpack(Buffer.from(bytes.buffer, bytes.byteOffset, length));
  }
  scanned.set(bytes);
  if (used > length) scanned.fill(0, length, used);
  used = length;
  scan(scanned, limits, length);
  return copying.unpack(desk, length);
}
