import { Packr } from "msgpackr";
import { type MessageLimits, MessageReader } from "./reader.ts";

/** msgpackr with plain maps, which any MessagePack decoder reads: shared structures would need state on both sides. */
const packr = new Packr({ useRecords: false });

/**
 * Small messages are copied here to be read, and the values read share no memory with it. Making a view of each
 * message would take a third of the time of reading it (2026-11-25).
 */
const desk = Buffer.alloc(64 * 1024);
const deskReader = new MessageReader(desk, true);

export const encode = (value: unknown): Uint8Array => packr.pack(value);

/**
 * Decodes one whole MessagePack value within the limits; the caller checks its shape.
 *
 * @throws BadMessage on anything but plain values within the limits
 */
export function decode(bytes: Uint8Array, limits?: MessageLimits): unknown {
  const { length } = bytes;
  if (length > desk.length) {
    const large = Buffer.from(bytes.buffer, bytes.byteOffset, length);
    return new MessageReader(large, false).read(length, limits);
  }
  desk.set(bytes);
  return deskReader.read(length, limits);
}
