import { existsSync, readdirSync } from "node:fs";
import type { WorkerUser } from "../shared/broker/accounts.ts";
import { isServing, runningBroker } from "../shared/broker/broker-info.ts";
import type { CoordinatorBus } from "../shared/broker/bus.ts";
import { ensureRoleSecrets } from "../shared/broker/credentials.ts";
import { askJetStream, streamInfo } from "../shared/broker/jetstream-api.ts";
import { followJournal } from "../shared/broker/journal-reader.ts";
import { parseListen } from "../shared/broker/listen.ts";
import { readMembers } from "../shared/broker/members.ts";
import { peersTrouble, probePeers } from "../shared/broker/peer-probe.ts";
import {
  findSelf,
  newPeers,
  type Peer,
  type PeersFile,
  parsePeerList,
  peerAddress,
  readInvitation,
  readPeers,
  sharedPart,
  writeInvitation,
  writePeers,
} from "../shared/broker/peers.ts";
import { checkStore } from "../shared/broker/store-check.ts";
import { ensureStreams } from "../shared/broker/streams.ts";
import { signalProcess } from "../shared/broker/tied-process.ts";
import { restoreFiles, savedFiles } from "../shared/broker/workspace-copy.ts";
import { pause } from "../shared/deadline.ts";
import type { WorkspaceState } from "../shared/domain/workspace-state.ts";
import { BrokerError, UsageError } from "../shared/errors.ts";
import type { Log } from "../shared/log.ts";
import { BusError } from "../shared/ports.ts";
import { bucket, streams } from "../shared/wire/subjects.ts";
import { createWorkspace, type WorkspacePaths, workspacePaths } from "../shared/workspace.ts";
import { joinCode } from "./endpoint.ts";

/** What a person types to make a workspace live on several machines, or to bring one more of them in. */
export interface PeerFlags {
  readonly peers?: string;
  readonly peersJoin?: string;
  readonly listen?: string;
}

/**
 * Makes this machine a peer if the command line says so. Said again, it changes nothing.
 *
 * @returns the workspace's name: an invitation brings it along
 */
export async function preparePeers(workspace: string, flags: PeerFlags): Promise<string> {
  if (flags.peers !== undefined && flags.peersJoin !== undefined) {
    throw new UsageError(
      "--peers and --peers-join together: expected --peers on the first machine, --peers-join on the others",
    );
  }
  if (flags.peers !== undefined) await foundPeers(workspacePaths(workspace), flags.peers, flags.listen);
  if (flags.peersJoin !== undefined) return joinPeers(flags.peersJoin, flags.listen);
  return workspace;
}

const sameList = (a: readonly Peer[], b: readonly Peer[]): boolean =>
  a.map(peerAddress).sort().join() === b.map(peerAddress).sort().join();

async function foundPeers(paths: WorkspacePaths, list: string, listen: string | undefined): Promise<void> {
  const peers = parsePeerList(list);
  const before = readPeers(paths);
  if (before) {
    if (sameList(before.peers, peers)) return;
    const now = before.peers.map(peerAddress).join(",");
    throw new UsageError(
      `workspace ${paths.name} lives on ${now}, not on ${list}; to exchange a machine: nexus peers replace OLD NEW`,
    );
  }
  if (hasData(paths)) {
    throw new UsageError(
      `workspace ${paths.name} holds data of a single broker, which never becomes a cluster by itself; to carry it over: nexus move --peers ${list}`,
    );
  }
  writePeers(paths, await newPeersFile(paths, peers, listen));
}

/** The file of a founding machine, with new secrets; the folders and the passwords that go with it are made as well. */
export async function newPeersFile(
  paths: WorkspacePaths,
  peers: readonly Peer[],
  listen: string | undefined,
): Promise<PeersFile> {
  const { self, bind } = await findSelf(peers, listen === undefined ? undefined : parseListen(listen));
  createWorkspace(paths);
  ensureRoleSecrets(paths);
  joinCode(paths);
  return { ...newPeers(paths.name, peers), self: self.id, bind, makesStreams: true };
}

async function joinPeers(given: string, listen: string | undefined): Promise<string> {
  const { workspace, peers: shared, files } = readInvitation(given);
  const paths = workspacePaths(workspace);
  const before = readPeers(paths);
  if (before && before.cluster !== shared.cluster) {
    throw new UsageError(
      `workspace ${workspace} on this machine belongs to other peers (${before.peers.map(peerAddress).join(", ")}); to leave them for good, remove ${paths.dir}`,
    );
  }
  if (before) {
    if (shared.generation > before.generation) writePeers(paths, { ...before, ...shared });
    return workspace;
  }
  if (hasData(paths)) {
    throw new UsageError(
      `workspace ${workspace} holds data of its own on this machine (${paths.store}); move it away first, or give that workspace another name`,
    );
  }
  const { self, bind } = await findSelf(shared.peers, listen === undefined ? undefined : parseListen(listen));
  restoreFiles(paths, files);
  writePeers(paths, { ...shared, self: self.id, bind, makesStreams: false });
  return workspace;
}

const hasData = (paths: WorkspacePaths): boolean => existsSync(paths.store) && readdirSync(paths.store).length > 0;

/** The line that brings another machine in; whoever has it has the workspace's passwords. */
export function invitationOf(paths: WorkspacePaths, file: PeersFile): string {
  return writeInvitation({ workspace: paths.name, peers: sharedPart(file), files: savedFiles(paths) });
}

const askAgainMs = 500;

/**
 * Waits until the cluster stores what it is given and the workspace's streams are there; the founding machine makes them.
 * Each new reason for waiting is said once.
 */
export async function untilStored(
  bus: CoordinatorBus,
  paths: WorkspacePaths,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  let said = "";
  while (!signal.aborted) {
    const file = readPeers(paths);
    if (!file) return;
    let why = await peersTrouble(file.peers);
    if (why === undefined) {
      try {
        await askJetStream(bus, "INFO");
        if (await haveStreams(bus, paths, file)) return;
        why = "waiting: the peer on which nexus-coord --peers was typed has not made the workspace's streams yet";
      } catch (error) {
        if (!(error instanceof BusError || error instanceof BrokerError)) throw error;
        why = `waiting: the peers' servers choose who leads them (${error.message})`;
      }
    }
    if (why !== said) log.warn(why);
    said = why;
    await pause(askAgainMs, signal);
  }
}

async function haveStreams(bus: CoordinatorBus, paths: WorkspacePaths, file: PeersFile): Promise<boolean> {
  // The bucket comes last, so where it is the others are.
  if (await streamInfo(bus, `KV_${bucket}`)) {
    await checkStore(bus, paths);
    return true;
  }
  if (!file.makesStreams) return false;
  await checkStore(bus, paths);
  if (await streamInfo(bus, streams.journal)) return false;
  await ensureStreams(bus, paths.store, file.peers.length);
  return true;
}

/** For the view: what to type on the peers that are not up, then who is missing, until there are enough; Ctrl-C leaves. */
export async function showPeers(paths: WorkspacePaths, say: (text: string) => void): Promise<void> {
  const file = readPeers(paths);
  if (!file) return;
  const down = (await probePeers(file.peers)).filter(({ state }) => state !== "up").map(({ peer }) => peer);
  if (down.length > 0) {
    say(
      `  on ${down.map(peerAddress).join(" and ")}, the first time, type (keep the line secret, it holds passwords):`,
    );
    say(`nexus-coord --peers-join ${invitationOf(paths, file)}`);
  }
  let said: string | undefined;
  for (;;) {
    const why = await peersTrouble(file.peers);
    if (why === undefined) {
      if (said !== undefined) say("enough peers are up");
      return;
    }
    if (why !== said) say(why);
    said = why;
    await pause(askAgainMs);
  }
}

const lookEveryMs = 2000;

export interface PeerUpkeepPorts {
  readonly bus: CoordinatorBus;
  readonly paths: WorkspacePaths;
  readonly log: Log;
  /** Whether this process leads: then it writes the list of users itself. */
  leads(): boolean;
  publishUsers(workers: readonly WorkerUser[]): Promise<void>;
  /** The workspace left for elsewhere; a sentence that says where to. */
  onMoved(where: string): void;
}

/**
 * What each peer does beside leading or standing by: its own server learns of every worker that the leader admits, and of
 * every peer that is exchanged; and it says why nothing is stored while too few peers are up.
 */
export class PeerUpkeep {
  readonly #ports: PeerUpkeepPorts;
  readonly #stop = new AbortController();
  readonly #done: Promise<unknown>;
  #publishing: Promise<void> = Promise.resolve();
  #trouble: string | undefined;

  constructor(ports: PeerUpkeepPorts) {
    this.#ports = ports;
    this.#done = Promise.all([this.#followUsers(), this.#watchPeers()]);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
    await this.#publishing;
  }

  async #followUsers(): Promise<void> {
    const { bus, log } = this.#ports;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const isOver = new AbortController();
        let isCaughtUp = false;
        const follower = await followJournal(
          bus,
          (event, state) => {
            if (isCaughtUp && (event.type === "worker-enrolled" || event.type === "worker-state")) this.#publish(state);
          },
          (error) => {
            log.error(error.message);
            isOver.abort();
          },
        );
        isCaughtUp = true;
        this.#publish(follower.state);
        await aborted(AbortSignal.any([signal, isOver.signal]));
        await follower.stop();
      } catch (error) {
        if (!(error instanceof BusError)) throw error;
        log.info(`the list of workers is not read yet: ${error.message}`);
      }
      await pause(lookEveryMs, signal);
    }
  }

  /** One after the other, each with what the journal says by then. */
  #publish(state: WorkspaceState): void {
    const { leads, publishUsers, log } = this.#ports;
    this.#publishing = this.#publishing.then(async () => {
      if (leads() || this.#stop.signal.aborted) return;
      try {
        await publishUsers(usersOf(state));
      } catch (error) {
        if (!(error instanceof BrokerError)) throw error;
        log.warn(error.message);
      }
    });
  }

  async #watchPeers(): Promise<void> {
    const { bus, paths, log, onMoved } = this.#ports;
    const { signal } = this.#stop;
    await pause(lookEveryMs, signal);
    while (!signal.aborted) {
      const file = readPeers(paths);
      if (!file) return;
      try {
        const members = await readMembers(bus);
        if (members?.moved !== undefined) {
          writePeers(paths, { ...file, moved: members.moved });
          onMoved(members.moved);
          return;
        }
        if (members && members.generation > file.generation) {
          writePeers(paths, { ...file, generation: members.generation, peers: members.peers });
          log.info(`the peers are now ${members.peers.map(peerAddress).join(", ")}`);
          const broker = runningBroker(paths);
          if (broker && isServing(broker)) signalProcess(broker.guard, "SIGHUP");
        }
        if (this.#trouble !== undefined) log.info("enough peers are up again");
        this.#trouble = undefined;
      } catch (error) {
        if (!(error instanceof BusError)) throw error;
        const why = (await peersTrouble(file.peers)) ?? `the peers' servers do not answer yet: ${error.message}`;
        if (why !== this.#trouble) log.warn(why);
        this.#trouble = why;
      }
      await pause(lookEveryMs, signal);
    }
  }
}

const usersOf = (state: WorkspaceState): WorkerUser[] =>
  [...state.workers.values()]
    .filter(({ publicKey, state: standing }) => publicKey !== "" && standing !== "revoked")
    .map(({ id, publicKey }) => ({ id, publicKey }));

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
