import { X509Certificate } from "node:crypto";
import { hostname } from "node:os";
import { join } from "node:path";
import { writeSecretFile } from "../../machine/secret-file.ts";
import type { WorkspacePaths } from "../../machine/workspace.ts";
import { isLoopback, isOnAll, reachableAddresses } from "../address.ts";
import { fingerprintOf, type Pin } from "../pin.ts";
import { type CertificateFiles, ensureAuthority, ensureServerCertificate, type PeersSecret } from "./authority.ts";
import { readGiven } from "./given-certificate.ts";
import { rememberedTls, type TlsSettings } from "./tls-settings.ts";

/** What nats-server shows to the network, and how clients know it. */
export interface Door {
  /** Files of the listener for clients; undefined: plain text. */
  readonly clients: Pick<CertificateFiles, "chain" | "key"> | undefined;
  /** Files of the listener for WebSockets, if there is one. */
  readonly webSockets: Pick<CertificateFiles, "chain" | "key"> | undefined;
  /** Files of the servers among themselves; undefined: plain text, or no peers. */
  readonly routes: CertificateFiles | undefined;
  /** What programs on this machine know the server by. */
  readonly localPin: Pin | undefined;
  /** What other machines know it by; undefined: by an authority that all machines know, or it is plain text. */
  readonly pin: Pin | undefined;
  /** The only names under which other machines believe it; undefined: any. */
  readonly names: readonly string[] | undefined;
}

/** A workspace's peers, as far as a door needs them. */
interface Peers extends PeersSecret {
  readonly self: string;
  readonly peers: readonly { readonly id: string; readonly host: string }[];
}

/** Whether the workspace's clients speak TLS: beyond this machine they do, unless it was forbidden. */
function isEncrypted(settings: TlsSettings, host: string, peers: Pick<Peers, "peers"> | undefined): boolean {
  if (settings.insecure) return false;
  if (settings.files) return true;
  return peers ? !peers.peers.every((peer) => isLoopback(peer.host)) : !isLoopback(host);
}

/**
 * Makes or checks the certificates and writes the files that the server reads. Only the holder of the broker's lock may call this.
 *
 * @throws BrokerError that says what is wrong with files that were given
 */
export function openDoor(paths: WorkspacePaths, settings: TlsSettings, host: string, peers: Peers | undefined): Door {
  const encrypts = isEncrypted(settings, host, peers);
  if (!encrypts && !settings.wss) {
    return {
      clients: undefined,
      webSockets: undefined,
      routes: undefined,
      localPin: undefined,
      pin: undefined,
      names: undefined,
    };
  }
  const own = (): CertificateFiles => ensureServerCertificate(paths, namesHere(host, settings, peers), peers);
  const routes = peers && encrypts ? own() : undefined;
  if (settings.files) {
    const { chain, key, localPin, pin, names } = readGiven(settings.files);
    const files = { chain: join(paths.secrets, "given.pem"), key: join(paths.secrets, "given.key.pem") };
    writeSecretFile(files.key, key);
    writeSecretFile(files.chain, chain);
    return { clients: files, webSockets: settings.wss ? files : undefined, routes, localPin, pin, names };
  }
  const files = routes ?? own();
  const pin = authorityPin(paths, peers);
  const webSockets = settings.wss ? files : undefined;
  return { clients: encrypts ? files : undefined, webSockets, routes, localPin: pin, pin, names: undefined };
}

/** What clients of a workspace with peers know its servers by; null: they speak plain text. */
export function peersPin(paths: WorkspacePaths, peers: Peers): Pin | undefined | null {
  const settings = rememberedTls(paths);
  if (!isEncrypted(settings, "", peers)) return null;
  return settings.files ? readGiven(settings.files).pin : authorityPin(paths, peers);
}

/** What clients know the workspace's own authority by. */
function authorityPin(paths: WorkspacePaths, peers: PeersSecret | undefined): Pin {
  const { certificate } = ensureAuthority(paths, peers);
  return { names: "any", sha256: fingerprintOf(new X509Certificate(certificate).publicKey) };
}

/** Every name and address under which this machine may be reached. */
function namesHere(host: string, { wss }: TlsSettings, peers: Peers | undefined): string[] {
  const listening = [host, ...(wss ? [wss.host] : [])].filter((each) => !isOnAll(each));
  const asPeer = (peers?.peers ?? []).filter(({ id }) => id === peers?.self).map((peer) => peer.host);
  const all = [hostname(), "localhost", "127.0.0.1", "::1", ...reachableAddresses(), ...listening, ...asPeer];
  return [...new Set(all)].filter(
    (name) => name.includes(":") || /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(name),
  );
}
