import { existsSync, readdirSync } from "node:fs";
import { openBackup } from "../../shared/broker/backup-file.ts";
import { parseListen } from "../../shared/broker/listen.ts";
import { findSelf, parsePeerList, peerAddress, readPeers, writePeers } from "../../shared/broker/peers.ts";
import { restoreFiles, setAside } from "../../shared/broker/workspace-copy.ts";
import { UsageError } from "../../shared/errors.ts";
import { stopCoordinator } from "../launch.ts";
import { newPeersFile, refuseWhereServed } from "../peers/become-peer.ts";
import { joinCommand, keepSecret } from "../peers/invitation.ts";
import { type Consent, checkUnused, packForGood, stayHere } from "./move-pack.ts";
import type { Output } from "./output.ts";
import type { Scope } from "./scope.ts";

/**
 * `nexus move --to-peers a,b,c`, on the machine of the single broker. The packed workspace waits here until the peers are up; this
 * machine's coordinator then makes their streams from it.
 */
export async function moveToPeers(
  scope: Scope,
  { list, listen }: { readonly list: string; readonly listen: string | undefined },
  consent: Consent,
  output: Output,
): Promise<void> {
  const { paths } = scope;
  const peers = parsePeerList(list);
  const before = readPeers(paths);
  if (before) {
    const now = before.peers.map(peerAddress).join(", ");
    throw new UsageError(`workspace ${paths.name} lives on peers already (${now}); see nexus peers`);
  }
  if (!existsSync(paths.store) || readdirSync(paths.store).length === 0) {
    throw new UsageError(`workspace ${paths.name} holds nothing yet; to begin with peers: nexus-coord --peers ${list}`);
  }
  const { self, bind } = await findSelf(peers, listen === undefined ? undefined : parseListen(listen));
  await refuseWhereServed(peers, self);
  await consent(
    `the coordinator of ${paths.name} ends, and the workspace moves to ${peers.map(peerAddress).join(", ")}; workers train on meanwhile and keep their results`,
  );
  await stopCoordinator(paths);
  checkUnused(paths);
  const fill = await packForGood(scope);
  try {
    checkUnused(paths);
    const aside = setAside(paths, "moved");
    try {
      const backup = openBackup(fill);
      restoreFiles(paths, backup.files);
      backup.close();
      const file = { ...newPeersFile(paths, peers, self, bind), fill };
      writePeers(paths, file);
      output.note(
        `on ${peers
          .filter((peer) => peer !== self)
          .map(peerAddress)
          .join(" and ")} type (${keepSecret}):\n`,
      );
      output.result(`${joinCommand(paths, file)}\n`);
    } catch (error) {
      aside.undo();
      throw error;
    }
    output.note(
      `then, to go on, type here:\nnexus-coord${scope.flags}\n` +
        `  workers of the old join line find it if the broker was at ${peerAddress(self)}; others get the line that nexus-coord prints\n` +
        `  what was here is kept in ${aside.folder}; remove it when all is well\n`,
    );
  } catch (error) {
    await stayHere(scope, fill);
    throw error;
  }
}
