/** Writes X.509 certificates (RFC 5280) with ECDSA P-256 keys: node:crypto reads certificates but cannot write them. */

import { createHash, createPublicKey, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIP } from "node:net";
import * as der from "./der.ts";

export interface CertificateFields {
  /** What the certificate is called. */
  readonly subject: string;
  readonly publicKey: KeyObject;
  /** The issuer; for an authority, itself. */
  readonly issuer: { readonly name: string; readonly privateKey: KeyObject };
  /** Milliseconds of the wall clock. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Host names and addresses of a server; undefined: the certificate is an authority's. */
  readonly names?: readonly string[] | undefined;
}

const ids = {
  commonName: "2.5.4.3",
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  subjectKey: "2.5.29.14",
  keyUsage: "2.5.29.15",
  alternativeNames: "2.5.29.17",
  constraints: "2.5.29.19",
  authorityKey: "2.5.29.35",
  extendedUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
} as const;

/** A certificate as PEM. */
export function writeCertificate(fields: CertificateFields): string {
  const { subject, publicKey, issuer, notBefore, notAfter, names } = fields;
  const algorithm = der.sequence(der.oid(ids.ecdsaWithSha256));
  const serial = randomBytes(16);
  const content = der.sequence(
    der.tagged(0, der.integer(Buffer.of(2))), // version 3
    der.integer(serial),
    algorithm,
    nameOf(issuer.name),
    der.sequence(der.time(notBefore), der.time(notAfter)),
    nameOf(subject),
    spkiOf(publicKey),
    der.tagged(
      3,
      der.sequence(
        ...(names === undefined ? authorityExtensions() : serverExtensions(names)),
        extension(ids.subjectKey, der.octets(keyId(publicKey))),
        extension(ids.authorityKey, der.sequence(der.implicit(0, keyId(createPublicKey(issuer.privateKey))))),
      ),
    ),
  );
  const signature = sign("sha256", content, { key: issuer.privateKey, dsaEncoding: "der" });
  return pem("CERTIFICATE", der.sequence(content, algorithm, der.bits(signature)));
}

function authorityExtensions(): Buffer[] {
  // It signs servers, and no further authorities.
  const constraints = der.sequence(der.boolean(true), der.integer(Buffer.of(0)));
  const signsCertificates = der.bits(Buffer.of(0b0000_0100), 2);
  return [extension(ids.constraints, constraints, true), extension(ids.keyUsage, signsCertificates, true)];
}

function serverExtensions(names: readonly string[]): Buffer[] {
  const signs = der.bits(Buffer.of(0b1000_0000), 7);
  // Peers' servers are each other's clients.
  const usages = der.sequence(der.oid(ids.serverAuth), der.oid(ids.clientAuth));
  return [
    extension(ids.constraints, der.sequence(), true),
    extension(ids.keyUsage, signs, true),
    extension(ids.extendedUsage, usages),
    extension(ids.alternativeNames, der.sequence(...names.map(alternativeName))),
  ];
}

const extension = (id: string, content: Buffer, isCritical = false): Buffer =>
  der.sequence(der.oid(id), ...(isCritical ? [der.boolean(true)] : []), der.octets(content));

const nameOf = (text: string): Buffer => der.sequence(der.set(der.sequence(der.oid(ids.commonName), der.utf8(text))));

const alternativeName = (name: string): Buffer =>
  isIP(name) === 0 ? der.implicit(2, Buffer.from(name, "latin1")) : der.implicit(7, addressBytes(name));

/** The 4 or 16 bytes of an address. */
export function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split(".").map(Number));
  // URL writes an address in one form, without an IPv4 part.
  const [before = "", after] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const groups = (text: string | undefined): string[] => (text ? text.split(":") : []);
  const [left, right] = [groups(before), groups(after)];
  const all = [...left, ...Array<string>(8 - left.length - right.length).fill("0"), ...right];
  return Buffer.concat(all.map((group) => Buffer.from(group.padStart(4, "0"), "hex")));
}

const spkiOf = (key: KeyObject): Buffer => key.export({ type: "spki", format: "der" });

/** What tells the keys of one subject apart (RFC 7093). */
const keyId = (key: KeyObject): Buffer => createHash("sha256").update(spkiOf(key)).digest().subarray(0, 20);

export function pem(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
