/** What a client knows of its server before it connects: the end of a join line, `#sha256=...`. */

import { createHash, type KeyObject } from "node:crypto";

/** A public key that the server must show. */
export interface Pin {
  /**
   * `any`: any server with this key, or a certificate signed with it, is accepted under any name: the key signs for one workspace
   * only. `named`: the key signs for others too, so the server's certificate must also name the host.
   */
  readonly names: "any" | "named";
  /** SHA-256 of the public key (its SubjectPublicKeyInfo), base64url. */
  readonly sha256: string;
}

const words = { any: "sha256", named: "ca-sha256" } as const;

export const fingerprintOf = (key: KeyObject): string =>
  createHash("sha256")
    .update(key.export({ type: "spki", format: "der" }))
    .digest("base64url");

/** `sha256=...`, as it follows the `#` of a line. */
export const pinText = ({ names, sha256 }: Pin): string => `${words[names]}=${sha256}`;

/** Reads `sha256=` or `ca-sha256=` and 32 bytes in base64 of either alphabet or in hexadecimal; undefined for anything else. */
export function parsePin(text: string): Pin | undefined {
  const [, word = "", digits = ""] = /^(ca-sha256|sha256)=([A-Za-z0-9+/_:-]+={0,2})$/.exec(text.trim()) ?? [];
  if (word === "") return undefined;
  const hex = digits.replaceAll(":", "");
  const bytes = Buffer.from(hex, /^[0-9A-Fa-f]{64}$/.test(hex) ? "hex" : "base64url");
  if (bytes.length !== 32) return undefined;
  return { names: word === words.any ? "any" : "named", sha256: bytes.toString("base64url") };
}

/** The beginning of a fingerprint, enough for a person to compare. */
export const shortPin = (sha256: string): string => `${sha256.slice(0, 12)}...`;
