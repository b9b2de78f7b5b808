import { createHash, hkdfSync, randomBytes } from "node:crypto";
import { userPair } from "../nkey.ts";

/**
 * The secret part of a join line, `J1-t34k2o-...`: a mark, the minute in which it expires, 144 random bits, and a check of what
 * was typed. A key pair is derived from the whole text. The broker, the journal and everybody else know only the public half, so
 * a code is never sent anywhere, and a message is known to come from somebody who holds it.
 */

const minuteMs = 60_000;
const form = /^J1-([0-9a-z]{6})-([\w-]{24})([\w-]{4})$/;
/** Codes of versions up to 0.1, which were a password of the broker's user `enrol` and never expired. */
const oldForm = /^[\w-]{24}$/;

/** The public part of a code. */
export interface InviteIdentity {
  /** Names the invitation in lists, and its subject: `enrol.<id>`. */
  readonly id: string;
  /** An nkey user, "U...". */
  readonly publicKey: string;
}

/** A code's key pair; `seed` is as secret as the code. */
export interface InviteKey extends InviteIdentity {
  readonly seed: string;
}

/** @param expiresAt  wall-clock milliseconds; the code keeps whole minutes, rounded up */
export function newInviteCode(expiresAt: number): string {
  const minute = Math.ceil(expiresAt / minuteMs)
    .toString(36)
    .padStart(6, "0");
  const start = `J1-${minute}-${randomBytes(18).toString("base64url")}`;
  return start + checkOf(start);
}

/** The invitation whose line a coordinator shows. */
export interface ShownInvite {
  readonly publicKey: string;
  /** Wall-clock milliseconds. */
  readonly expiresAt: number;
  /** Host name of the machine whose coordinator shows it. */
  readonly line: string;
}

/**
 * The invitation to show now: the last one, or a new one if that runs low or is over.
 *
 * @param now  wall-clock milliseconds
 */
export type ShowInvite = (now: number, isOver: (invite: string) => boolean) => ShownInvite;

type ReadCode =
  | { readonly kind: "code"; readonly expiresAt: number }
  /** A code of an earlier version. */
  | { readonly kind: "old" }
  /** Cut off, mistyped, or no code at all. */
  | { readonly kind: "damaged" };

export function readInviteCode(code: string): ReadCode {
  const [, minute = ""] = form.exec(code) ?? [];
  if (minute !== "" && code.endsWith(checkOf(code.slice(0, -4)))) {
    return { kind: "code", expiresAt: Number.parseInt(minute, 36) * minuteMs };
  }
  return { kind: oldForm.test(code) ? "old" : "damaged" };
}

export function inviteKey(code: string): InviteKey {
  if (derived?.code === code) return derived.key;
  const secret = new Uint8Array(hkdfSync("sha256", code, "", "nexus-swarm invitation 1", 32));
  const { seed, publicKey } = userPair(secret);
  derived = { code, key: { id: inviteIdOf(publicKey), publicKey, seed } };
  return derived.key;
}

/** The last key derived: a coordinator asks for its own twice a second, and deriving it takes half a millisecond. */
let derived: { readonly code: string; readonly key: InviteKey } | undefined;

/** Short enough to type; two invitations of a workspace never share one. */
export function inviteIdOf(publicKey: string): string {
  const digest = createHash("sha256").update(publicKey).digest();
  return [...digest.subarray(0, 8)].map((byte) => "abcdefghijkmnpqrstuvwxyz23456789"[byte & 31]).join("");
}

export const isInviteId = (text: string): boolean => /^[a-z2-9]{8}$/.test(text);

const checkOf = (start: string): string => createHash("sha256").update(start).digest("base64url").slice(0, 4);
