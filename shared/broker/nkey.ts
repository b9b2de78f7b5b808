/** The texts of nkeys, which are Ed25519 keys, and signatures with them. */

import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, verify } from "node:crypto";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/** First byte of a user's public key; it makes the text begin with U. */
const userPrefix = 20 << 3;
/** Together with a user's prefix it makes a text begin with SU. */
const seedPrefix = 18 << 3;
const keyBytes = 35;
const seedBytes = 36;
const rawBytes = 32;

/** DER headers before the 32 bytes of a key, in the forms that node:crypto reads (RFC 8410). */
const privateForm = Buffer.from("302e020100300506032b657004220420", "hex");
const publicForm = Buffer.from("302a300506032b6570032100", "hex");

/**
 * Whether a text is the public nkey of a user: 56 characters of base 32 that hold a prefix, 32 bytes, and their checksum.
 *
 * nats-server refuses its whole list of users for one key with a wrong checksum, so nothing but this may enter the list.
 */
export const isUserPublicKey = (text: string): boolean => bytesOfKey(text) !== undefined;

/** The pair made from 32 secret bytes: a seed as the client takes it, "SU...", and the public key, "U...". */
export function userPair(secret: Uint8Array): { readonly seed: string; readonly publicKey: string } {
  if (secret.length !== rawBytes) throw new RangeError(`a key is made of ${rawBytes} bytes, not of ${secret.length}`);
  const head = [seedPrefix | (userPrefix >> 5), (userPrefix & 31) << 3];
  return { seed: textOf([...head, ...secret]), publicKey: textOf([userPrefix, ...publicBytes(privateKeyOf(secret))]) };
}

/** A new pair, whose seed nobody else has. */
export const newUserPair = (): { readonly seed: string; readonly publicKey: string } => userPair(randomBytes(rawBytes));

/** @param seed  "SU...", as in `userPair` @throws RangeError if it is damaged */
export const signAs = (seed: string, bytes: Uint8Array): Uint8Array => sign(null, bytes, privateKeyOf(secretOf(seed)));

/**
 * A key holder's answer to the server's nonce, in the form that the broker's client sends. The client's own code takes
 * 30 ms of CPU for it.
 */
export const answerTo = (nonce: string | undefined, seed: string): { readonly nkey: string; readonly sig: string } => ({
  nkey: userPair(secretOf(seed)).publicKey,
  sig: nonce ? Buffer.from(signAs(seed, Buffer.from(nonce))).toString("base64") : "",
});

/** The 32 bytes that a seed stands for. */
function secretOf(seed: string): Uint8Array {
  const read = /^[A-Z2-7]{58}$/.test(seed) ? fromBase32(seed, seedBytes) : undefined;
  if (!read || !hasChecksum(read)) throw new RangeError("a key's seed is damaged");
  return read.subarray(2, 2 + rawBytes);
}

/** Whether the holder of that user's key signed these bytes. */
export function isSignedBy(publicKey: string, bytes: Uint8Array, signature: Uint8Array): boolean {
  const raw = bytesOfKey(publicKey);
  if (!raw || signature.length !== 64) return false;
  const key = createPublicKey({ key: Buffer.concat([publicForm, raw]), format: "der", type: "spki" });
  return verify(null, bytes, key, signature);
}

/** The 32 bytes of a user's public key; undefined for any other text. */
function bytesOfKey(text: string): Uint8Array | undefined {
  if (!/^[A-Z2-7]{56}$/.test(text)) return undefined;
  const bytes = fromBase32(text, keyBytes);
  return bytes[0] === userPrefix && hasChecksum(bytes) ? bytes.subarray(1, 1 + rawBytes) : undefined;
}

const privateKeyOf = (secret: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([privateForm, secret]), format: "der", type: "pkcs8" });

const publicBytes = (key: KeyObject): Uint8Array =>
  createPublicKey(key).export({ format: "der", type: "spki" }).subarray(publicForm.length);

/** Some bytes and their checksum, in base 32. */
function textOf(bytes: readonly number[]): string {
  const sum = crc16(Uint8Array.from(bytes));
  let text = "";
  let bits = 0;
  let held = 0;
  for (const byte of [...bytes, sum & 0xff, sum >> 8]) {
    held = ((held << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet[(held >> bits) & 31];
    }
  }
  return bits === 0 ? text : text + alphabet[(held << (5 - bits)) & 31];
}

/** @param text  letters of the alphabet alone */
function fromBase32(text: string, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const letter of text) {
    held = ((held << 5) | alphabet.indexOf(letter)) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = (held >> bits) & 0xff;
  }
  return bytes;
}

const hasChecksum = (bytes: Buffer): boolean =>
  bytes.readUInt16LE(bytes.length - 2) === crc16(bytes.subarray(0, bytes.length - 2));

/** CRC-16/XMODEM: polynomial 0x1021, beginning with 0. */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc;
}
