/**
 * Seals by which coordinators recognise what coordinators wrote. Whoever may read the streams can make the broker store
 * a copy of a message, headers included, under another subject, so the broker's rights alone never prove who wrote a
 * message (seen with nats-server 2.10.27). A seal fits one message at one place, and needs a key that only coordinators
 * have.
 */

import { createHmac, createSecretKey, type KeyObject } from "node:crypto";

export const secretBytes = 32;
export const sealBytes = 32;

/** The keys of the workspace, and the journal's sequence from which they hold. */
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
 * @param seq  the sequence at which the message is stored
 */
export const journalSeal = ({ journal }: SealKey, subject: string, seq: number, data: Uint8Array): string =>
  createHmac("sha256", journal).update(`${subject}\0${seq}\0`).update(data).digest("base64url");

/** The seal of an entry of the bucket: HMAC-SHA256 over name and value, 32 bytes. */
export const entrySeal = ({ entries }: SealKey, name: string, value: Uint8Array): Uint8Array =>
  createHmac("sha256", entries).update(`${name}\0`).update(value).digest();
