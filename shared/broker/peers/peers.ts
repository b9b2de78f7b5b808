import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { UsageError } from "../../errors.ts";
import { readJsonFields, writeJsonFile } from "../../machine/secret-file.ts";
import { type WorkspacePaths, workspaceFlags } from "../../machine/workspace.ts";
import { addressText } from "../address.ts";
import { serverUrlText } from "../server-url.ts";
import { peersPin } from "../tls/door.ts";

/** One machine of a workspace that lives on several. */
export interface Peer {
  /** Its server's name in the cluster: one machine's disk. A machine that comes back with an empty disk is another peer. */
  readonly id: string;
  /** As the others and the workers reach it. */
  readonly host: string;
  /** For clients. */
  readonly port: number;
  /** For the other peers' servers. */
  readonly routePort: number;
}

export interface SharedPeers {
  readonly version: 1;
  /** The cluster's name, made once. */
  readonly cluster: string;
  /** Goes up when a peer is replaced; the list with the higher one counts. */
  readonly generation: number;
  readonly peers: readonly Peer[];
  /** Password of the servers among themselves. */
  readonly routeSecret: string;
  /** Password of user `system`, who may take a dead peer out of the cluster. */
  readonly systemPassword: string;
}

/** The shared part, and which of the peers this machine is; `secrets/peers.json`, 0600. */
export interface PeersFile extends SharedPeers {
  readonly self: string;
  /** What this machine listens on: its own address, or `0.0.0.0`. */
  readonly bind: string;
  /** This machine makes the streams; the others wait, so that none creates an empty stream that another is about to fill. */
  readonly makesStreams: boolean;
  /** Where the workspace went when it left these peers for good. */
  readonly moved?: string;
  /** Path of the packed workspace from which the streams are still to be filled. */
  readonly fill?: string;
}

export const systemUser = "system";

/** How many peers must be up for anything to be stored. */
export const quorumOf = (peers: readonly Peer[]): number => Math.floor(peers.length / 2) + 1;

/** For a client on a peer: the server on its own machine first, then the others. */
export function peerUrls(paths: WorkspacePaths, file: PeersFile): string {
  const { peers, self } = file;
  const own = peers.filter(({ id }) => id === self);
  const others = peers.filter(({ id }) => id !== self);
  const pin = peersPin(paths, file);
  const servers = [...own, ...others].map(addressText);
  return serverUrlText({ scheme: pin === null ? "nats" : "tls", servers, pin: pin ?? undefined });
}

/** Where a coordinator on that peer says it runs: a peer's id stands for one machine's disk. */
export const peerHost = (id: string): string => `peer ${id}`;

/** Undefined if the workspace lives on this machine alone. @throws UsageError if the file is damaged */
export function readPeers(paths: WorkspacePaths): PeersFile | undefined {
  if (!existsSync(paths.peers)) return undefined;
  const fields: unknown = readJsonFields(paths.peers);
  if (isPeersFile(fields)) return fields;
  throw new UsageError(
    `${paths.peers} is damaged: expected the peers as nexus-coord wrote them; copy the invitation again: nexus peers invite${workspaceFlags(paths.name)}, on another peer`,
  );
}

export const writePeers = (paths: WorkspacePaths, file: PeersFile): void => writeJsonFile(paths.peers, file, 2);

export const selfOf = (file: PeersFile): Peer => {
  const self = file.peers.find(({ id }) => id === file.self);
  if (!self) throw new Error(`peers.json names this machine ${file.self}, which is not among its peers`);
  return self;
};

/** Makes the secrets that peers share. */
export function newPeers(workspace: string, peers: readonly Peer[]): SharedPeers {
  const secret = (): string => randomBytes(32).toString("base64url");
  return {
    version: 1,
    cluster: `${workspace}-${randomBytes(4).toString("hex")}`,
    generation: 1,
    peers,
    routeSecret: secret(),
    systemPassword: secret(),
  };
}

export function sharedPart(file: PeersFile): SharedPeers {
  const { version, cluster, generation, peers, routeSecret, systemPassword } = file;
  return { version, cluster, generation, peers, routeSecret, systemPassword };
}

function isPeersFile(value: unknown): value is PeersFile {
  if (!isSharedPeers(value)) return false;
  const { self, bind, makesStreams } = value as Partial<PeersFile>;
  return typeof self === "string" && typeof bind === "string" && typeof makesStreams === "boolean";
}

export function isSharedPeers(value: unknown): value is SharedPeers {
  if (typeof value !== "object" || value === null) return false;
  const { version, cluster, generation, peers, routeSecret, systemPassword } = value as Record<string, unknown>;
  const texts = [cluster, routeSecret, systemPassword].every((field) => typeof field === "string" && field !== "");
  return version === 1 && texts && Number.isSafeInteger(generation) && Array.isArray(peers) && peers.every(isPeer);
}

export function isPeer(value: unknown): value is Peer {
  if (typeof value !== "object" || value === null) return false;
  const { id, host, port, routePort } = value as Record<string, unknown>;
  const texts = [id, host].every((field) => typeof field === "string" && field !== "");
  return texts && Number.isInteger(port) && Number.isInteger(routePort);
}
