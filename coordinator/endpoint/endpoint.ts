import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { addressText } from "../../shared/broker/address.ts";
import { readPeers, selfOf } from "../../shared/broker/peers/peers.ts";
import { isAlive, isProcessIdentity, type ProcessIdentity } from "../../shared/machine/process-identity.ts";
import { readJsonFields, writeJsonFile, writeSecretFile } from "../../shared/machine/secret-file.ts";
import type { WorkspacePaths } from "../../shared/machine/workspace.ts";

/** How commands on this machine find the coordinator that leads; endpoint.json, mode 0600, for it holds the join code. */
export interface Endpoint {
  readonly coordinator: ProcessIdentity;
  readonly url: string;
  /** What a person types after `nexus-worker` on another machine. */
  readonly joinLine: string;
  /** Wall clock, milliseconds. */
  readonly since: number;
  /** What it was started with; undefined where it does not say, as older ones do. */
  readonly settings?: StartSettings | undefined;
}

/** What counts only when a coordinator starts. */
export interface StartSettings {
  readonly leaseMs: number;
  readonly lingerMs: number;
  /** Copies of each stream on a broker of someone else's. */
  readonly replicas?: number | undefined;
}

export function writeEndpoint(paths: WorkspacePaths, endpoint: Endpoint): void {
  writeJsonFile(paths.endpoint, endpoint, 2);
}

/** Removes it if it is still this process's own. */
export function removeEndpoint(paths: WorkspacePaths, own: ProcessIdentity): void {
  if (readEndpointFile(paths)?.coordinator.pid === own.pid) rmSync(paths.endpoint, { force: true });
}

/** The coordinator that runs on this machine; undefined when none does. */
export function livingEndpoint(paths: WorkspacePaths): Endpoint | undefined {
  const endpoint = readEndpointFile(paths);
  return endpoint && isAlive(endpoint.coordinator) ? endpoint : undefined;
}

function readEndpointFile(paths: WorkspacePaths): Endpoint | undefined {
  const { coordinator, url, joinLine, since, settings } = readJsonFields(paths.endpoint);
  if (!isProcessIdentity(coordinator) || typeof url !== "string" || typeof joinLine !== "string") return undefined;
  return {
    coordinator,
    url,
    joinLine,
    since: typeof since === "number" ? since : 0,
    settings: isStartSettings(settings) ? settings : undefined,
  };
}

const isStartSettings = (value: unknown): value is StartSettings =>
  typeof value === "object" &&
  value !== null &&
  "leaseMs" in value &&
  typeof value.leaseMs === "number" &&
  "lingerMs" in value &&
  typeof value.lingerMs === "number";

/** The workspace's join code: whoever knows it may enrol a machine. Made at the first call, kept in a file of mode 0600. */
export function joinCode(paths: WorkspacePaths): string {
  const file = join(paths.secrets, "join-code");
  if (!existsSync(file)) writeSecretFile(file, `${randomBytes(18).toString("base64url")}\n`);
  return readFileSync(file, "utf8").trim();
}

/**
 * `nats://CODE@host:port/ws1`, with an address of this machine that others can reach where the broker listens on all; with
 * peers all of theirs, `nats://CODE@lab1:4222,lab2:4222,lab3:4222/ws1`, since any of them may be down.
 */
export function joinLine(paths: WorkspacePaths, host: string, port: number): string {
  const file = readPeers(paths);
  if (file) {
    const own = selfOf(file);
    const peers = [own, ...file.peers.filter(({ id }) => id !== own.id)];
    return `nats://${joinCode(paths)}@${peers.map(addressText).join(",")}/${paths.name}`;
  }
  const address = host === "0.0.0.0" || host === "::" ? (reachableAddress() ?? "127.0.0.1") : host;
  const shown = address.includes(":") ? `[${address}]` : address;
  return `nats://${joinCode(paths)}@${shown}:${port}/${paths.name}`;
}

function reachableAddress(): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return all.find(({ family, internal }) => family === "IPv4" && !internal)?.address;
}
