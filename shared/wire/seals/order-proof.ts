/**
 * How a leader recognises an order: a MAC with a key derived from the operator's password, over subject, order and reign. Whoever
 * may make the broker send a message on `op.<user>` has no such key, and a copy of a true order is obeyed by no other reign;
 * within a reign, the order's id is carried out once.
 */

import { createHash, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from "node:crypto";
import { withField, withoutField } from "./trailing-field.ts";

export type OrderKey = KeyObject;

/** What names a reign in orders: nobody can tell it before that reign begins. */
export const reignIdBytes = 16;
const macBytes = 32;
const reignField = "reign";
const macField = "proof";

export const orderKey = (password: string): OrderKey =>
  createSecretKey(createHmac("sha256", password).update("order proofs").digest());

/** @param nonce  that nobody can guess */
export const reignId = (nonce: string): Uint8Array =>
  createHash("sha256").update(nonce).digest().subarray(0, reignIdBytes);

/** For a sender that has not heard of any reign yet: the answer names the present one. */
export const unknownReign: Uint8Array = new Uint8Array(reignIdBytes);

/** The order with its proof; a leader of an earlier version reads it as before. */
export function signOrder(order: Uint8Array, subject: string, reign: Uint8Array, key: OrderKey): Uint8Array {
  const named = withField(order, reignField, reign);
  return withField(named, macField, macOf(named, subject, key));
}

/** For which reign an order was signed; or why it proves nothing. */
export function provenReign(order: Uint8Array, subject: string, key: OrderKey): Uint8Array | "unsigned" | "wrong key" {
  const signed = withoutField(order, macField, macBytes);
  const named = signed && withoutField(signed.rest, reignField, reignIdBytes);
  if (!signed || !named) return "unsigned";
  return timingSafeEqual(macOf(signed.rest, subject, key), signed.value) ? named.value : "wrong key";
}

const macOf = (order: Uint8Array, subject: string, key: OrderKey): Uint8Array =>
  createHmac("sha256", key).update(`${subject}\0`).update(order).digest();
