/** How other machines join: the workspace's join code, the line that holds it, and the commands to type. */

import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { inviteKey, newInviteCode, readInviteCode } from "../../shared/broker/access/invite-code.ts";
import {
  type Address,
  addressText,
  isLoopback,
  isOnAll,
  loopback,
  reachableAddresses,
} from "../../shared/broker/address.ts";
import { type PeersFile, peerUrls, readPeers, selfOf } from "../../shared/broker/peers/peers.ts";
import { pinText } from "../../shared/broker/pin.ts";
import { type BrokerInfo, runningBroker } from "../../shared/broker/server/broker-info.ts";
import {
  type ExternalBroker,
  externalJoinFlags,
  externalJoinLine,
} from "../../shared/broker/server/external-broker.ts";
import type { Scheme } from "../../shared/broker/server-url.ts";
import { peersPin } from "../../shared/broker/tls/door.ts";
import { readIfThere, writeSecretFile } from "../../shared/machine/secret-file.ts";
import { withoutSecrets } from "../../shared/machine/started-with.ts";
import { type WorkspacePaths, workspaceFlags } from "../../shared/machine/workspace.ts";
import { type Bootstrap, bootstrapFor } from "./bootstrap.ts";
import { livingEndpoint } from "./endpoint.ts";

const dayMs = 86_400_000;

const codeFile = (paths: WorkspacePaths): string => join(paths.secrets, "join-code");

/**
 * The code of the invitation that this machine's coordinator shows, kept in a file with mode 0600. It is valid for a day, and
 * replaced after half of that, so that a line on a screen stays valid for at least twelve hours.
 *
 * @param now  wall-clock milliseconds
 * @param isOver  whether an invitation of that id was ended
 */
export function shownCode(paths: WorkspacePaths, now: number, isOver: (invite: string) => boolean): string {
  const kept = readIfThere(codeFile(paths))?.trim() ?? "";
  const read = readInviteCode(kept);
  // A code from the future was made before the clock was set back.
  const left = read.kind === "code" ? read.expiresAt - now : 0;
  if (left > dayMs / 2 && left < 1.5 * dayMs && !isOver(inviteKey(kept).id)) return kept;
  const code = newInviteCode(now + dayMs);
  writeSecretFile(codeFile(paths), `${code}\n`);
  return code;
}

/** The code that was shown last; made by the first call. */
export const joinCode = (paths: WorkspacePaths): string => {
  const kept = readIfThere(codeFile(paths))?.trim() ?? "";
  return readInviteCode(kept).kind === "code" ? kept : shownCode(paths, Date.now(), () => false);
};

const codeOf = (line: string): string => /^[a-z]+:\/\/([^@/]*)@/.exec(line)?.[1] ?? "";

/** Until when a line holds, in wall-clock milliseconds; null if it has no code. */
export function lineHoldsUntil(line: string): number | null {
  const read = readInviteCode(codeOf(line));
  return read.kind === "code" ? read.expiresAt : null;
}

/** What a join line says of the broker beside the code. */
type Known = Pick<BrokerInfo, "url" | "pin" | "names" | "tls">;

/**
 * `tls://CODE@host:port/ws1#sha256=FINGERPRINT`. If the broker listens on all addresses, the host is one that others can reach.
 * Peers are all named, since any of them may be down: `tls://CODE@lab1:4222,lab2:4222,lab3:4222/ws1#...`.
 *
 * @param broker  undefined: one that speaks plain text
 */
export function joinLine(
  paths: WorkspacePaths,
  host: string,
  port: number,
  code = joinCode(paths),
  broker: Known | undefined = runningBroker(paths),
): string {
  const scheme = broker?.url.startsWith("tls:") ? "tls" : "nats";
  const line = (addresses: string): string => lineOf(paths, scheme, code, addresses, broker);
  const file = readPeers(paths);
  if (file) {
    const own = selfOf(file);
    return line([own, ...file.peers.filter(({ id }) => id !== own.id)].map(addressText).join(","));
  }
  return line(addressesText({ host, port }, broker));
}

/**
 * The line with a code, and the one for WebSockets if the broker takes them; empty if no broker of ours runs here. A line that
 * names all peers needs no server on this one of them.
 */
export function linesWith(paths: WorkspacePaths, code: string): readonly string[] {
  const broker = runningBroker(paths);
  if (!broker) {
    const file = readPeers(paths);
    return file ? [joinLine(paths, selfOf(file).host, selfOf(file).port, code, knownOfPeers(paths, file))] : [];
  }
  const { host, port } = broker;
  const webSocket = webSocketLine(paths, broker, code);
  const further = webSocket === undefined ? [] : [webSocket];
  // Others cannot use an address that only this machine reaches: give them the WebSocket line alone.
  if (isLoopback(host) && further.length > 0 && !readPeers(paths)) return further;
  return [joinLine(paths, host, port, code, broker), ...further];
}

/** What is known of the peers' servers without the one on this machine. */
function knownOfPeers(paths: WorkspacePaths, file: PeersFile): Known {
  const pin = peersPin(paths, file);
  return { url: peerUrls(paths, file), pin: pin ? pinText(pin) : undefined, names: undefined, tls: undefined };
}

/** `wss://CODE@host:443/ws1#...`; undefined if the broker takes no WebSockets. */
function webSocketLine(paths: WorkspacePaths, broker: Known, code: string): string | undefined {
  const wss = broker.tls?.wss;
  if (!wss) return undefined;
  return lineOf(paths, "wss", code, addressesText(wss, broker), broker);
}

function lineOf(
  { name }: WorkspacePaths,
  scheme: Scheme,
  code: string,
  addresses: string,
  broker: Known | undefined,
): string {
  const pin = scheme === "nats" || broker?.pin === undefined ? "" : `#${broker.pin}`;
  return `${scheme}://${code}@${addresses}/${name}${pin}`;
}

const addressesText = ({ host, port }: Address, broker: Known | undefined): string =>
  reachable(host, broker)
    .map((each) => addressText({ host: each, port }))
    .join(",");

/** The hosts under which others may reach a listener. With a given certificate, these are the names in it. */
function reachable(host: string, broker: Known | undefined): readonly string[] {
  if (!isOnAll(host)) return [host];
  const hosts = broker?.names ?? reachableAddresses().filter((each) => host === "::" || !each.includes(":"));
  return hosts.length > 0 ? hosts : [loopback];
}

/** A line as it is typed: some shells take `#`, `[` and `]` for signs of their own. */
export const typedLine = (line: string): string => (/[#[\]]/.test(line) ? `"${line}"` : line);

/** What to type on another machine that reaches this one by ssh, if the broker listens on this machine alone. */
export interface Tunnel {
  /** Stays open as long as the worker works. */
  readonly ssh: string;
  readonly command: string;
}

/** How a machine joins the search of the coordinator that runs here. */
export interface Joining {
  /** The command, whose line names every address of this machine that others may reach; then the one that joins by WebSocket. */
  readonly commands: readonly string[];
  /** The command that joins by WebSocket, if it is not the only way. */
  readonly webSocket: string | null;
  /** What to type to let others join, if the broker listens on this machine alone; `commands` are then for this machine. */
  readonly opening: string | null;
  /** How another machine joins nevertheless; null if it needs no tunnel. */
  readonly tunnel: Tunnel | null;
  /** What to type on a machine that has no nexus-swarm; null if this coordinator hands out none. */
  readonly bootstrap: Bootstrap | null;
  /** Until when the commands hold, in wall-clock milliseconds; null: for good. A new one is shown long before. */
  readonly until: number | null;
}

/** Null if no coordinator runs here. */
export function joiningOf(paths: WorkspacePaths): Joining | null {
  const endpoint = livingEndpoint(paths);
  if (!endpoint) return null;
  const code = codeOf(endpoint.joinLine);
  const until = lineHoldsUntil(endpoint.joinLine);
  const closed = closedBroker(paths);
  if (closed) {
    return {
      commands: [`nexus-worker${workspaceFlags(paths.name)}`],
      webSocket: null,
      opening: openingOf(paths, closed.port),
      tunnel: tunnelFor(paths, code),
      bootstrap: bootstrapWith(paths, code),
      until,
    };
  }
  const lines = linesWith(paths, code);
  const commands = lines.map((line) => `nexus-worker ${typedLine(line)}`);
  const webSocket = commands.slice(1).find(isWebSocket) ?? null;
  return { commands, webSocket, opening: null, tunnel: null, bootstrap: bootstrapWith(paths, code), until };
}

/** What starts a worker on a machine without nexus-swarm, by the address of this machine; null if it hands out none. */
export function bootstrapWith(paths: WorkspacePaths, code: string): Bootstrap | null {
  const broker = runningBroker(paths);
  const handedOut = livingEndpoint(paths)?.handedOut;
  const [line] = linesWith(paths, code);
  // Where only WebSockets lead here, no other port does.
  if (!broker || !handedOut || line === undefined || line.startsWith("wss:")) return null;
  const file = readPeers(paths);
  const hosts = file ? [selfOf(file).host] : reachable(broker.host, broker);
  const addresses = hosts.map((host) => addressText({ host, port: handedOut.port }));
  return bootstrapFor(line, addresses, handedOut);
}

/** Null if others reach the broker without a tunnel, or if no broker of ours runs here. */
export function tunnelFor(paths: WorkspacePaths, code: string): Tunnel | null {
  const broker = closedBroker(paths);
  if (!broker || readPeers(paths)) return null;
  const { host, port } = broker;
  const line = joinLine(paths, host, port, code, broker);
  const handedOut = livingEndpoint(paths)?.handedOut;
  const forwards = [port, ...(handedOut ? [handedOut.port] : [])].map(
    (each) => `-L ${each}:${addressText({ host, port: each })}`,
  );
  const ssh = `ssh -N ${forwards.join(" ")} ${loginAt(hostname())}`;
  return { ssh, command: `nexus-worker ${typedLine(line)}` };
}

/** `ann@lab`; the host alone where the user id has no name, as in a container. */
function loginAt(host: string): string {
  try {
    return `${userInfo().username}@${host}`;
  } catch {
    return host;
  }
}

const isWebSocket = (command: string): boolean => command.includes("wss://");

/** What to type if the broker listens on this machine alone; the port stays. `;` separates commands in every shell. */
function openingOf({ name }: WorkspacePaths, port: number): string {
  const flags = workspaceFlags(name);
  return `nexus-coord stop${flags}; nexus-coord${flags} --listen 0.0.0.0:${port}`;
}

/** The same as `Joining.opening`; also null if no broker of ours runs here. */
export function openingIfLocal(paths: WorkspacePaths): string | null {
  const broker = closedBroker(paths);
  return broker && !readPeers(paths) ? openingOf(paths, broker.port) : null;
}

/** The broker, if only this machine reaches it. */
function closedBroker(paths: WorkspacePaths): BrokerInfo | undefined {
  const broker = runningBroker(paths);
  return broker && isLoopback(broker.host) && !broker.tls?.wss ? broker : undefined;
}

/**
 * What to type after `nexus-worker`; a placeholder if the coordinator runs on another machine, which prints its own line.
 *
 * @param showsSecrets  whether the line may hold the code; default: only if messages go to a terminal
 */
export function shownJoinLine(
  paths: WorkspacePaths,
  external: ExternalBroker | null,
  showsSecrets: boolean = process.stderr.isTTY === true,
): string {
  const line = wholeJoinLine(paths, external);
  return showsSecrets || withoutSecrets(line) === line ? line : joinLinePlaceholder;
}

const joinLinePlaceholder = "<the join line that nexus-coord printed>";

function wholeJoinLine(paths: WorkspacePaths, external: ExternalBroker | null): string {
  if (external) return `${typedLine(externalJoinLine(paths, external))}${externalJoinFlags(external)}`;
  // A worker on this machine needs no line, and others could not use it.
  if (closedBroker(paths)) return workspaceFlags(paths.name).trim();
  const known = livingEndpoint(paths)?.joinLine;
  if (known === undefined) return joinLinePlaceholder;
  const [line = known] = linesWith(paths, codeOf(known));
  return typedLine(line);
}

/**
 * Commands beside their label, or below it if that would be too wide. There, commands joined by `; ` get a line each;
 * one that holds a program in quotes stays whole, so that a shell can read it.
 */
export function labelled(label: string, commands: string, width: number): string[] {
  const line = `${`  ${label}`.padEnd(41)}${commands}`;
  if (line.length <= width) return [line];
  const each = /['"]/.test(commands) ? [commands] : commands.split("; ");
  return [`  ${label}`, ...each.map((command) => `    ${command}`)];
}
