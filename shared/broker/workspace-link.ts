import { existsSync, readdirSync } from "node:fs";
import { pause } from "../deadline.ts";
import { BrokerError, UnreachableError } from "../errors.ts";
import { type WorkspacePaths, workspaceFlags } from "../machine/workspace.ts";
import { BusError } from "../ports.ts";
import { inboxPrefix } from "./access/accounts.ts";
import { type Role, readCredentialsFile, readRoleSecret } from "./access/credentials.ts";
import type { CoordinatorBus } from "./client/bus.ts";
import { type BusCredentials, connectBus } from "./client/connect.ts";
import { mayPass, streamInfo } from "./client/jetstream-api.ts";
import { keptStreams } from "./peers/cluster.ts";
import { peersTrouble } from "./peers/peer-probe.ts";
import { type PeersFile, peerUrls, readPeers } from "./peers/peers.ts";
import { runningBroker } from "./server/broker-info.ts";
import type { ExternalBroker } from "./server/external-broker.ts";
import { holdBroker } from "./server/server.ts";
import { checkStore, checkStoreThere } from "./store/store-check.ts";

/** A connection to the workspace's broker, and what undoes it. */
export interface WorkspaceLink {
  readonly bus: CoordinatorBus;
  readonly url: string;
  close(): Promise<void>;
}

export interface LinkOptions {
  /** Start a broker even where there is no store yet. */
  readonly makeStore?: boolean;
  /** Say nothing of a damaged store: the caller wants to look at it. */
  readonly unchecked?: boolean;
}

/**
 * Connects a command to its workspace with a role's rights. Where no broker runs, but there is a store, one is started for
 * this command alone and stopped by `close`; a workspace with peers is reached through any of them.
 *
 * @throws UnreachableError when there is neither a broker nor a store; JournalCorruptError when the store lost something
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
  if (external) {
    const bus = await connectAs(external.url, credentialsOf(external), role);
    return { bus, url: external.url, close: () => bus.close() };
  }
  const peers = readPeers(paths);
  if (peers) return linkPeers(paths, peers, role);
  const running = runningBroker(paths);
  if (running && running.trouble === null) {
    const bus = await connectAs(running.url, readRoleSecret(paths, role), role);
    return { bus, url: running.url, close: () => bus.close() };
  }
  if (!hasStore(paths) && !options.makeStore) {
    checkStoreThere(paths);
    throw new UnreachableError(
      `workspace ${paths.name} has no coordinator and no store on this machine (${paths.dir})\n` +
        `  start one: nexus-coord${workspaceFlags(paths.name)}\n  or name another workspace: --workspace NAME`,
    );
  }
  const held = await holdBroker(paths, { kind: "reader" });
  try {
    const bus = await connectAs(held.url, readRoleSecret(paths, role), role);
    return {
      bus,
      url: held.url,
      close: async () => {
        await bus.close();
        await held.release();
      },
    };
  } catch (error) {
    await held.release();
    throw error;
  }
}

/** Through any server that answers; alone this machine's own could tell nothing, so none is started. */
async function linkPeers(paths: WorkspacePaths, file: PeersFile, role: Role): Promise<WorkspaceLink> {
  if (file.moved !== undefined) throw new UnreachableError(`workspace ${paths.name} ${file.moved}`);
  const trouble = await peersTrouble(file.peers);
  if (trouble !== undefined) throw new UnreachableError(`workspace ${paths.name} ${trouble}`);
  const url = peerUrls(file);
  const bus = await connectAs(url, readRoleSecret(paths, role), role);
  try {
    await untilLed(bus, paths, file);
    return { bus, url, close: () => bus.close() };
  } catch (error) {
    await bus.close();
    throw error;
  }
}

/** Longest that the servers were seen to take to choose a leader, on a busy machine, and as much again. */
const ledWithinMs = 30_000;
const askAgainMs = 250;
const askEachMs = 1500;

/** After one peer has died the others choose who leads them; until then they answer nothing. */
async function untilLed(bus: CoordinatorBus, paths: WorkspacePaths, file: PeersFile): Promise<void> {
  const limit = performance.now() + ledWithinMs;
  for (;;) {
    try {
      // One that nobody leads yet answers nothing.
      await Promise.all(keptStreams.map((name) => streamInfo(bus, name, askEachMs)));
      return;
    } catch (error) {
      if (!mayPass(error)) throw error;
      if (performance.now() > limit) {
        const why = (await peersTrouble(file.peers)) ?? "does not answer: its peers choose who leads them; try again";
        throw new UnreachableError(`workspace ${paths.name} ${why}`, { cause: error });
      }
    }
    await pause(askAgainMs);
  }
}

/** Connects to a broker with a role's rights, and turns its refusals into words. */
export async function connectAs(url: string, credentials: BusCredentials, role: Role): Promise<CoordinatorBus> {
  try {
    return await connectBus({ url, credentials, name: `nexus ${role}`, inbox: inboxPrefix(credentials.user ?? role) });
  } catch (cause) {
    if (cause instanceof BusError && cause.reason === "refused") {
      throw new BrokerError(`${cause.message}; check --creds, or the files in the workspace's secrets folder`, {
        cause,
      });
    }
    if (cause instanceof BusError) throw new UnreachableError(cause.message, { cause });
    throw cause;
  }
}

export function credentialsOf(external: ExternalBroker): BusCredentials {
  if (external.credentialsFile === null) return {};
  const read = readCredentialsFile(external.credentialsFile);
  return read.kind === "creds" ? { credsText: read.text } : { user: read.user, password: read.password };
}

const hasStore = (paths: WorkspacePaths): boolean => existsSync(paths.store) && readdirSync(paths.store).length > 0;
