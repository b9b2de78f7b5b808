/** How other machines join: the workspace's join code, the line that holds it, and the commands to type. */

import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { inviteKey, newInviteCode, readInviteCode } from "../../shared/broker/access/invite-code.ts";
import { addressText, hostInUrl, loopback } from "../../shared/broker/address.ts";
import { readPeers, selfOf } from "../../shared/broker/peers/peers.ts";
import { runningBroker } from "../../shared/broker/server/broker-info.ts";
import {
  type ExternalBroker,
  externalJoinFlags,
  externalJoinLine,
} from "../../shared/broker/server/external-broker.ts";
import { readIfThere, writeSecretFile } from "../../shared/machine/secret-file.ts";
import { withoutSecrets } from "../../shared/machine/started-with.ts";
import { type WorkspacePaths, workspaceFlags } from "../../shared/machine/workspace.ts";
import { livingEndpoint } from "./endpoint.ts";

const dayMs = 86_400_000;

const codeFile = (paths: WorkspacePaths): string => join(paths.secrets, "join-code");

/**
 * The code of the invitation that this machine's coordinator shows, kept in a file with mode 0600. It holds for a day, and is
 * made anew once half of that is over, so that a line on a screen holds for twelve hours at least.
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

/** Until when a line holds, in wall-clock milliseconds; null if it has no code. */
export function lineHoldsUntil(line: string): number | null {
  const [, code = ""] = /^[a-z]+:\/\/([^@/]*)@/.exec(line) ?? [];
  const read = readInviteCode(code);
  return read.kind === "code" ? read.expiresAt : null;
}

/**
 * `nats://CODE@host:port/ws1`. If the broker listens on all addresses, the host is one that others can reach. Peers are all named,
 * since any of them may be down: `nats://CODE@lab1:4222,lab2:4222,lab3:4222/ws1`.
 */
export function joinLine(paths: WorkspacePaths, host: string, port: number, code = joinCode(paths)): string {
  const line = (addresses: string): string => `nats://${code}@${addresses}/${paths.name}`;
  const file = readPeers(paths);
  if (file) {
    const own = selfOf(file);
    return line([own, ...file.peers.filter(({ id }) => id !== own.id)].map(addressText).join(","));
  }
  const reachable = isOnAll(host) ? (reachableAddresses().find((each) => !each.includes(":")) ?? loopback) : host;
  return line(addressText({ host: reachable, port }));
}

/** The line with a code, with each address of this machine; empty if no broker of ours runs here. */
export function linesWith(paths: WorkspacePaths, code: string): readonly string[] {
  const broker = runningBroker(paths);
  if (!broker) return [];
  const { host, port } = broker;
  return linesFor(joinLine(paths, host, port, code), isOnAll(host) ? reachableAddresses() : []);
}

/** How a machine joins the search of the coordinator that runs here. */
export interface Joining {
  /** One command for each address of this machine: only a person knows which of them other machines can reach. */
  readonly commands: readonly string[];
  /** What to type to let others join, if the broker listens on this machine alone; `commands` are then for this machine. */
  readonly opening: string | null;
  /** Until when the commands hold, in wall-clock milliseconds; null: for good. A new one is shown long before. */
  readonly until: number | null;
}

/** Null if no coordinator runs here. */
export function joiningOf(paths: WorkspacePaths): Joining | null {
  const endpoint = livingEndpoint(paths);
  if (!endpoint) return null;
  const host = runningBroker(paths)?.host;
  if (isLocal(host)) {
    return { commands: [`nexus-worker${workspaceFlags(paths.name)}`], opening: openingOf(paths), until: null };
  }
  const lines = linesFor(endpoint.joinLine, isOnAll(host) ? reachableAddresses() : []);
  const until = lineHoldsUntil(endpoint.joinLine);
  return { commands: lines.map((line) => `nexus-worker ${line}`), opening: null, until };
}

/** What to type if the broker listens on this machine alone. `;` separates commands in every shell. */
function openingOf({ name }: WorkspacePaths): string {
  const flags = workspaceFlags(name);
  return `nexus-coord stop${flags}; nexus-coord${flags} --listen 0.0.0.0:4222`;
}

/** The same as `Joining.opening`; null also if no broker of ours runs here. */
export const openingIfLocal = (paths: WorkspacePaths): string | null =>
  isLocal(runningBroker(paths)?.host) && !readPeers(paths) ? openingOf(paths) : null;

/**
 * What to type after `nexus-worker`; a placeholder if the coordinator runs on another machine, which prints its own line.
 *
 * @param showsSecrets  whether it may hold the code: not where no terminal shows it
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
  if (external) return `${externalJoinLine(paths, external)}${externalJoinFlags(external)}`;
  // A worker on this machine needs no line, and others could not use it.
  if (isLocal(runningBroker(paths)?.host)) return workspaceFlags(paths.name).trim();
  return livingEndpoint(paths)?.joinLine ?? joinLinePlaceholder;
}

/** Commands beside their label, or below it, one a line, if that would be too wide. */
export function labelled(label: string, commands: string, width: number): string[] {
  const line = `${`  ${label}`.padEnd(41)}${commands}`;
  return line.length <= width ? [line] : [`  ${label}`, ...commands.split("; ").map((each) => `    ${each}`)];
}

/** The join line, then the same with each other address; only the line itself if it names several brokers. */
export function linesFor(line: string, addresses: readonly string[]): string[] {
  const [, before = "", host = "", after = ""] = /^(nats:\/\/[^@]*@)(\[[^\]]+\]|[^:/,]+)(:[^,]*)$/.exec(line) ?? [];
  if (host === "") return [line];
  return [...new Set([line, ...addresses.map((address) => `${before}${hostInUrl(address)}${after}`)])];
}

const isLocal = (host: string | undefined): boolean => host !== undefined && /^(127\.|localhost$|::1$)/.test(host);
const isOnAll = (host: string | undefined): boolean => host === "0.0.0.0" || host === "::";

/** This machine's addresses, IPv4 first, without IPv6 addresses that are valid on one link only. */
function reachableAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const usable = all.filter(({ internal, address }) => !internal && !address.toLowerCase().startsWith("fe80:"));
  return usable.sort((a, b) => Number(a.family === "IPv6") - Number(b.family === "IPv6")).map(({ address }) => address);
}
