import { addressText } from "../../shared/broker/address.ts";
import { savedFiles } from "../../shared/broker/copies/workspace-copy.ts";
import { writeInvitation } from "../../shared/broker/peers/invitation.ts";
import { peersTrouble, probePeers } from "../../shared/broker/peers/peer-probe.ts";
import { type PeersFile, readPeers, sharedPart } from "../../shared/broker/peers/peers.ts";
import type { WorkspacePaths } from "../../shared/machine/workspace.ts";
import { pause } from "../../shared/time/deadline.ts";

/** The line that makes another machine a peer. It contains the workspace's passwords. */
export const invitationLine = (paths: WorkspacePaths, file: PeersFile): string =>
  writeInvitation({ workspace: paths.name, peers: sharedPart(file), files: savedFiles(paths) });

/** What to type there. It asks for the line, which must not stand in a list of processes. */
export const joinCommand = "nexus-coord --peers-join -";

/** Said beside the line, which looks like a harmless address. */
export const keepSecret = "keep the line secret, it holds passwords";

export const addressesOf = (file: Pick<PeersFile, "peers">): string => file.peers.map(addressText).join(", ");

const askAgainMs = 500;

/** Prints what to type on peers that are down, then who is missing, until enough are up. Ctrl-C leaves. */
export async function showPeers(
  paths: WorkspacePaths,
  showsSecrets: boolean,
  say: (text: string) => void,
): Promise<void> {
  const file = readPeers(paths);
  if (!file) return;
  const down = (await probePeers(file.peers)).filter(({ state }) => state !== "up").map(({ peer }) => peer);
  if (down.length > 0) {
    const where = `  on ${down.map(addressText).join(" and ")}, the first time, type ${joinCommand} and paste`;
    say(showsSecrets ? `${where} this line (${keepSecret}):` : `${where} the line that nexus peers invite prints`);
    if (showsSecrets) say(invitationLine(paths, file));
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
