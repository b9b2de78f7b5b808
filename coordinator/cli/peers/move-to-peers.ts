import { existsSync, readdirSync, rmSync } from "node:fs";
import { addressText } from "../../../shared/broker/address.ts";
import { openBackup } from "../../../shared/broker/copies/backup-file.ts";
import { setAside } from "../../../shared/broker/copies/set-aside.ts";
import { restoreFiles } from "../../../shared/broker/copies/workspace-copy.ts";
import { findSelf, parsePeerList } from "../../../shared/broker/peers/peer-list.ts";
import { type Peer, type PeersFile, readPeers, writePeers } from "../../../shared/broker/peers/peers.ts";
import { parseListen } from "../../../shared/broker/server/listen.ts";
import { checkStoreThere } from "../../../shared/broker/store/store-check.ts";
import { UsageError } from "../../../shared/errors.ts";
import { workspaceFlags } from "../../../shared/machine/workspace.ts";
import { stopCoordinator } from "../../endpoint/launch.ts";
import type { Consent } from "../../operator/consent.ts";
import type { Output } from "../../operator/output.ts";
import type { Scope } from "../../operator/scope.ts";
import { newPeersFile, refuseWhereServed } from "../../peers/become-peer.ts";
import { invitationLine, joinCommand, keepSecret } from "../../peers/invitation.ts";
import { endUnused } from "../store/end-unused.ts";
import { packForGood, stayHere } from "./move-pack.ts";

export interface ToPeersOptions {
  readonly toPeers?: string | undefined;
  /** Which of them this machine is. */
  readonly listen?: string | undefined;
  readonly json?: boolean | undefined;
}

/**
 * `nexus move --to-peers a,b,c`, on the machine of the single broker. The packed workspace stays here until the peers are up; then
 * this machine's coordinator fills their streams from it.
 */
export async function moveToPeers(
  scope: Scope,
  { toPeers: list = "", listen, json }: ToPeersOptions,
  consent: Consent,
  output: Output,
): Promise<void> {
  const { paths } = scope;
  const peers = parsePeerList(list);
  checkMovable(scope, list);
  const { self, bind } = await findSelf(peers, listen === undefined ? undefined : parseListen(listen));
  await refuseWhereServed(peers, self, workspaceFlags(paths.name));
  const addresses = peers.map(addressText).join(", ");
  const what = `the coordinator of ${paths.name} ends, and the workspace moves to ${addresses}; workers train on meanwhile and keep their results`;
  if (!(await consent(what))) return;
  await stopCoordinator(paths);
  await endUnused(paths);
  const fill = await packForGood(scope);
  try {
    await endUnused(paths);
    // Read through while everything is still there.
    const backup = openBackup(fill);
    backup.close();
    const aside = setAside(paths, "moved");
    try {
      restoreFiles(paths, backup.files);
      const file = { ...newPeersFile(paths, peers, self, bind), fill };
      writePeers(paths, file);
      rmSync(paths.storeMark, { force: true });
      tell({ scope, file, self, kept: aside.folder, json: json === true }, output);
    } catch (error) {
      aside.undo();
      throw error;
    }
  } catch (error) {
    await stayHere(scope, fill, output);
    throw error;
  }
}

function checkMovable({ paths, flags }: Scope, list: string): void {
  const before = readPeers(paths);
  if (before) {
    const now = before.peers.map(addressText).join(", ");
    throw new UsageError(`workspace ${paths.name} lives on peers already (${now}); see nexus peers${flags}`);
  }
  if (!existsSync(paths.store) || readdirSync(paths.store).length === 0) {
    checkStoreThere(paths);
    throw new UsageError(
      `workspace ${paths.name} holds nothing yet; to begin with peers: nexus-coord --peers ${list}${flags}`,
    );
  }
}

interface Moved {
  readonly scope: Scope;
  readonly file: PeersFile;
  readonly self: Peer;
  /** Folder of the old store. */
  readonly kept: string;
  readonly json: boolean;
}

function tell({ scope, file, self, kept, json }: Moved, output: Output): void {
  const line = invitationLine(scope.paths, file);
  if (json) {
    const told = { type: "move", v: 1, workspace: scope.paths.name, to: "peers", peers: file.peers.map(addressText) };
    output.result(`${JSON.stringify({ ...told, command: joinCommand, line, kept })}\n`);
    return;
  }
  const others = file.peers.filter(({ id }) => id !== self.id).map(addressText);
  output.note(`on ${others.join(" and ")} type ${joinCommand} and paste this line (${keepSecret}):\n`);
  output.result(`${line}\n`);
  output.note(
    `then, to go on, type here:\nnexus-coord${scope.flags}\n` +
      `  workers with the old join line find it if the broker was at ${addressText(self)}; others need the line that nexus-coord prints\n` +
      `  what was here is kept in ${kept}; remove it when all is well\n`,
  );
}
