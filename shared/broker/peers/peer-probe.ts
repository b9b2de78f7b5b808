import { connect } from "node:net";
import { type Peer, peerAddress, quorumOf } from "./peers.ts";

/** What a peer says when it is called, without credentials: nats-server greets whoever connects. */
export type PeerState =
  | "up"
  /** The machine answers, nothing listens there. */
  | "down"
  /** Nothing comes back: off, cut off, or frozen. */
  | "silent"
  /** Another server listens there. */
  | "other";

const silentAfterMs = 1500;

export function probePeer(peer: Peer, timeoutMs = silentAfterMs): Promise<PeerState> {
  return new Promise((resolve) => {
    const socket = connect({ host: peer.host, port: peer.port });
    let greeting = "";
    const finish = (state: PeerState): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(state);
    };
    // Not the socket's own timeout, which begins anew with every byte.
    const timer = setTimeout(() => finish("silent"), timeoutMs);
    socket.once("error", (error: NodeJS.ErrnoException) => finish(error.code === "ECONNREFUSED" ? "down" : "silent"));
    socket.once("close", () => finish("down"));
    socket.on("data", (bytes: Buffer) => {
      greeting += bytes.toString("utf8");
      if (greeting.includes("\r\n")) finish(greeting.includes(`"server_name":"${peer.id}"`) ? "up" : "other");
    });
  });
}

export async function probePeers(peers: readonly Peer[]): Promise<{ peer: Peer; state: PeerState }[]> {
  return Promise.all(peers.map(async (peer) => ({ peer, state: await probePeer(peer) })));
}

/**
 * Why nothing can be stored at the moment, a sentence for people; undefined when enough peers are up.
 *
 * @param needed  left out: more than half of them
 */
export async function peersTrouble(peers: readonly Peer[], needed = quorumOf(peers)): Promise<string | undefined> {
  const found = await probePeers(peers);
  const up = found.filter(({ state }) => state === "up").length;
  if (up >= needed) return undefined;
  const missing = found
    .filter(({ state }) => state !== "up")
    .map(({ peer, state }) => `${peerAddress(peer)} ${stateText(state)}`);
  return (
    `waiting: ${up} of ${peers.length} peers ${up === 1 ? "is" : "are"} up and ${needed} are needed (${missing.join("; ")}); ` +
    "nothing is lost, workers train on; start nexus-coord there, or see nexus peers"
  );
}

export function stateText(state: PeerState): string {
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
