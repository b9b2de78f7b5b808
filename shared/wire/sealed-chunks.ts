/**
 * Bytes cut into sealed pieces that fit in the broker's messages. Every worker may read every message of the BLOB
 * stream, because direct gets cannot be restricted per worker (seen with nats-server 2.10.27). So pieces are sealed
 * with a key that travels only in assignments and evidence, which other workers cannot read.
 */

import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import * as check from "./check.ts";
import { BadMessage } from "./check.ts";

/** Most bytes of a sealed piece, which is one message. */
export const chunkBytes = 256 * 1024;
export const keyBytes = 32;
const algorithm = "aes-256-gcm";
const nonceBytes = 12;
const tagBytes = 16;
/** Bytes of content in one piece; only the last has fewer. */
export const contentBytes = chunkBytes - nonceBytes - tagBytes;

/** What is needed to open the pieces, besides the key. */
export interface SealedSum {
  /** Bytes before sealing. */
  readonly size: number;
  /** SHA-256 of the bytes before sealing, 64 lower-case hexadecimal digits. */
  readonly sha256: string;
  /** Number of pieces. */
  readonly chunks: number;
}

export const newKey = (): Uint8Array => randomBytes(keyBytes);

export const sealingKey: check.Check<Uint8Array> = (value, at) => {
  const key = check.bytes(value, at);
  if (key.length !== keyBytes) throw new BadMessage(`${at}: expected ${keyBytes} bytes`);
  return key;
};

/** The number of pieces for this many bytes; 0 for none. */
export const chunkCount = (size: number): number => Math.ceil(size / contentBytes);

export const sha256Of = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/**
 * Cuts bytes and seals them with AES-256-GCM: each piece is a nonce of 12 random bytes, the sealed bytes, and a tag of
 * 16 bytes. A piece's place and the number of pieces are authenticated too, so that none can be moved, left out or
 * added. One key serves for all blobs of a run: random nonces repeat only after some 2^48 pieces.
 */
export function sealChunks(
  bytes: Uint8Array,
  key: Uint8Array,
): { readonly chunks: Uint8Array[]; readonly sum: SealedSum } {
  const count = chunkCount(bytes.length);
  const chunks = Array.from({ length: count }, (_, i) =>
    sealPiece(bytes.subarray(i * contentBytes, (i + 1) * contentBytes), key, i, count),
  );
  return { chunks, sum: { size: bytes.length, sha256: sha256Of(bytes), chunks: count } };
}

/** Seals a copy of one piece, for content that is never whole in memory. `i` counts from 0. */
export function sealPiece(content: Uint8Array, key: Uint8Array, i: number, count: number): Uint8Array {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, key, nonce).setAAD(placeOf(i, count));
  return Buffer.concat([nonce, cipher.update(content), cipher.final(), cipher.getAuthTag()]);
}

/**
 * Opens all pieces and checks that their content is what was sealed.
 *
 * @throws BadMessage if a piece is missing, damaged, out of place or sealed with another key, or the sum differs
 */
export function open(chunks: readonly Uint8Array[], key: Uint8Array, sum: SealedSum): Uint8Array {
  if (chunks.length !== sum.chunks || sum.chunks !== chunkCount(sum.size)) {
    throw new BadMessage(`expected ${sum.chunks} pieces of ${sum.size} bytes, found ${chunks.length}`);
  }
  const parts = chunks.map((chunk, i) => openPiece(chunk, key, i, chunks.length));
  const bytes = Buffer.concat(parts);
  checkSum(bytes.length, sha256Of(bytes), sum);
  return bytes;
}

/** Compares all opened pieces together with what was sealed. @throws BadMessage if they differ */
export function checkSum(size: number, sha256: string, sum: SealedSum): void {
  if (size !== sum.size) throw new BadMessage(`expected ${sum.size} bytes, found ${size}`);
  if (sha256 !== sum.sha256) throw new BadMessage(`expected bytes with SHA-256 ${sum.sha256}, found ${sha256}`);
}

/** The content of piece `i`, from 0. @throws BadMessage if it is damaged, out of place or sealed with another key */
export function openPiece(chunk: Uint8Array, key: Uint8Array, i: number, count: number): Buffer {
  if (chunk.length <= nonceBytes + tagBytes || chunk.length > chunkBytes) {
    throw new BadMessage(`piece ${i + 1} of ${count} has ${chunk.length} bytes`);
  }
  const end = chunk.length - tagBytes;
  try {
    const decipher = createDecipheriv(algorithm, key, chunk.subarray(0, nonceBytes)).setAAD(placeOf(i, count));
    decipher.setAuthTag(chunk.subarray(end));
    return Buffer.concat([decipher.update(chunk.subarray(nonceBytes, end)), decipher.final()]);
  } catch (cause) {
    throw new BadMessage(`piece ${i + 1} of ${count} is damaged, out of place or sealed with another key`, { cause });
  }
}

function placeOf(i: number, count: number): Uint8Array {
  const place = Buffer.alloc(8);
  place.writeUInt32BE(i, 0);
  place.writeUInt32BE(count, 4);
  return place;
}
