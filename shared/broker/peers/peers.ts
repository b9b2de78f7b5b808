import { randomBytes } from "node:crypto";
import { lookup } from "node:dns/promises";
import { existsSync, readFileSync } from "node:fs";
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { UsageError } from "../../errors.ts";
import { readJsonFile, type WorkspacePaths, writeSecretFile } from "../../machine/workspace.ts";
import { hostInUrl } from "../server/broker-info.ts";

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

/** What all peers share, and which of them this machine is; `secrets/peers.json`, 0600. */
export interface PeersFile {
  readonly version: 1;
  /** The cluster's name, made once. */
  readonly cluster: string;
  /** Raised when a peer is replaced; the higher list counts. */
  readonly generation: number;
  readonly peers: readonly Peer[];
  readonly self: string;
  /** What this machine listens on: its own address, or `0.0.0.0`. */
  readonly bind: string;
  /** This machine makes the streams, the others wait for them: so that none starts empty what another is about to fill. */
  readonly makesStreams: boolean;
  /** Password of the servers among themselves. */
  readonly routeSecret: string;
  /** Where the workspace went when it left these peers for good. */
  readonly moved?: string;
  /** Path of the packed workspace that the streams are still to be filled from. */
  readonly fill?: string;
  /** Password of user `system`, who may take a dead peer out of the cluster. */
  readonly systemPassword: string;
}

export const systemUser = "system";
const defaultPort = 4222;
/** NATS's own habit: clients on 4222, servers among themselves on 6222. */
const routePortAbove = 2000;
const examples = "--peers lab1,lab2,lab3 or --peers lab1:4222,lab2:4222,lab3:4300";

/** How many peers must be up for anything to be stored. */
export const quorumOf = (peers: readonly Peer[]): number => Math.floor(peers.length / 2) + 1;

export const peerAddress = ({ host, port }: Pick<Peer, "host" | "port">): string => `${hostInUrl(host)}:${port}`;

/** For a client: the named peer first, then the others. */
export function peerUrls({ peers, self }: Pick<PeersFile, "peers" | "self">): string {
  const [own, others] = [peers.filter(({ id }) => id === self), peers.filter(({ id }) => id !== self)];
  return [...own, ...others].map((peer) => `nats://${peerAddress(peer)}`).join(",");
}

/** How a coordinator that leads on that peer says where it runs: the peer's id is one machine's disk. */
export const peerHost = (id: string): string => `peer ${id}`;

/** Undefined where the workspace lives on this machine alone. @throws UsageError when the file was damaged */
export function readPeers(paths: WorkspacePaths): PeersFile | undefined {
  if (!existsSync(paths.peers)) return undefined;
  const value = readJsonFile(paths.peers);
  if (isPeersFile(value)) return value;
  throw new UsageError(
    `${paths.peers} is damaged: expected the peers as nexus-coord wrote them; copy the invitation again: nexus peers invite, on another peer`,
  );
}

export function writePeers(paths: WorkspacePaths, file: PeersFile): void {
  writeSecretFile(paths.peers, `${JSON.stringify(file, null, 2)}\n`);
}

export const selfOf = (file: PeersFile): Peer => {
  const self = file.peers.find(({ id }) => id === file.self);
  if (!self) throw new Error(`peers.json names this machine ${file.self}, which is not among its peers`);
  return self;
};

/** Reads `lab1,lab2:4300,[fd00::3]:4222`. @throws UsageError that says what is wrong with it */
export function parsePeerList(text: string): Peer[] {
  const peers = text.split(",").map((part) => parsePeer(part.trim()));
  if (peers.length !== 3 && peers.length !== 5) {
    throw new UsageError(
      `--peers ${text}: names ${peers.length}; expected 3 machines, of which any one may fail, or 5, of which any two may; ${examples}`,
    );
  }
  const seen = new Set<string>();
  for (const peer of peers) {
    const address = peerAddress(peer);
    if (seen.has(address)) throw new UsageError(`--peers ${text}: names ${address} twice; expected different machines`);
    seen.add(address);
  }
  return peers;
}

export function parsePeer(text: string): Peer {
  const [, bracketed, plain, digits] = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = digits === undefined ? defaultPort : Number(digits);
  // Above 63535 there is no room for the port of the servers among themselves.
  if (host === undefined || port < 1 || port + routePortAbove > 65_535) {
    throw new UsageError(`"${text}" is no peer; expected host or host:port with a port from 1 to 63535; ${examples}`);
  }
  const id = `${host.replace(/[^A-Za-z0-9]+/g, "-")}-${randomBytes(4).toString("hex")}`;
  return { id, host, port, routePort: port + routePortAbove };
}

/**
 * Which of the peers this machine is: the one that `--listen` names, or else the only one whose name leads to an address of
 * this machine.
 */
export async function findSelf(
  peers: readonly Peer[],
  listen: { readonly host: string; readonly port: number } | undefined,
): Promise<{ self: Peer; bind: string }> {
  if (listen) {
    const named = peers.find(({ host, port }) => host === listen.host && port === listen.port);
    if (named) return { self: named, bind: listen.host };
  }
  const here: Peer[] = [];
  for (const peer of peers) if (await isHere(peer.host)) here.push(peer);
  const [self, ...more] = here.filter(({ port }) => listen === undefined || port === listen.port);
  const list = peers.map(peerAddress).join(", ");
  const one = peers[0] ? peerAddress(peers[0]) : "lab1:4222";
  if (!self) {
    throw new UsageError(
      `none of the peers (${list}) is this machine, as far as its addresses say; say which one it is, for example --listen ${one}`,
    );
  }
  if (more.length > 0) {
    throw new UsageError(
      `several of the peers (${list}) are this machine; say which one this is, for example --listen ${one}`,
    );
  }
  // A machine's own name often leads to a loopback address on itself, so a name is bound to all addresses.
  return { self, bind: listen?.host ?? (isIP(self.host) ? self.host : "0.0.0.0") };
}

async function isHere(host: string): Promise<boolean> {
  const own = Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address));
  try {
    const found = await lookup(host, { all: true });
    return found.some(({ address }) => own.includes(address) || address.startsWith("127."));
  } catch {
    // A name that this machine cannot look up is another's.
    return false;
  }
}

/** What a machine needs to become a peer: one line, as secret as the workspace's passwords. */
export interface Invitation {
  readonly workspace: string;
  readonly peers: Omit<PeersFile, "self" | "bind" | "makesStreams" | "moved" | "fill">;
  readonly files: readonly { readonly name: string; readonly text: string }[];
}

const invitationPrefix = "nexus-peers:";

export function writeInvitation(invitation: Invitation): string {
  return invitationPrefix + Buffer.from(JSON.stringify(invitation)).toString("base64url");
}

/** Reads what `--peers-join` was given: the line itself, the name of a file that holds it, or `-` for standard input. */
export function readInvitation(given: string): Invitation {
  const text = given.startsWith(invitationPrefix) ? given : readLine(given);
  const expected = `expected the line that nexus-coord --peers printed, "${invitationPrefix}...", or a file that holds it`;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(text.slice(invitationPrefix.length), "base64url").toString("utf8"));
  } catch (cause) {
    throw new UsageError(`--peers-join: the line is incomplete or was changed; ${expected}`, { cause });
  }
  const { workspace, peers, files } = (value ?? {}) as Partial<Invitation>;
  if (typeof workspace !== "string" || !isShared(peers) || !Array.isArray(files)) {
    throw new UsageError(`--peers-join: the line is incomplete or was changed; ${expected}`);
  }
  return { workspace, peers, files };
}

function readLine(file: string): string {
  try {
    const text = readFileSync(file === "-" ? 0 : file, "utf8").trim();
    const line = text.split(/\s+/).find((word) => word.startsWith(invitationPrefix));
    if (line !== undefined) return line;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(
      `--peers-join ${file.slice(0, 60)}: neither an invitation ("${invitationPrefix}...") nor a file that can be read (${why})`,
      { cause },
    );
  }
  throw new UsageError(`--peers-join ${file}: holds no line that begins with ${invitationPrefix}`);
}

/** Makes the secrets that peers share. */
export function newPeers(workspace: string, peers: readonly Peer[]): Invitation["peers"] {
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

/** The part of the file that is the same on every peer. */
export function sharedPart(file: PeersFile): Invitation["peers"] {
  const { version, cluster, generation, peers, routeSecret, systemPassword } = file;
  return { version, cluster, generation, peers, routeSecret, systemPassword };
}

function isPeersFile(value: unknown): value is PeersFile {
  if (!isShared(value)) return false;
  const { self, bind, makesStreams } = value as Record<string, unknown>;
  return typeof self === "string" && typeof bind === "string" && typeof makesStreams === "boolean";
}

function isShared(value: unknown): value is Invitation["peers"] {
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
