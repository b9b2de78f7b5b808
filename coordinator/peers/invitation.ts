import { addressText } from "../../shared/broker/address.ts";
import { savedFiles } from "../../shared/broker/copies/workspace-copy.ts";
import { writeInvitation } from "../../shared/broker/peers/invitation.ts";
import { type PeersFile, sharedPart } from "../../shared/broker/peers/peers.ts";
import type { WorkspacePaths } from "../../shared/machine/workspace.ts";

/** What brings another machine in; whoever has it has the workspace's passwords. */
export const invitationOf = (paths: WorkspacePaths, file: PeersFile): string =>
  writeInvitation({ workspace: paths.name, peers: sharedPart(file), files: savedFiles(paths) });

/** What is typed there. */
export const joinCommand = (paths: WorkspacePaths, file: PeersFile): string =>
  `nexus-coord --peers-join ${invitationOf(paths, file)}`;

/** Whoever reads it must know that the line is no address to hand around. */
export const keepSecret = "keep the line secret, it holds passwords";

export const addressesOf = (file: Pick<PeersFile, "peers">): string => file.peers.map(addressText).join(", ");
