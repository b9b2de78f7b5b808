import { createHash } from "node:crypto";
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { isLoopback, parseAddress } from "../../shared/broker/address.ts";
import { parsePin, pinText } from "../../shared/broker/pin.ts";
import { parseServerUrl } from "../../shared/broker/server-url.ts";
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
}

type Line = Pick<JoinLine, "url" | "pin">;

export const identityFile = (stateDir: string): string => join(stateDir, "identity.json");

export function readIdentity(stateDir: string): WorkerIdentity | undefined {
  const { worker, nkeySeed, pin, servers } = readJsonFields(identityFile(stateDir));
  if (typeof worker !== "string" || !isWorkerId(worker) || typeof nkeySeed !== "string") return undefined;
  return {
    ...{ worker, nkeySeed, pin: typeof pin === "string" && parsePin(pin) ? pin : undefined },
    servers: Array.isArray(servers) ? servers.filter((each) => typeof each === "string") : undefined,
  };
}

/**
 * Whether this line leads to the server that the key is for. Workspaces share names (`ws1`), and a server that is shown the key of
 * another can pass on that one's challenge and take over the session. Where no fingerprint tells servers apart, their addresses do.
 */
export function isFor(kept: WorkerIdentity, line: Line, isOwnLine = false): boolean {
  if (kept.pin !== undefined && line.pin && kept.pin !== pinText(line.pin)) return false;
  // A server that does not show the kept fingerprint hears nothing.
  if (isOwnLine || kept.servers === undefined || isOfOneWorkspace(kept.pin)) return true;
  return serversOf(line).every((server) => kept.servers?.includes(server));
}

/** The identity with what the line says of the server, to be kept. */
export function toldBy(line: Line, identity: WorkerIdentity): WorkerIdentity {
  const pin = line.pin ? pinText(line.pin) : identity.pin;
  const servers = isOfOneWorkspace(pin) ? undefined : [...new Set([...(identity.servers ?? []), ...serversOf(line)])];
  return { ...identity, pin, servers };
}

/** Keeps it; another key that lies there stays beside it, by the name of its worker's key. */
export function keepIdentity(stateDir: string, identity: WorkerIdentity): void {
  const file = identityFile(stateDir);
  const before = readIdentity(stateDir);
  if (before && before.nkeySeed !== identity.nkeySeed)
    copyFileSync(file, join(stateDir, `identity.${digestOf(before.nkeySeed)}.json`));
  writeJsonFile(file, identity);
}

/**
 * The folder of a worker whose usual one may hold the key for another server of the same workspace's name: then one beside it, by the
 * server of the line.
 */
export function folderFor(
  usual: string,
  line: Line,
  isOwnLine: boolean,
): { folder: string; joinsBeside?: WorkerIdentity } {
  const kept = readIdentity(usual);
  if (!kept || isFor(kept, line, isOwnLine)) return { folder: usual };
  const who = line.pin ? pinText(line.pin) : serversOf(line).sort().join();
  const folder = `${usual}.${digestOf(who)}`;
  return existsSync(identityFile(folder)) ? { folder } : { folder, joinsBeside: kept };
}

const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 12);

/** A `ca-sha256` may sign for many. */
const isOfOneWorkspace = (pin: string | undefined): boolean => pin !== undefined && parsePin(pin)?.names === "any";

const serversOf = ({ url }: Line): string[] =>
  parseServerUrl(url).servers.map((server) => {
    const { host = "", port } = parseAddress(server) ?? {};
    return isLoopback(host) ? `localhost:${port}` : server.toLowerCase();
  });
