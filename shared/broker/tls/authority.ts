/**
 * The workspace's own certificate authority. It signs the certificates of this workspace's servers and nothing else, so whoever
 * knows its key knows the server, under whatever address. Its key (`ca.key.pem`) goes to the peers and into backups with the
 * other secrets; the server's key never leaves its machine.
 */

import {
  createECDH,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  X509Certificate,
} from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BrokerError } from "../../errors.ts";
import { readIfThere, writeSecretFile } from "../../machine/secret-file.ts";
import type { WorkspacePaths } from "../../machine/workspace.ts";
import { addressBytes, writeCertificate } from "./certificate.ts";

/** What peers have in common, and nobody else has. */
export interface PeersSecret {
  readonly routeSecret: string;
  readonly cluster: string;
}

export interface Authority {
  readonly key: KeyObject;
  /** PEM. */
  readonly certificate: string;
}

/** Files for nats-server: a chain that begins with the server's certificate, its key, and the authority. */
export interface CertificateFiles {
  readonly chain: string;
  readonly key: string;
  readonly authority: string;
}

const dayMs = 86_400_000;
const authorityDays = 20 * 365;
/** An authority that is about to expire is reissued with the same key, which is what clients know. */
const authorityLeftDays = 2 * 365;
const serverDays = 365;
/** Renewed when less than a third is left: the guard looks hourly and at each start, so none shown has ended. */
const serverLeftDays = serverDays / 3;
/** Clocks differ: on a machine whose clock is slow, the certificate must be valid already. */
const backdatedDays = 1;

const curve = "prime256v1";

/** The workspace's authority, made at the first call. @throws BrokerError if its key is lost or damaged */
export function ensureAuthority(paths: WorkspacePaths, peers?: PeersSecret, now = Date.now()): Authority {
  const file = join(paths.secrets, "ca.pem");
  const keyFile = join(paths.secrets, "ca.key.pem");
  const kept = readIfThere(file);
  if (!existsSync(keyFile)) {
    if (kept !== undefined) throw keyTrouble(keyFile, file, "is missing");
    writeSecretFile(keyFile, newAuthorityKey(peers).export({ type: "pkcs8", format: "pem" }) as string);
  }
  const key = readKey(keyFile, file);
  if (kept !== undefined && isGood(kept, key, now)) return { key, certificate: kept };
  const certificate = writeCertificate({
    subject: `Nexus Swarm, workspace ${paths.name}`,
    publicKey: createPublicKey(key),
    issuer: { name: `Nexus Swarm, workspace ${paths.name}`, privateKey: key },
    notBefore: now - backdatedDays * dayMs,
    notAfter: now + authorityDays * dayMs,
  });
  writeSecretFile(file, certificate);
  return { key, certificate };
}

/**
 * This machine's server certificate, signed by the authority. It is kept while it is valid, at least a third of its year is left
 * and it names all of `names`, and is otherwise made anew, with a new key. Only the holder of the broker's lock may call this.
 */
export function ensureServerCertificate(
  paths: WorkspacePaths,
  names: readonly string[],
  peers?: PeersSecret,
  now = Date.now(),
): CertificateFiles {
  const authority = ensureAuthority(paths, peers, now);
  const files = {
    chain: join(paths.secrets, "server.pem"),
    key: join(paths.secrets, "server.key.pem"),
    authority: join(paths.secrets, "ca.pem"),
  };
  const kept = readIfThere(files.chain);
  const keptKey = readIfThere(files.key);
  if (kept && keptKey && isKept(kept, keptKey, names, authority, now)) return files;
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: curve });
  const certificate = writeCertificate({
    subject: `nats-server of workspace ${paths.name}`,
    publicKey,
    issuer: { name: `Nexus Swarm, workspace ${paths.name}`, privateKey: authority.key },
    notBefore: now - backdatedDays * dayMs,
    notAfter: now + serverDays * dayMs,
    names,
  });
  writeSecretFile(files.key, privateKey.export({ type: "pkcs8", format: "pem" }) as string);
  // Clients know the authority by its key's fingerprint, so the server shows the authority's certificate too.
  writeSecretFile(files.chain, certificate + authority.certificate);
  return files;
}

function isKept(chain: string, keyText: string, names: readonly string[], authority: Authority, now: number): boolean {
  if (!chain.endsWith(authority.certificate)) return false;
  try {
    const certificate = new X509Certificate(chain);
    const { subjectAltName = "" } = certificate;
    const named = new Set(subjectAltName.split(", ").map(nameKey));
    return (
      Date.parse(certificate.validFrom) <= now &&
      Date.parse(certificate.validTo) - now > serverLeftDays * dayMs &&
      certificate.verify(createPublicKey(authority.key)) &&
      certificate.checkPrivateKey(createPrivateKey(keyText)) &&
      names.every((name) => named.has(nameKey(name)))
    );
  } catch {
    return false; // damaged: made anew
  }
}

/** `DNS:lab`, `IP Address:FD00:0:0:...` and a bare name or address in one form. */
function nameKey(text: string): string {
  const name = text.replace(/^(DNS|IP Address):/, "");
  return /^[\d.]+$|:/.test(name) ? addressBytes(name).toString("hex") : name.toLowerCase();
}

/** Not one of the future: it was made before the clock was set right, and others do not believe it yet. */
function isGood(certificate: string, key: KeyObject, now: number): boolean {
  try {
    const read = new X509Certificate(certificate);
    const isOfNow = Date.parse(read.validFrom) <= now && Date.parse(read.validTo) > now + authorityLeftDays * dayMs;
    return isOfNow && read.checkPrivateKey(key);
  } catch {
    return false;
  }
}

function readKey(keyFile: string, file: string): KeyObject {
  try {
    return createPrivateKey(readFileSync(keyFile, "utf8"));
  } catch {
    throw keyTrouble(keyFile, file, "is damaged: expected a private key as PEM");
  }
}

const keyTrouble = (keyFile: string, file: string, what: string): BrokerError =>
  new BrokerError(
    `${keyFile} ${what}; take it from a backup of the workspace's secrets, or, for a new authority, delete ${file} and ${keyFile}: ` +
      "then every worker elsewhere must be started once with the new line and --same-workspace",
  );

function newAuthorityKey(peers: PeersSecret | undefined): KeyObject {
  return peers
    ? derivedKey(peers.routeSecret, peers.cluster)
    : generateKeyPairSync("ec", { namedCurve: curve }).privateKey;
}

/** Order of the group of P-256 (SEC 2). */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/**
 * Peers that were invited before there was TLS have a secret in common but no authority. Each derives the same key from it, so
 * that they trust each other without another invitation.
 */
export function derivedKey(secret: string, cluster: string): KeyObject {
  // 16 bytes more than the order has, so that no key is likelier than another.
  const bytes = Buffer.from(
    hkdfSync("sha256", secret, cluster, "nexus-swarm: the authority of a workspace with peers", 48),
  );
  const scalar = (BigInt(`0x${bytes.toString("hex")}`) % (order - 1n)) + 1n;
  const d = Buffer.from(scalar.toString(16).padStart(64, "0"), "hex");
  const ecdh = createECDH(curve);
  ecdh.setPrivateKey(d);
  const point = ecdh.getPublicKey();
  const word = (part: Buffer): string => part.toString("base64url");
  const jwk = { kty: "EC", crv: "P-256", d: word(d), x: word(point.subarray(1, 33)), y: word(point.subarray(33)) };
  return createPrivateKey({ key: jwk, format: "jwk" });
}
