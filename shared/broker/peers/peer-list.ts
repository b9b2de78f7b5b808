/** The list of peers as people give it: `--peers lab1,lab2,lab3`. */

import { randomBytes } from "node:crypto";
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { UsageError } from "../../errors.ts";
import { type Address, addressText, ownAddresses, parseAddress } from "../address.ts";
import type { Peer } from "./peers.ts";

const defaultPort = 4222;
/** NATS's own convention: clients on 4222, servers among themselves on 6222. */
const routePortAbove = 2000;
const examples = "lab1,lab2,lab3 or lab1:4222,lab2:4222,lab3:4300";

/** Reads `lab1,lab2:4300,[fd00::3]:4222`. @throws UsageError */
export function parsePeerList(text: string): Peer[] {
  const peers = text.split(",").map((part) => parsePeer(part.trim()));
  if (peers.length !== 3 && peers.length !== 5) {
    throw new UsageError(
      `peers ${text}: expected 3 machines (any one may fail) or 5 (any two may fail), found ${peers.length}\n  for example: ${examples}`,
    );
  }
  const seen = new Set<string>();
  for (const peer of peers) {
    const address = addressText(peer);
    if (seen.has(address)) throw new UsageError(`--peers ${text}: names ${address} twice; expected different machines`);
    seen.add(address);
  }
  return peers;
}

export function parsePeer(text: string): Peer {
  const { host, port = defaultPort } = parseAddress(text) ?? {};
  // Above 63535 the port for the servers' routes would exceed 65535.
  if (host === undefined || port < 1 || port + routePortAbove > 65_535) {
    throw new UsageError(
      `"${text}" is not a peer; expected host or host:port with a port from 1 to 63535; ${examples}`,
    );
  }
  const id = `${host.replace(/[^A-Za-z0-9]+/g, "-")}-${randomBytes(4).toString("hex")}`;
  return { id, host, port, routePort: port + routePortAbove };
}

/**
 * Which peer this machine is: the one that `--listen` names, or the only one that resolves to one of its addresses.
 *
 * @throws UsageError if none fits, or several do
 */
export async function findSelf(
  peers: readonly Peer[],
  listen: Address | undefined,
): Promise<{ self: Peer; bind: string }> {
  if (listen) {
    const named = peers.find(({ host, port }) => host === listen.host && port === listen.port);
    if (named) return { self: named, bind: listen.host };
  }
  const here: Peer[] = [];
  for (const peer of peers) if (await isHere(peer.host)) here.push(peer);
  const [self, ...more] = here.filter(({ port }) => listen === undefined || port === listen.port);
  const list = peers.map(addressText).join(", ");
  const one = peers[0] ? addressText(peers[0]) : "lab1:4222";
  if (!self) {
    throw new UsageError(
      `none of the peers (${list}) has an address of this machine; say which peer it is, for example --listen ${one}`,
    );
  }
  if (more.length > 0) {
    throw new UsageError(
      `several of the peers (${list}) have addresses of this machine; say which peer it is, for example --listen ${one}`,
    );
  }
  // On the machine itself its name often leads to a loopback address, so for a name all addresses are used.
  return { self, bind: listen?.host ?? (isIP(self.host) ? self.host : "0.0.0.0") };
}

async function isHere(host: string): Promise<boolean> {
  const own = ownAddresses();
  try {
    const found = await lookup(host, { all: true });
    return found.some(({ address }) => own.includes(address) || address.startsWith("127."));
  } catch {
    // A name that this machine cannot look up is another machine's.
    return false;
  }
}
