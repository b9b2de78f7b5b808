/**
 * `secrets/seal.json`: the keys with which coordinators seal the journal, and where sealing began. Only machines that may lead
 * have it; it is never sent to a broker. It goes with the other secrets to peers and into backups.
 */

import { createHmac, randomBytes } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../../errors.ts";
import { readJsonFields, writeJsonFile, writeNewFile } from "../../machine/secret-file.ts";
import { type WorkspacePaths, workspaceFlags } from "../../machine/workspace.ts";
import { type SealKey, sealKey, secretBytes } from "../../wire/seals/seals.ts";

/** The part of the journal that was there before the first seal: it is believed as it was then. */
export interface Unsealed {
  /** Its last sequence; 0: all is sealed. */
  readonly seq: number;
  /** SHA-256 over its messages, hexadecimal; see `JournalDigest`. */
  readonly digest: string;
}

interface SealFile {
  readonly version: 1;
  readonly keys: readonly { readonly from: number; readonly key: string }[];
  /** Null until the first record is sealed. */
  readonly before: Unsealed | null;
}

/** The keys, the newest last, and where sealing began. */
export interface Seals {
  readonly keys: readonly SealKey[];
  readonly before: Unsealed | null;
  /** The present keys; undefined if the file is as it was at the last call. */
  readonly changed?: () => readonly SealKey[] | undefined;
}

export const sealFileName = "seal.json";
export const sealFile = (paths: Pick<WorkspacePaths, "secrets">): string => join(paths.secrets, sealFileName);

/**
 * Makes the key if there is none. Several processes may call this at once: one of them makes it.
 *
 * @param shared  a secret that all peers have, where a workspace of several machines is older than its seals: all derive the
 *   same key from it. Left out: a random key
 */
export function ensureSealFile(paths: WorkspacePaths, shared?: string): void {
  const path = sealFile(paths);
  if (existsSync(path)) return;
  const key =
    shared === undefined
      ? randomBytes(secretBytes)
      : createHmac("sha256", shared).update("the key of the seals").digest();
  const file: SealFile = { version: 1, keys: [{ from: 1, key: key.toString("base64url") }], before: null };
  try {
    writeNewFile(path, `${JSON.stringify(file)}\n`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/** Undefined if this machine has no key. @throws UsageError if the file is damaged */
export function readSeals(paths: WorkspacePaths): Seals | undefined {
  const path = sealFile(paths);
  const timeOf = (): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  let seen = timeOf();
  const file = readFile(paths);
  const changed = (): readonly SealKey[] | undefined => {
    const now = timeOf();
    if (now === seen) return undefined;
    const next = readFile(paths);
    seen = now;
    return next && keysOf(next);
  };
  return file && { keys: keysOf(file), before: file.before, changed };
}

const keysOf = ({ keys }: SealFile): SealKey[] =>
  keys.map(({ from, key }) => sealKey(Buffer.from(key, "base64url"), from));

/** As `readSeals`; undefined also if the file is damaged: a command that only reads does without. */
export function sealsForReading(paths: WorkspacePaths): Seals | undefined {
  try {
    return readSeals(paths);
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

/** Notes where sealing began; null: the next coordinator that leads finds out. */
export function writeBefore(paths: WorkspacePaths, before: Unsealed | null): void {
  const file = readFile(paths);
  if (file) writeJsonFile(sealFile(paths), { ...file, before });
}

/**
 * Adds a new key; coordinators seal with it from now on.
 *
 * @param fromSeq  the first sequence that it seals: one more than the journal's last; nobody else may lead meanwhile
 */
export function rotateSeal(paths: WorkspacePaths, fromSeq: number): void {
  const file = readFile(paths);
  if (!file) {
    ensureSealFile(paths);
    return;
  }
  const keys = [...file.keys, { from: fromSeq, key: randomBytes(secretBytes).toString("base64url") }];
  writeJsonFile(sealFile(paths), { ...file, keys });
}

function readFile(paths: WorkspacePaths): SealFile | undefined {
  const path = sealFile(paths);
  if (!existsSync(path)) return undefined;
  const file: unknown = readJsonFields(path);
  if (isSealFile(file)) return file;
  throw new UsageError(
    `${path} is damaged: expected the keys that seal the journal, as nexus-coord wrote them\n` +
      "  put back a copy of it, from a peer or a backup; if there is none, remove it, then believe what the journal holds:" +
      ` nexus${workspaceFlags(paths.name)} repair --accept-journal`,
  );
}

function isSealFile(value: unknown): value is SealFile {
  const { version, keys, before } = value as Partial<Record<keyof SealFile, unknown>>;
  const isSequence = (field: unknown, least: number): boolean =>
    Number.isSafeInteger(field) && (field as number) >= least;
  const isKey = (each: unknown): boolean => {
    const { from, key } = (each ?? {}) as { from?: unknown; key?: unknown };
    return isSequence(from, 1) && typeof key === "string" && Buffer.from(key, "base64url").length === secretBytes;
  };
  const isBefore = (each: unknown): boolean => {
    if (each === null) return true;
    const { seq, digest } = (each ?? {}) as { seq?: unknown; digest?: unknown };
    return isSequence(seq, 0) && typeof digest === "string" && /^[0-9a-f]{64}$/.test(digest);
  };
  return version === 1 && Array.isArray(keys) && keys.length > 0 && keys.every(isKey) && isBefore(before);
}
