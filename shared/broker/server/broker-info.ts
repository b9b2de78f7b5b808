import { rmSync } from "node:fs";
import { isAlive, isProcessIdentity, type ProcessIdentity } from "../../machine/process-identity.ts";
import { readJsonFields, writeJsonFile } from "../../machine/secret-file.ts";
import type { WorkspacePaths } from "../../machine/workspace.ts";
import { readTls, type TlsSettings } from "../tls/tls-settings.ts";

/** The broker of a workspace, as its guard describes it in broker.json. */
export interface BrokerInfo {
  /** For programs on this machine: `nats://127.0.0.1:4222`, `tls://127.0.0.1:4222#sha256=...`. */
  readonly url: string;
  /** What it listens on: `127.0.0.1`, or `0.0.0.0` for all addresses of this machine. */
  readonly host: string;
  readonly port: number;
  /** How it was told to encrypt; undefined: started by a version that could not. */
  readonly tls?: TlsSettings | undefined;
  /** What other machines know it by, `sha256=...`; undefined: by an authority that all know, or it is plain text. */
  readonly pin?: string | undefined;
  /** The only names under which other machines believe it; undefined: any. */
  readonly names?: readonly string[] | undefined;
  readonly guard: ProcessIdentity;
  /** Null while the server is down. */
  readonly server: ProcessIdentity | null;
  /** Why the server is kept down, as a sentence for people; null if all is well or a restart is under way. */
  readonly trouble: string | null;
  /** No coordinator holds the broker: it waits for a restart of one that died. */
  readonly lingers: boolean;
  readonly version: string;
  /** ISO time. */
  readonly startedAt: string;
}

/** The broker whose guard runs on this machine, even if its server is down for a moment; undefined if there is none. */
export function runningBroker(paths: WorkspacePaths): BrokerInfo | undefined {
  const info = readBrokerInfo(paths);
  return info && isAlive(info.guard) ? info : undefined;
}

export const isServing = (info: BrokerInfo): boolean => info.server !== null && isAlive(info.server);

/** What a guard calls itself in the store's lock. */
export const guardPurpose = (paths: WorkspacePaths): string => `the broker of workspace ${paths.name}`;

export const writeBrokerInfo = (paths: WorkspacePaths, info: BrokerInfo): void =>
  writeJsonFile(paths.brokerInfo, info, 2);

export const removeBrokerInfo = (paths: WorkspacePaths): void => rmSync(paths.brokerInfo, { force: true });

function readBrokerInfo(paths: WorkspacePaths): BrokerInfo | undefined {
  const fields = readJsonFields(paths.brokerInfo);
  const { url, host, port, guard, server, trouble, lingers, version, startedAt } = fields;
  const texts = [url, host, version, startedAt].every((field) => typeof field === "string");
  const identities = isProcessIdentity(guard) && (server === null || isProcessIdentity(server));
  const rest =
    Number.isInteger(port) && (trouble === null || typeof trouble === "string") && typeof lingers === "boolean";
  if (!texts || !identities || !rest) return undefined;
  const { tls, pin, names } = fields;
  const later = {
    tls: tls === undefined ? undefined : readTls(tls),
    pin: typeof pin === "string" ? pin : undefined,
    names: Array.isArray(names) && names.every((name) => typeof name === "string") ? names : undefined,
  };
  // Every other field was checked.
  return { ...(fields as unknown as BrokerInfo), ...later };
}
