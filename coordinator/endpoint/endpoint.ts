import { rmSync } from "node:fs";
import { isAlive, isProcessIdentity, type ProcessIdentity } from "../../shared/machine/process-identity.ts";
import { readJsonFields, writeJsonFile } from "../../shared/machine/secret-file.ts";
import type { WorkspacePaths } from "../../shared/machine/workspace.ts";
import { type HandedOut, readHandedOut } from "./bootstrap.ts";

/** How commands on this machine find its coordinator: endpoint.json, with mode 0600 since it holds the join code. */
export interface Endpoint {
  readonly coordinator: ProcessIdentity;
  readonly url: string;
  /** What a person types after `nexus-worker` on another machine. */
  readonly joinLine: string;
  /** Wall clock, milliseconds. */
  readonly since: number;
  /** What it was started with; undefined if an older version wrote the file. */
  readonly settings?: StartSettings | undefined;
  /** The package that it hands out; undefined: none. */
  readonly handedOut?: HandedOut | undefined;
}

/** Settings that take effect only at the start. */
export interface StartSettings {
  readonly leaseMs: number;
  readonly lingerMs: number;
  /** Copies of each stream on an external broker. */
  readonly replicas?: number | undefined;
  /** Whose own searches it starts; undefined if an older version wrote the file. */
  readonly ownSearch?: string | undefined;
}

export const writeEndpoint = (paths: WorkspacePaths, endpoint: Endpoint): void =>
  writeJsonFile(paths.endpoint, endpoint, 2);

/** Removes the file if it is still this process's own. */
export function removeEndpoint(paths: WorkspacePaths, own: ProcessIdentity): void {
  if (readEndpointFile(paths)?.coordinator.pid === own.pid) rmSync(paths.endpoint, { force: true });
}

/** The coordinator that runs on this machine, if any. */
export function livingEndpoint(paths: WorkspacePaths): Endpoint | undefined {
  const endpoint = readEndpointFile(paths);
  return endpoint && isAlive(endpoint.coordinator) ? endpoint : undefined;
}

function readEndpointFile(paths: WorkspacePaths): Endpoint | undefined {
  const { coordinator, url, joinLine, since, settings, handedOut } = readJsonFields(paths.endpoint);
  if (!isProcessIdentity(coordinator) || typeof url !== "string" || typeof joinLine !== "string") return undefined;
  return {
    coordinator,
    url,
    joinLine,
    since: typeof since === "number" ? since : 0,
    settings: isStartSettings(settings) ? settings : undefined,
    handedOut: readHandedOut(handedOut),
  };
}

const isStartSettings = (value: unknown): value is StartSettings =>
  typeof value === "object" &&
  value !== null &&
  "leaseMs" in value &&
  typeof value.leaseMs === "number" &&
  "lingerMs" in value &&
  typeof value.lingerMs === "number";
