import { addressText, probeServer, type Reachability } from "../address.ts";
import { type Peer, quorumOf } from "./peers.ts";

const silentAfterMs = 1500;

/** Whether a peer's server answers. */
export const probePeer = (peer: Peer): Promise<Reachability> => probeServer(peer, peer.id, silentAfterMs);

export async function probePeers(peers: readonly Peer[]): Promise<{ peer: Peer; state: Reachability }[]> {
  return Promise.all(peers.map(async (peer) => ({ peer, state: await probePeer(peer) })));
}

/**
 * Why nothing can be stored at the moment, as a sentence for people; undefined if enough peers are up.
 *
 * @param needed  how many must be up; default: more than half
 */
export async function peersTrouble(peers: readonly Peer[], needed = quorumOf(peers)): Promise<string | undefined> {
  const found = await probePeers(peers);
  const up = found.filter(({ state }) => state === "up").length;
  if (up >= needed) return undefined;
  const missing = found
    .filter(({ state }) => state !== "up")
    .map(({ peer, state }) => `${addressText(peer)} ${stateText(state)}`);
  return (
    `waiting: ${up} of ${peers.length} peers ${up === 1 ? "is" : "are"} up and ${needed} are needed (${missing.join("; ")}); ` +
    "nothing is lost, workers train on; start nexus-coord there, or see nexus peers"
  );
}

export function stateText(state: Reachability): string {
  switch (state) {
    case "up":
      return "is up";
    case "down":
      return "does not run";
    case "silent":
      return "does not answer";
    case "other":
      return "is another server";
    default: {
      const never: never = state;
      return never;
    }
  }
}
