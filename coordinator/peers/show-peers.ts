import { addressText } from "../../shared/broker/address.ts";
import { peersTrouble, probePeers } from "../../shared/broker/peers/peer-probe.ts";
import { readPeers } from "../../shared/broker/peers/peers.ts";
import { pause } from "../../shared/deadline.ts";
import type { WorkspacePaths } from "../../shared/machine/workspace.ts";
import { joinCommand, keepSecret } from "./invitation.ts";

const askAgainMs = 500;

/** For the view: what to type on the peers that are not up, then who is missing, until there are enough; Ctrl-C leaves. */
export async function showPeers(paths: WorkspacePaths, say: (text: string) => void): Promise<void> {
  const file = readPeers(paths);
  if (!file) return;
  const down = (await probePeers(file.peers)).filter(({ state }) => state !== "up").map(({ peer }) => peer);
  if (down.length > 0) {
    say(`  on ${down.map(addressText).join(" and ")}, the first time, type (${keepSecret}):`);
    say(joinCommand(paths, file));
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
