import { randomBytes } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isAlive, isProcessIdentity, ownIdentity, type ProcessIdentity } from "../../machine/process-identity.ts";
import { readJsonFields, writeJsonFile } from "../../machine/secret-file.ts";
import type { WorkspacePaths } from "../../machine/workspace.ts";

/** What needs the broker: a coordinator, which must find it again after a crash, or a command that only reads. */
export type HolderKind = "coordinator" | "reader";

/** A process that needs the broker, as its file in `holders/` says. */
interface Holder {
  readonly file: string;
  readonly identity: ProcessIdentity;
  readonly kind: HolderKind;
  /** Milliseconds that the broker stays up after this holder dies without releasing it; 0 for readers. */
  readonly lingerMs: number;
}

/** Registers this process; one process may hold several times. */
export function addHolder(paths: WorkspacePaths, kind: HolderKind, lingerMs: number): { release(): void } {
  const identity = ownIdentity();
  const file = join(paths.holders, `${identity.pid}.${randomBytes(4).toString("hex")}.json`);
  writeJsonFile(file, { identity, kind, lingerMs: kind === "reader" ? 0 : lingerMs });
  return { release: () => rmSync(file, { force: true }) };
}

interface Census {
  readonly living: readonly Holder[];
  /** Those that died without releasing. Their files stay until `forget`. */
  readonly dead: readonly Holder[];
}

export function takeCensus(paths: WorkspacePaths): Census {
  const holders = readdirSync(paths.holders)
    .filter((name) => name.endsWith(".json"))
    .map((name) => readHolder(join(paths.holders, name)))
    .filter((holder) => holder !== undefined);
  return {
    living: holders.filter(({ identity }) => isAlive(identity)),
    dead: holders.filter(({ identity }) => !isAlive(identity)),
  };
}

export function forget(holders: readonly Holder[]): void {
  for (const { file } of holders) rmSync(file, { force: true });
}

/** Undefined for a file that was removed meanwhile, or is no holder's. */
function readHolder(file: string): Holder | undefined {
  const { identity, kind, lingerMs } = readJsonFields(file);
  if (!isProcessIdentity(identity) || typeof lingerMs !== "number") return undefined;
  return kind === "coordinator" || kind === "reader" ? { file, identity, kind, lingerMs } : undefined;
}
