import { networkInterfaces } from "node:os";
import { runningBroker } from "../shared/broker/broker-info.ts";
import { type ExternalBroker, externalJoinFlags, externalJoinLine } from "../shared/broker/external-broker.ts";
import type { WorkspacePaths } from "../shared/workspace.ts";
import { livingEndpoint } from "./endpoint.ts";

/**
 * What another machine types after `nexus-worker`, once for each address under which others may reach this machine: which of
 * them another machine sees, only a person knows. Empty where no coordinator runs here.
 */
export function joinLines(paths: WorkspacePaths): string[] {
  const endpoint = livingEndpoint(paths);
  const broker = runningBroker(paths);
  if (!endpoint) return [];
  const isOnAll = broker?.host === "0.0.0.0" || broker?.host === "::";
  return linesFor(endpoint.joinLine, isOnAll ? reachableAddresses() : []);
}

/** What a person types after `nexus-worker`, or what stands for it: a coordinator on another machine prints its own. */
export function shownJoinLine(paths: WorkspacePaths, external: ExternalBroker | null): string {
  if (external) return `${externalJoinLine(paths, external)}${externalJoinFlags(external)}`;
  return livingEndpoint(paths)?.joinLine ?? "<the join line that nexus-coord printed>";
}

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
