import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeCertificate } from "../../../shared/broker/tls/certificate.ts";
import { temporaryFolder } from "../cleanup.ts";

export interface CertificateOnDisk {
  /** Paths of PEM files. */
  readonly cert: string;
  readonly key: string;
  /** PEM. */
  readonly text: string;
}

const dayMs = 86_400_000;

/** A certificate from outside the workspace. Without an issuer it is self-signed; without names it is an authority. */
export function certificateOnDisk(
  options: { issuer?: CertificateOnDisk; names?: readonly string[]; days?: number; subject?: string } = {},
): CertificateOnDisk {
  const { issuer, names, days = 30, subject = names === undefined ? "an authority" : "a server" } = options;
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const folder = temporaryFolder();
  const files = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
  const now = Date.now();
  const text = writeCertificate({
    subject,
    publicKey,
    names,
    issuer: issuer ? { name: "an authority", privateKey: keyOf(issuer) } : { name: subject, privateKey },
    notBefore: now - 60 * dayMs,
    notAfter: now + days * dayMs,
  });
  writeFileSync(files.cert, text);
  writeFileSync(files.key, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  return { ...files, text };
}

const keyOf = ({ key }: CertificateOnDisk): KeyObject => createPrivateKey(readFileSync(key));
