/**
 * Marks by which coordinators recognise what coordinators wrote. Whoever may read the streams can have the broker store a
 * message's copy, headers included, under another subject; its rights alone never prove who wrote a message (seen with
 * nats-server 2.10.27). A mark fits one message at one place, and takes a key that only coordinators have.
 */

import { createHmac, createSecretKey, type KeyObject } from "node:crypto";

export const secretBytes = 32;
export const sealBytes = 32;

/** A key of the workspace, and the journal's sequence from which on it holds. */
export interface SealKey {
  readonly from: number;
  readonly journal: KeyObject;
  readonly entries: KeyObject;
  /** Signs orders that would start a program on a coordinator's machine (broker/access/search-proof.ts). */
  readonly searches: KeyObject;
}

export function sealKey(secret: Uint8Array, from: number): SealKey {
  const part = (what: string): KeyObject => createSecretKey(createHmac("sha256", secret).update(what).digest());
  return { from, journal: part("journal seals"), entries: part("entry seals"), searches: part("own searches") };
}

/**
 * The seal of a message of the journal: HMAC-SHA256 over subject, sequence and bytes, 43 characters.
 *
 * @param seq  where the message is stored
 */
export const journalSeal = ({ journal }: SealKey, subject: string, seq: number, data: Uint8Array): string =>
  createHmac("sha256", journal).update(`${subject}\0${seq}\0`).update(data).digest("base64url");

/** The seal of an entry of the bucket. */
export const entrySeal = ({ entries }: SealKey, name: string, value: Uint8Array): Uint8Array =>
  createHmac("sha256", entries).update(`${name}\0`).update(value).digest();
