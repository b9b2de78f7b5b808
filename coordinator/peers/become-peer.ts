import { existsSync, readdirSync } from "node:fs";
import { ensureRoleSecrets } from "../../shared/broker/access/credentials.ts";
import { addressText } from "../../shared/broker/address.ts";
import { restoreFiles } from "../../shared/broker/copies/workspace-copy.ts";
import { readInvitation } from "../../shared/broker/peers/invitation.ts";
import { findSelf, parsePeerList } from "../../shared/broker/peers/peer-list.ts";
import { probePeers } from "../../shared/broker/peers/peer-probe.ts";
import { newPeers, type Peer, type PeersFile, readPeers, writePeers } from "../../shared/broker/peers/peers.ts";
import { parseListen } from "../../shared/broker/server/listen.ts";
import { UsageError } from "../../shared/errors.ts";
import {
  createWorkspace,
  type WorkspacePaths,
  workspaceFlags,
  workspacePaths,
} from "../../shared/machine/workspace.ts";
import { joinCode } from "../endpoint/join-lines.ts";

/** Options that found a workspace on several machines, or add one of them. */
export interface PeerFlags {
  readonly peers?: string;
  readonly peersJoin?: string;
  readonly listen?: string;
}

/**
 * Makes this machine a peer if the command line says so. Repeating it changes nothing.
 *
 * @returns the workspace's name, which an invitation contains
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
  a.map(addressText).sort().join() === b.map(addressText).sort().join();

/** Only the first machine of the list founds the workspace: two founders with different secrets could not form a cluster. */
async function foundPeers(paths: WorkspacePaths, list: string, listen: string | undefined): Promise<void> {
  const peers = parsePeerList(list);
  const flags = workspaceFlags(paths.name);
  const before = readPeers(paths);
  if (before) {
    if (sameList(before.peers, peers)) return;
    const now = before.peers.map(addressText).join(",");
    throw new UsageError(
      `workspace ${paths.name} lives on ${now}, not on ${list}; to replace a machine: nexus peers replace OLD NEW${flags}`,
    );
  }
  if (hasData(paths)) {
    throw new UsageError(
      `workspace ${paths.name} holds data of a single broker, which does not become a cluster by itself; to move it: nexus move --to-peers ${list}${flags}`,
    );
  }
  const { self, bind } = await findSelf(peers, listen === undefined ? undefined : parseListen(listen));
  await checkFounds(peers, self, list, flags);
  writePeers(paths, newPeersFile(paths, peers, self, bind));
}

/** @throws UsageError that says where to found the workspace, and how this machine joins */
async function checkFounds(peers: readonly Peer[], self: Peer, list: string, flags: string): Promise<void> {
  const [first] = peers;
  if (first && first !== self) {
    const here = [addressText(self), ...peers.filter((peer) => peer !== self).map(addressText)].join(",");
    throw new UsageError(
      `this machine is ${addressText(self)}; the first of the list, ${addressText(first)}, makes the workspace and its passwords\n` +
        `  on ${addressText(first)}, if it was not typed there yet:  nexus-coord --peers ${list}${flags}\n` +
        `  on ${addressText(first)}, for the line to paste here:     nexus peers invite${flags}\n` +
        "  here:  nexus-coord --peers-join -\n" +
        `  or, to make the workspace from here, name this machine first:  nexus-coord --peers ${here}${flags}`,
    );
  }
  await refuseWhereServed(peers, self, flags);
}

/** Refuses to found if a server answers at another peer's address, since these peers may exist already. */
export async function refuseWhereServed(peers: readonly Peer[], self: Peer, flags: string): Promise<void> {
  const found = await probePeers(peers.filter((peer) => peer !== self));
  const served = found.filter(({ state }) => state === "up" || state === "other").map(({ peer }) => addressText(peer));
  const [one] = served;
  if (one === undefined) return;
  throw new UsageError(
    `a NATS server already answers at ${served.join(" and ")}\n` +
      `  if it is this workspace's: on ${one} type  nexus peers invite${flags}  and here  nexus-coord --peers-join -  with the line that it prints\n` +
      `  if this machine was a peer and lost its disk: on ${one} type  nexus peers replace ${addressText(self)} ${addressText(self)}${flags}\n` +
      "  if it is not: give that peer another port, as in --peers lab1,lab2:4300,lab3",
  );
}

/** The peers file of a founding machine. Also creates the workspace's folders and secrets. */
export function newPeersFile(paths: WorkspacePaths, peers: readonly Peer[], self: Peer, bind: string): PeersFile {
  createWorkspace(paths);
  ensureRoleSecrets(paths);
  joinCode(paths);
  return { ...newPeers(paths.name, peers), self: self.id, bind, makesStreams: true };
}

async function joinPeers(given: string, listen: string | undefined): Promise<string> {
  const { workspace, peers: shared, files } = await readInvitation(given);
  const paths = workspacePaths(workspace);
  const before = readPeers(paths);
  if (before && before.cluster !== shared.cluster) {
    throw new UsageError(
      `workspace ${workspace} on this machine belongs to other peers (${before.peers.map(addressText).join(", ")}); to leave them for good, remove ${paths.dir}`,
    );
  }
  if (before && before.generation > shared.generation) return workspace;
  if (before && shared.peers.some(({ id }) => id === before.self)) {
    writePeers(paths, { ...before, ...shared });
    return workspace;
  }
  if (before && hasData(paths)) {
    throw new UsageError(
      `this machine was a peer of workspace ${workspace} and was replaced, so its copy in ${paths.store} is obsolete; remove that folder, then type this line again`,
    );
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
