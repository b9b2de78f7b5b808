import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { BrokerError, messageOf } from "../../errors.ts";
import { isLoopback } from "../address.ts";
import { fingerprintOf, type Pin } from "../pin.ts";
import type { GivenFiles } from "./tls-settings.ts";

/** Certificates from the files of `--tls-cert`, `--tls-key` and `--tls-ca`, which were checked to match. */
export interface GivenCertificate {
  /** PEM: the server's certificate first, then what leads to the authority, and the authority where it was given. */
  readonly chain: string;
  readonly key: string;
  /** For programs on this machine, which connect under names that the certificate may not have. */
  readonly localPin: Pin;
  /** For the join line; undefined if the authority is one that every machine knows. */
  readonly pin: Pin | undefined;
  /** The names and addresses that it names, without patterns; undefined if names do not matter. */
  readonly names: readonly string[] | undefined;
}

/** @throws BrokerError that names the file, what is wrong with it, and what was expected */
export function readGiven({ cert, key: keyFile, ca }: GivenFiles, now = Date.now()): GivenCertificate {
  const chain = readCertificates("--tls-cert", cert);
  const [server] = chain;
  if (!server) throw new BrokerError(`--tls-cert ${cert}: holds no certificate; expected PEM, the server's first`);
  const keyText = read("--tls-key", keyFile);
  if (!server.checkPrivateKey(readKey(keyText, keyFile))) {
    throw new BrokerError(
      `--tls-key ${keyFile}: is not the key of the first certificate in ${cert} (${subjectOf(server)}); expected the key that belongs to it`,
    );
  }
  checkDates("--tls-cert", cert, server, now);
  const authorities = ca === null ? [] : readCertificates("--tls-ca", ca);
  if (ca !== null && authorities.length === 0) {
    throw new BrokerError(`--tls-ca ${ca}: holds no certificate; expected the authority's as PEM`);
  }
  const path = ca === null ? chain : [...pathFrom(server, chain.slice(1))];
  const authority = ca === null ? undefined : issuerOf(path.at(-1), authorities);
  if (ca !== null && !authority) {
    throw new BrokerError(
      `--tls-ca ${ca}: did not sign ${cert}; expected the certificate of ${oneLine(path.at(-1)?.issuer ?? "")}`,
    );
  }
  if (ca !== null && authority) checkDates("--tls-ca", ca, authority, now);
  const localPin: Pin = { names: "any", sha256: fingerprintOf(server.publicKey) };
  const isAlone = isSelfSigned(server);
  return {
    chain: [...new Set([...path, ...(authority ? [authority] : [])].map(String))].join(""),
    key: keyText,
    localPin,
    pin: isAlone ? localPin : authority && { names: "named", sha256: fingerprintOf(authority.publicKey) },
    names: isAlone ? undefined : namesOf(server),
  };
}

/** PEM of the authorities in the file of `--tls-ca`, for a client. @throws BrokerError */
export function readAuthorityFile(file: string, now = Date.now()): string {
  const [first, ...others] = readCertificates("--tls-ca", file);
  if (!first) throw new BrokerError(`--tls-ca ${file}: holds no certificate; expected the authority's as PEM`);
  checkDates("--tls-ca", file, first, now);
  return [first, ...others].map(String).join("");
}

/** The server's certificate, then the issuer of each, as far as they are given. */
function pathFrom(server: X509Certificate, others: readonly X509Certificate[]): X509Certificate[] {
  const path = [server];
  for (let left = others.length; left > 0; left -= 1) {
    const next = issuerOf(path.at(-1), others);
    if (!next || path.includes(next)) break;
    path.push(next);
  }
  return path;
}

const issuerOf = (of: X509Certificate | undefined, among: readonly X509Certificate[]): X509Certificate | undefined =>
  of && among.find((each) => of.checkIssued(each) && of.verify(each.publicKey));

function namesOf({ subjectAltName = "" }: X509Certificate): string[] {
  const names = subjectAltName
    .split(", ")
    .flatMap((each) => /^(?:DNS|IP Address):([A-Za-z0-9.:-]+)$/.exec(each)?.[1] ?? []);
  return names.filter((name) => !isLoopback(name));
}

const isSelfSigned = (certificate: X509Certificate): boolean =>
  certificate.subject === certificate.issuer && certificate.verify(certificate.publicKey);

function checkDates(option: string, file: string, { validFrom, validTo }: X509Certificate, now: number): void {
  if (Date.parse(validTo) <= now)
    throw new BrokerError(`${option} ${file}: ended on ${dayOf(validTo)}; expected a certificate that is valid today`);
  if (Date.parse(validFrom) > now)
    throw new BrokerError(
      `${option} ${file}: is valid only from ${dayOf(validFrom)} on; expected a certificate that is valid today, or is this machine's clock wrong?`,
    );
}

const dayOf = (date: string): string => new Date(date).toISOString().slice(0, 10);

function readCertificates(option: string, file: string): X509Certificate[] {
  const text = read(option, file);
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (cause) {
    throw new BrokerError(`${option} ${file}: holds a damaged certificate; expected PEM`, { cause });
  }
}

function readKey(text: string, file: string): KeyObject {
  if (/ENCRYPTED/.test(text)) {
    throw new BrokerError(
      `--tls-key ${file}: is encrypted, and nats-server cannot ask for its password; expected a private key in plain PEM, mode 0600`,
    );
  }
  try {
    return createPrivateKey(text);
  } catch (cause) {
    throw new BrokerError(`--tls-key ${file}: holds no private key that can be read; expected PEM`, { cause });
  }
}

function read(option: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new BrokerError(`${option} ${file}: cannot be read (${messageOf(cause)})`, { cause });
  }
}

const subjectOf = ({ subject, subjectAltName }: X509Certificate): string => oneLine(subjectAltName ?? subject);

/** A certificate's own words, which may hold anything. */
const oneLine = (text: string): string => text.replace(/[^\x20-\x7e]+/g, ", ").slice(0, 200);
