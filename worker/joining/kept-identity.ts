import { createHash } from "node:crypto";
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { isLoopback, loopback, ownAddresses, parseAddress } from "../../shared/broker/address.ts";
import { parsePin, pinText } from "../../shared/broker/pin.ts";
import { parseServerUrl, serverUrlText } from "../../shared/broker/server-url.ts";
import { isWorkerId, type WorkerId } from "../../shared/domain/names.ts";
import { readJsonFields, writeJsonFile } from "../../shared/machine/secret-file.ts";
import type { JoinLine } from "./join-line.ts";

/** Who this worker is in a workspace: its id, and the seed of the key it connects with, which never leaves the machine. */
export interface WorkerIdentity {
  readonly worker: WorkerId;
  readonly nkeySeed: string;
  /** What its server must show, `sha256=...`; undefined if it joined where the line did not say. */
  readonly pin?: string | undefined;
  /** `host:port` of its servers; undefined where the fingerprint says who they are, and in files of earlier versions. */
  readonly servers?: readonly string[] | undefined;
  /** Whether it has joined the workspace of this machine. */
  readonly isOwn?: true | undefined;
}

/** Where a line comes from. */
export interface Origin {
  /** It is that of the workspace on this machine. */
  readonly isOwnLine?: boolean | undefined;
  /** A person says that it leads to the workspace that the key is for: `--same-workspace`. */
  readonly isSameWorkspace?: boolean | undefined;
}

type Line = Pick<JoinLine, "url" | "pin">;

export const identityFile = (stateDir: string): string => join(stateDir, "identity.json");

export function readIdentity(stateDir: string): WorkerIdentity | undefined {
  const { worker, nkeySeed, pin, servers, isOwn } = readJsonFields(identityFile(stateDir));
  if (typeof worker !== "string" || !isWorkerId(worker) || typeof nkeySeed !== "string") return undefined;
  return {
    ...{ worker, nkeySeed, pin: typeof pin === "string" && parsePin(pin) ? pin : undefined },
    servers: Array.isArray(servers) ? servers.filter((each) => typeof each === "string") : undefined,
    isOwn: isOwn === true ? true : undefined,
  };
}

/**
 * Where the key may be shown: the line's URL, with only those servers that the key is for; undefined if it is for none.
 * Workspaces share names (`ws1`), and a server to which another's key is shown can relay that other server's challenge
 * and take over the session. Where no fingerprint tells servers apart, their addresses do.
 */
export function urlFor(
  kept: WorkerIdentity,
  line: Line,
  origin: Origin = {},
  own: readonly string[] = ownAddresses(),
): string | undefined {
  if (isVouchedFor(kept, origin)) return line.url;
  // Nothing is sent to a server with another fingerprint. The line of this machine's workspace never omits its own.
  if (kept.pin !== undefined && (line.pin ? kept.pin !== pinText(line.pin) : origin.isOwnLine)) return undefined;
  if (kept.servers === undefined || isOfOneWorkspace(kept.pin)) return line.url;
  const { scheme, servers, pin } = parseServerUrl(line.url);
  // Certified by an authority that the line does not name. A certificate is for a host, whatever the port.
  const isHostCertified = kept.pin !== undefined || (pin === undefined && scheme !== "nats");
  const hosts = new Set(isHostCertified ? kept.servers.map(hostOf) : []);
  const known = servers.flatMap((server) => {
    if (kept.servers?.includes(placeOf(server)) || hosts.has(hostOf(server))) return [server];
    const { host = "", port } = parseAddress(server) ?? {};
    return own.includes(host) && kept.servers?.includes(`localhost:${port}`) ? [`${loopback}:${port}`] : [];
  });
  return known.length === 0 ? undefined : serverUrlText({ scheme, servers: known, pin });
}

/** Whether the line leads to the key's workspace whatever server it names: then its fingerprint replaces the kept one. */
const isVouchedFor = ({ isOwn }: WorkerIdentity, { isOwnLine, isSameWorkspace }: Origin): boolean =>
  isSameWorkspace === true || (isOwnLine === true && isOwn === true);

/** The identity to keep: with the line's fingerprint, and those of the line's servers to which the key may be shown. */
export function toldBy(line: Line, identity: WorkerIdentity, origin: Origin = {}): WorkerIdentity {
  const before = isVouchedFor(identity, origin) ? undefined : identity.pin;
  const pin = line.pin ? pinText(line.pin) : before;
  const shownTo = parseServerUrl(urlFor(identity, line, origin) ?? line.url).servers.map(placeOf);
  const servers = isOfOneWorkspace(pin) ? undefined : [...new Set([...(identity.servers ?? []), ...shownTo])];
  return { ...identity, pin, servers, isOwn: origin.isOwnLine ? true : identity.isOwn };
}

/** Writes the identity. Another key that lies there is kept beside it, under a digest of that key. */
export function keepIdentity(stateDir: string, identity: WorkerIdentity): void {
  const file = identityFile(stateDir);
  const before = readIdentity(stateDir);
  if (before && before.nkeySeed !== identity.nkeySeed)
    copyFileSync(file, join(stateDir, `identity.${digestOf(before.nkeySeed)}.json`));
  writeJsonFile(file, identity);
}

/**
 * The folder of a worker. If the usual one holds the key for another server with a workspace of the same name, one
 * beside it, named after the line's server.
 */
export function folderFor(usual: string, line: Line, origin: Origin): { folder: string; joinsBeside?: WorkerIdentity } {
  const kept = readIdentity(usual);
  if (!kept || urlFor(kept, line, origin) !== undefined) return { folder: usual };
  const who = line.pin ? pinText(line.pin) : parseServerUrl(line.url).servers.map(placeOf).sort().join();
  const folder = `${usual}.${digestOf(who)}`;
  return existsSync(identityFile(folder)) ? { folder } : { folder, joinsBeside: kept };
}

const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 12);

/** Whether the fingerprint is of one workspace alone: an authority (`ca-sha256`) may sign for many. */
const isOfOneWorkspace = (pin: string | undefined): boolean => pin !== undefined && parsePin(pin)?.names === "any";

const hostOf = (server: string): string => (parseAddress(server)?.host ?? "").toLowerCase();

/** An address as it is kept. */
function placeOf(server: string): string {
  const { host = "", port } = parseAddress(server) ?? {};
  return isLoopback(host) ? `localhost:${port}` : server.toLowerCase();
}
