/**
 * How a leader recognises an order: a MAC over subject, order and reign, with a key derived from the operator's
 * password. Others can make the broker send a message on `op.<user>`, but they lack the key. A copy of a true order is
 * refused by every other reign; within a reign, an order's id is carried out once.
 */

import { createHash, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from "node:crypto";
import { withField, withoutField } from "./trailing-field.ts";

export type OrderKey = KeyObject;

/** Length of the id that names a reign in orders; nobody can tell the id before that reign begins. */
export const reignIdBytes = 16;
const macBytes = 32;
const reignField = "reign";
const macField = "proof";

export const orderKey = (password: string): OrderKey =>
  createSecretKey(createHmac("sha256", password).update("order proofs").digest());

/** The id of a reign. @param nonce  a text that nobody can guess */
export const reignId = (nonce: string): Uint8Array =>
  createHash("sha256").update(nonce).digest().subarray(0, reignIdBytes);

/** Used by a sender that knows no reign yet: the answer names the current one. */
export const unknownReign: Uint8Array = new Uint8Array(reignIdBytes);

/** The order with its proof; a leader of an earlier version reads it as before. */
export function signOrder(order: Uint8Array, subject: string, reign: Uint8Array, key: OrderKey): Uint8Array {
  const named = withField(order, reignField, reign);
  return withField(named, macField, macOf(named, subject, key));
}

/** The reign for which an order was signed, or why the order proves nothing. */
export function provenReign(order: Uint8Array, subject: string, key: OrderKey): Uint8Array | "unsigned" | "wrong key" {
  const signed = withoutField(order, macField, macBytes);
  const named = signed && withoutField(signed.rest, reignField, reignIdBytes);
  if (!signed || !named) return "unsigned";
  return timingSafeEqual(macOf(signed.rest, subject, key), signed.value) ? named.value : "wrong key";
}

const macOf = (order: Uint8Array, subject: string, key: OrderKey): Uint8Array =>
  createHmac("sha256", key).update(`${subject}\0`).update(order).digest();
