import { X509Certificate } from "node:crypto";
import { createRequire } from "node:module";
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import type { ConnectionOptions, PeerCertificate, TLSSocket } from "node:tls";
import { fingerprintOf, type Pin, shortPin } from "../../pin.ts";

/** `node:tls` takes 17 ms to load (Node 24), and connections within one machine are not encrypted. */
const tls = (): typeof import("node:tls") => createRequire(import.meta.url)("node:tls");

/** What a connection trusts. It learns: once it has seen the certificate that a pin means, it keeps it. */
export interface Trust {
  /** Undefined: the authorities that this machine knows, or `authority`. */
  readonly pin: Pin | undefined;
  /** PEM: the only authority to believe. Without a pin it signs for others too, so names count. */
  authority: string | undefined;
}

/**
 * `other key`: the server shows another fingerprint than the one that is known. `certificate`: its certificate is not
 * valid, or not for this host.
 */
export type Distrust = "other key" | "unknown authority" | "plain text" | "certificate";

/** The server is not the one that was meant, or does not encrypt. Nothing was said to it. The message is for people. */
export class DistrustError extends Error {
  override readonly name = "DistrustError";
  readonly kind: Distrust;

  constructor(kind: Distrust, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/**
 * Secures an open connection to a server that is believed. The first time that a pin turns out to mean an authority,
 * this sends nothing, ends the connection, and returns `undefined`: `trust` then knows the authority, and the next
 * connection is checked against it.
 *
 * @param name  the name or address under which the server was reached, for certificates that must name it
 * @throws DistrustError
 */
export async function secure(socket: Duplex, name: string, trust: Trust): Promise<TLSSocket | undefined> {
  const { pin } = trust;
  const servername = isIP(name) === 0 ? name : "";
  if (!pin || trust.authority !== undefined) {
    return shakeHands(socket, {
      servername,
      // Not the client's own default, which compares with "localhost" where the server was reached by its address.
      checkServerIdentity: (_, certificate) =>
        pin?.names === "any" ? undefined : tls().checkServerIdentity(name, certificate),
      ...(trust.authority === undefined ? {} : { ca: trust.authority }),
    });
  }
  const seen = await shakeHands(socket, { servername, rejectUnauthorized: false });
  const chain = chainOf(seen.getPeerCertificate(true));
  const [server] = chain;
  const found = chain.find((each) => fingerprintOf(each.publicKey) === pin.sha256);
  if (server && found === server && pin.names === "any") {
    // The handshake has proved that it owns this key.
    if (Date.parse(server.validTo) > Date.now()) return seen;
    seen.destroy();
    throw new DistrustError("certificate", `its certificate ended on ${server.validTo}`);
  }
  seen.destroy();
  if (found) {
    trust.authority = found.toString();
    return undefined;
  }
  const shown = chain.at(-1);
  throw new DistrustError(
    "other key",
    `it shows the fingerprint ${shown ? shortPin(fingerprintOf(shown.publicKey)) : "of nobody"}, not ${shortPin(pin.sha256)}: ` +
      "another server answers there, or its workspace has a new authority; nothing was sent to it",
  );
}

function shakeHands(socket: Duplex, options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    let failure: Error | undefined;
    const secured = tls().connect({ ...options, socket }, () => {
      secured.removeAllListeners();
      resolve(secured);
    });
    secured.on("error", (error) => {
      failure = error;
    });
    secured.on("close", () => reject(distrusted(failure)));
  });
}

/** OpenSSL's reasons for which a person must do something; any other failure is a connection that was lost. */
const reasons: Readonly<Record<string, readonly [Distrust, string]>> = {
  SELF_SIGNED_CERT_IN_CHAIN: [
    "unknown authority",
    "a private authority signed its certificate, which this machine does not know",
  ],
  DEPTH_ZERO_SELF_SIGNED_CERT: [
    "unknown authority",
    "it signed its certificate itself, so this machine does not know it",
  ],
  UNABLE_TO_GET_ISSUER_CERT: [
    "unknown authority",
    "an authority signed its certificate that this machine does not know",
  ],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: [
    "unknown authority",
    "an authority signed its certificate that this machine does not know",
  ],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [
    "unknown authority",
    "an authority signed its certificate that this machine does not know",
  ],
  CERT_SIGNATURE_FAILURE: ["unknown authority", "its certificate was not signed by the authority that it names"],
  CERT_HAS_EXPIRED: ["certificate", "its certificate has ended"],
  CERT_NOT_YET_VALID: ["certificate", "its certificate is not valid yet; is this machine's clock right?"],
  ERR_TLS_CERT_ALTNAME_INVALID: ["certificate", "its certificate is for another name"],
};

function distrusted(failure: Error | undefined): Error {
  if (!failure) return new Error("the connection ended during the TLS handshake");
  const { code = "" } = failure as NodeJS.ErrnoException;
  const reason = reasons[code];
  return reason === undefined ? failure : new DistrustError(...reason, { cause: failure });
}

/** The chain as the server showed it: its own certificate first. */
function chainOf(first: PeerCertificate): X509Certificate[] {
  const chain: X509Certificate[] = [];
  // An authority is its own issuer.
  for (let each: PeerCertificate | undefined = first; each?.raw && chain.length < 10; each = issuerOf(each)) {
    chain.push(new X509Certificate(each.raw));
  }
  return chain;
}

function issuerOf(certificate: PeerCertificate): PeerCertificate | undefined {
  const { issuerCertificate } = certificate as { issuerCertificate?: PeerCertificate };
  return issuerCertificate === certificate ? undefined : issuerCertificate;
}
