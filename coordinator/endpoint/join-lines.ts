/** How other machines join: the workspace's join code, the line that holds it, and the commands to type. */

import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { addressText, hostInUrl, loopback } from "../../shared/broker/address.ts";
import { readPeers, selfOf } from "../../shared/broker/peers/peers.ts";
import { runningBroker } from "../../shared/broker/server/broker-info.ts";
import {
  type ExternalBroker,
  externalJoinFlags,
  externalJoinLine,
} from "../../shared/broker/server/external-broker.ts";
import { writeSecretFile } from "../../shared/machine/secret-file.ts";
import { withoutSecrets } from "../../shared/machine/started-with.ts";
import { type WorkspacePaths, workspaceFlags } from "../../shared/machine/workspace.ts";
import { livingEndpoint } from "./endpoint.ts";

/** The workspace's join code, which lets a machine enrol. Made by the first call and kept in a file with mode 0600. */
export function joinCode(paths: WorkspacePaths): string {
  const file = join(paths.secrets, "join-code");
  if (!existsSync(file)) writeSecretFile(file, `${randomBytes(18).toString("base64url")}\n`);
  return readFileSync(file, "utf8").trim();
}

/**
 * `nats://CODE@host:port/ws1`. If the broker listens on all addresses, the host is one that others can reach. Peers are all named,
 * since any of them may be down: `nats://CODE@lab1:4222,lab2:4222,lab3:4222/ws1`.
 */
export function joinLine(paths: WorkspacePaths, host: string, port: number): string {
  const line = (addresses: string): string => `nats://${joinCode(paths)}@${addresses}/${paths.name}`;
  const file = readPeers(paths);
  if (file) {
    const own = selfOf(file);
    return line([own, ...file.peers.filter(({ id }) => id !== own.id)].map(addressText).join(","));
  }
  const reachable = isOnAll(host) ? (reachableAddresses().find((each) => !each.includes(":")) ?? loopback) : host;
  return line(addressText({ host: reachable, port }));
}

/** How a machine joins the search of the coordinator that runs here. */
export interface Joining {
  /** One command for each address of this machine: only a person knows which of them other machines can reach. */
  readonly commands: readonly string[];
  /** What to type to let others join, if the broker listens on this machine alone; `commands` are then for this machine. */
  readonly opening: string | null;
}

/** Null if no coordinator runs here. */
export function joiningOf(paths: WorkspacePaths): Joining | null {
  const endpoint = livingEndpoint(paths);
  if (!endpoint) return null;
  const host = runningBroker(paths)?.host;
  if (isLocal(host)) {
    const flags = workspaceFlags(paths.name);
    // `;` separates commands in every shell.
    const opening = `nexus-coord stop${flags}; nexus-coord${flags} --listen 0.0.0.0:4222`;
    return { commands: [`nexus-worker${flags}`], opening };
  }
  const lines = linesFor(endpoint.joinLine, isOnAll(host) ? reachableAddresses() : []);
  return { commands: lines.map((line) => `nexus-worker ${line}`), opening: null };
}

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
