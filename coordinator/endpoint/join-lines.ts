import { networkInterfaces } from "node:os";
import { runningBroker } from "../../shared/broker/server/broker-info.ts";
import {
  type ExternalBroker,
  externalJoinFlags,
  externalJoinLine,
} from "../../shared/broker/server/external-broker.ts";
import type { WorkspacePaths } from "../../shared/machine/workspace.ts";
import { livingEndpoint } from "./endpoint.ts";

/** How a machine joins the search of a coordinator that runs here. */
export interface Joining {
  /** What to type, once for each address under which others may reach this one: which of them they see, only a person knows. */
  readonly commands: readonly string[];
  /** Where the broker listens on this machine alone: what lets others join. The commands are for this machine then. */
  readonly opening: string | null;
}

/** Null where no coordinator runs here. */
export function joiningOf(paths: WorkspacePaths): Joining | null {
  const endpoint = livingEndpoint(paths);
  if (!endpoint) return null;
  const broker = runningBroker(paths);
  if (isLocal(broker?.host)) return { commands: [withFlag("nexus-worker", paths)], opening: openingOf(paths) };
  const isOnAll = broker?.host === "0.0.0.0" || broker?.host === "::";
  const lines = linesFor(endpoint.joinLine, isOnAll ? reachableAddresses() : []);
  return { commands: lines.map((line) => `nexus-worker ${line}`), opening: null };
}

/** What a person types after `nexus-worker`, or what stands for it: a coordinator on another machine prints its own. */
export function shownJoinLine(paths: WorkspacePaths, external: ExternalBroker | null): string {
  if (external) return `${externalJoinLine(paths, external)}${externalJoinFlags(external)}`;
  // Who is on the same machine needs no line, and nobody else could use it.
  if (isLocal(runningBroker(paths)?.host)) return withFlag("", paths).trim();
  return livingEndpoint(paths)?.joinLine ?? "<the join line that nexus-coord printed>";
}

/** What is typed, beside what it is for; below it where the line would be too long, and then one command a line. */
export function labelled(label: string, commands: string, width: number): string[] {
  const line = `${`  ${label}`.padEnd(41)}${commands}`;
  return line.length <= width ? [line] : [`  ${label}`, ...commands.split("; ").map((each) => `    ${each}`)];
}

const isLocal = (host: string | undefined): boolean => host !== undefined && /^(127\.|localhost$|::1$)/.test(host);

/** `;` is the same in every shell. */
const openingOf = (paths: WorkspacePaths): string =>
  `${withFlag("nexus-coord stop", paths)}; ${withFlag("nexus-coord", paths)} --listen 0.0.0.0:4222`;

const withFlag = (command: string, { name }: WorkspacePaths): string =>
  name === "ws1" ? command : `${command} --workspace ${name}`;

/** The join line with each of the addresses in the place of its own; the line itself where there are none, or it names several. */
export function linesFor(line: string, addresses: readonly string[]): string[] {
  const [, before = "", host = "", after = ""] = /^(nats:\/\/[^@]*@)(\[[^\]]+\]|[^:/,]+)(:[^,]*)$/.exec(line) ?? [];
  if (host === "") return [line];
  const others = addresses.map((address) => `${before}${address.includes(":") ? `[${address}]` : address}${after}`);
  return [...new Set([line, ...others])];
}

/** IPv4 first; not those that mean something on one link alone. */
function reachableAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const usable = all.filter(({ internal, address }) => !internal && !address.toLowerCase().startsWith("fe80:"));
  return usable.sort((a, b) => Number(a.family === "IPv6") - Number(b.family === "IPv6")).map(({ address }) => address);
}
