import { Packr } from "msgpackr";
import { type ScanLimits, scan } from "./scan.ts";

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
/** How much of the desk the message before has left: it is wiped, so that no message can be read into the next one. */
let used = 0;

export const encode = (value: unknown): Uint8Array => packr.pack(value);

/**
 * One whole MessagePack value, scanned before it is decoded; the caller checks its shape.
 *
 * @throws BadMessage on anything but plain values within the limits
 */
export function decode(bytes: Uint8Array, limits?: ScanLimits): unknown {
  scan(bytes, limits);
  if (bytes.length > desk.length) return packr.unpack(bytes);
  desk.set(bytes);
  if (used > bytes.length) desk.fill(0, bytes.length, used);
  used = bytes.length;
  return copying.unpack(desk, bytes.length);
}
