/**
 * A command's way to the workspace's broker, which may be of any kind.
 *
 * The floors of this room, each of which imports only those above it:
 *   address.ts   how addresses are written, who answers there;  install/  nats-server on this machine
 *   client/      messages and streams over one connection of the NATS client
 *   store/       what a workspace keeps: streams, journal, snapshots, and what is missing
 *   peers/       a workspace on several machines
 *   access/      who may do what: the server's accounts, passwords
 *   server/      the broker's own process: who needs it, its guard, where it listens
 *   this file
 *   copies/      backups, and stores made of others
 */

import { existsSync, readdirSync } from "node:fs";
import { BrokerError, UnreachableError } from "../errors.ts";
import { type WorkspacePaths, workspaceFlags } from "../machine/workspace.ts";
import { BusError } from "../ports.ts";
import { pause } from "../time/deadline.ts";
import { streams } from "../wire/subjects.ts";
import { inboxPrefix } from "./access/accounts.ts";
import { livingSecret, orderKeyAt, type Role, readCredentialsFile, readRoleSecret } from "./access/credentials.ts";
import { SigningBus } from "./access/signing-bus.ts";
import type { CoordinatorBus } from "./client/bus.ts";
import { type BusCredentials, connectBus } from "./client/connect.ts";
import { distrustAdvice } from "./client/distrust-advice.ts";
import { mayPass, streamInfo } from "./client/jetstream-api.ts";
import { askedAs, type LocalNames, readersNames } from "./client/local-names.ts";
import { keptStreams } from "./peers/cluster.ts";
import { peersTrouble } from "./peers/peer-probe.ts";
import { type PeersFile, peerUrls, readPeers } from "./peers/peers.ts";
import { type BrokerInfo, runningBroker } from "./server/broker-info.ts";
import type { ExternalBroker } from "./server/external-broker.ts";
import { takeCensus } from "./server/holders.ts";
import { holdBroker } from "./server/server.ts";
import { type Seals, sealsForReading } from "./store/seal-file.ts";
import { SealedBus } from "./store/sealed-bus.ts";
import { checkStore, checkStoreThere } from "./store/store-check.ts";
import { readAuthorityFile } from "./tls/given-certificate.ts";

export interface WorkspaceLink {
  readonly bus: CoordinatorBus;
  readonly url: string;
  /** Closes the connection, and stops the broker if it was started for this link. */
  close(): Promise<void>;
}

export interface LinkOptions {
  /** Start a broker even if there is no store yet. */
  readonly makeStore?: boolean;
  /** Do not complain about a damaged store: the caller examines it. */
  readonly unchecked?: boolean;
}

/**
 * Connects a command to its workspace with a role's rights. If there is a store but no broker, one is started for this command
 * and stopped by `close`. One that only reading commands hold is held by this command too. A workspace with peers is reached
 * through any of them.
 *
 * @throws UnreachableError if there is neither a broker nor a store; StoreDamagedError if the store lost something
 */
export async function linkWorkspace(
  paths: WorkspacePaths,
  role: Role,
  external: ExternalBroker | null = null,
  options: LinkOptions = {},
): Promise<WorkspaceLink> {
  const link = await reachWorkspace(paths, role, external, options);
  if (external || options.unchecked) return link;
  try {
    await checkStore(link.bus, paths);
    return link;
  } catch (error) {
    await link.close();
    if (!(error instanceof BusError)) throw error;
    throw new UnreachableError(`the broker of workspace ${paths.name} does not answer: ${error.message}; try again`, {
      cause: error,
    });
  }
}

async function reachWorkspace(
  paths: WorkspacePaths,
  role: Role,
  external: ExternalBroker | null,
  options: LinkOptions,
): Promise<WorkspaceLink> {
  if (external) return linkTo(paths, external.url, credentialsOf(external), role);
  const peers = readPeers(paths);
  if (peers) return linkPeers(paths, peers, role);
  const running = runningBroker(paths);
  if (running?.trouble === null && staysUp(paths, running)) return linkHere(paths, running.url, role);
  if (!hasStore(paths) && !options.makeStore) {
    checkStoreThere(paths);
    throw new UnreachableError(
      `workspace ${paths.name} has no coordinator and no store on this machine (${paths.dir})\n` +
        `  start one: nexus-coord${workspaceFlags(paths.name)}\n  or name another workspace: --workspace NAME`,
    );
  }
  const held = await holdBroker(paths, { kind: "reader" });
  try {
    return await linkHere(paths, held.url, role, () => held.release());
  } catch (error) {
    await held.release();
    throw error;
  }
}

/**
 * Whether the broker stays up without us: for a coordinator, or for the restart of one that died. One that only other reading
 * commands hold ends with the last of them.
 */
const staysUp = (paths: WorkspacePaths, { lingers }: BrokerInfo): boolean =>
  lingers || takeCensus(paths).living.some(({ kind }) => kind === "coordinator");

/** Links with the workspace's own secrets. */
async function linkHere(
  paths: WorkspacePaths,
  url: string,
  role: Role,
  release?: () => Promise<void>,
): Promise<WorkspaceLink> {
  if (role === "coordinator") return linkTo(paths, url, livingSecret(paths, role), role, release);
  try {
    return await linkTo(paths, url, livingSecret(paths, `here-${role}`), role, release);
  } catch (error) {
    // A server that an earlier version started, or another peer still runs, does not know that user.
    if (!(error instanceof BrokerError && error.cause instanceof BusError && error.cause.reason === "refused"))
      throw error;
    return linkTo(paths, url, readRoleSecret(paths, role), role, release);
  }
}

async function linkTo(
  paths: WorkspacePaths,
  url: string,
  credentials: BusCredentials,
  role: Role,
  release: () => Promise<void> = async () => undefined,
): Promise<WorkspaceLink> {
  const key = role === "operator" ? orderKeyAt(paths, credentials) : undefined;
  const sealed = withSeals(await connectAs(url, credentials, role), sealsForReading(paths));
  const bus = key ? new SigningBus(sealed, () => orderKeyAt(paths, credentials) ?? key) : sealed;
  return { bus, url, close: () => bus.close().then(release) };
}

/** Links through any server that answers. Starts none: a single peer stores and answers nothing. */
async function linkPeers(paths: WorkspacePaths, file: PeersFile, role: Role): Promise<WorkspaceLink> {
  if (file.moved !== undefined) throw new UnreachableError(`workspace ${paths.name} ${file.moved}`);
  const trouble = await peersTrouble(file.peers);
  if (trouble !== undefined) throw new UnreachableError(`workspace ${paths.name} ${trouble}`);
  const link = await linkHere(paths, peerUrls(paths, file), role);
  try {
    await untilLed(link.bus, paths, file);
    return link;
  } catch (error) {
    await link.close();
    throw error;
  }
}

/** Twice the longest election of a leader seen, on a busy machine. */
const ledWithinMs = 30_000;
const askAgainMs = 250;
const askEachMs = 1500;

/** After a peer has died, the others elect a leader, and answer nothing until they have one. */
async function untilLed(bus: CoordinatorBus, paths: WorkspacePaths, file: PeersFile): Promise<void> {
  const limit = performance.now() + ledWithinMs;
  for (;;) {
    try {
      // A stream without a leader answers nothing.
      await Promise.all(keptStreams.map((name) => streamInfo(bus, name, askEachMs)));
      return;
    } catch (error) {
      if (!mayPass(error)) throw error;
      if (performance.now() > limit) {
        const why = (await peersTrouble(file.peers)) ?? "does not answer: its peers are electing a leader; try again";
        throw new UnreachableError(`workspace ${paths.name} ${why}`, { cause: error });
      }
    }
    await pause(askAgainMs);
  }
}

/** The same bus with the workspace's seals, if this machine has its keys. */
export const withSeals = (bus: CoordinatorBus, seals: Seals | undefined): CoordinatorBus =>
  seals ? new SealedBus(bus, seals) : bus;

/** Connects to a broker with a role's rights. @throws BrokerError if it refuses them, UnreachableError if it is not there */
export async function connectAs(url: string, credentials: BusCredentials, role: Role): Promise<CoordinatorBus> {
  const options = { url, credentials, name: `nexus ${role}`, inbox: inboxPrefix(credentials.user ?? role) };
  try {
    if (credentials.user !== "operator" && credentials.user !== "viewer") return await connectBus(options);
    const bus = await connectBus({ ...options, names: readersNames });
    if (await knows(bus, readersNames)) return bus;
    await bus.close();
    return await connectBus(options);
  } catch (cause) {
    if (cause instanceof BusError && cause.reason === "refused") {
      throw new BrokerError(`${cause.message}; check --creds, or the files in the workspace's secrets folder`, {
        cause,
      });
    }
    if (!(cause instanceof BusError)) throw cause;
    const hasAuthority = credentials.authority !== undefined;
    const advice =
      cause.reason === "not trusted" ? `\n${distrustAdvice(cause, { as: "address", url, hasAuthority })}` : "";
    throw new UnreachableError(`${cause.message}${advice}`, { cause });
  }
}

/**
 * Whether this account uses our subject names. A server that others run may have users of the same names in a single
 * account.
 */
async function knows(bus: CoordinatorBus, names: LocalNames): Promise<boolean> {
  const question = askedAs(`$JS.API.STREAM.INFO.${streams.journal}`, names);
  for (let left = knowsTries; ; left -= 1) {
    try {
      await bus.request(question, new Uint8Array(), knowsWithinMs);
      return true;
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      if (error.reason === "refused" || (error.reason === "nobody answered" && left === 1)) return false;
      if (left === 1 || error.reason === "closed") throw error;
    }
    await pause(askAgainMs);
  }
}

const knowsTries = 3;
const knowsWithinMs = 2000;

export function credentialsOf({ credentialsFile, caFile }: Omit<ExternalBroker, "url">): BusCredentials {
  const believed = caFile === null ? {} : { authority: readAuthorityFile(caFile) };
  if (credentialsFile === null) return believed;
  const read = readCredentialsFile(credentialsFile);
  const shown = read.kind === "creds" ? { credsText: read.text } : { user: read.user, password: read.password };
  return { ...shown, ...believed };
}

const hasStore = (paths: WorkspacePaths): boolean => existsSync(paths.store) && readdirSync(paths.store).length > 0;
