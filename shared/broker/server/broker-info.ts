import { rmSync } from "node:fs";
import { isAlive, isProcessIdentity, type ProcessIdentity } from "../../machine/process-identity.ts";
import { readJsonFile, type WorkspacePaths, writeSecretFile } from "../../machine/workspace.ts";

/** The broker of a workspace, as its guard describes it in broker.json. */
export interface BrokerInfo {
  /** For programs on this machine: `nats://127.0.0.1:4222`. */
  readonly url: string;
  /** What it listens on: `127.0.0.1`, or `0.0.0.0` for all of this machine's addresses. */
  readonly host: string;
  readonly port: number;
  readonly guard: ProcessIdentity;
  /** Null while the server is down. */
  readonly server: ProcessIdentity | null;
  /** Why the server is kept down, a sentence for people; null when all is well or a restart is on its way. */
  readonly trouble: string | null;
  /** No coordinator holds the broker: it waits for one that died to come back. */
  readonly lingers: boolean;
  readonly version: string;
  /** ISO time. */
  readonly startedAt: string;
}

/** The broker that runs here, its server perhaps down for a moment; undefined when none does. Starts nothing. */
export function runningBroker(paths: WorkspacePaths): BrokerInfo | undefined {
  const info = readBrokerInfo(paths);
  return info && isAlive(info.guard) ? info : undefined;
}

export const isServing = (info: BrokerInfo): boolean => info.server !== null && isAlive(info.server);

/** What a guard calls itself in the store's lock. */
export const guardPurpose = (paths: WorkspacePaths): string => `the broker of workspace ${paths.name}`;

export function writeBrokerInfo(paths: WorkspacePaths, info: BrokerInfo): void {
  writeSecretFile(paths.brokerInfo, `${JSON.stringify(info, null, 2)}\n`);
}

export function removeBrokerInfo(paths: WorkspacePaths): void {
  rmSync(paths.brokerInfo, { force: true });
}

/** Where a program on this machine finds a server that listens on `host`. */
export function localUrl(host: string, port: number): string {
  return `nats://${hostInUrl(localHost(host))}:${port}`;
}

export function localHost(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}

export const hostInUrl = (host: string): string => (host.includes(":") ? `[${host}]` : host);

function readBrokerInfo(paths: WorkspacePaths): BrokerInfo | undefined {
  const value = readJsonFile(paths.brokerInfo);
  if (typeof value !== "object" || value === null) return undefined;
  const { url, host, port, guard, server, trouble, lingers, version, startedAt } = value as Record<string, unknown>;
  const texts = [url, host, version, startedAt].every((field) => typeof field === "string");
  const identities = isProcessIdentity(guard) && (server === null || isProcessIdentity(server));
  const rest =
    Number.isInteger(port) && (trouble === null || typeof trouble === "string") && typeof lingers === "boolean";
  return texts && identities && rest ? (value as BrokerInfo) : undefined;
}
