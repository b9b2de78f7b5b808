import { rmSync } from "node:fs";
import { join } from "node:path";
import { readIfThere, readJsonFields, writeJsonFile, writeSecretFile } from "./secret-file.ts";
import type { WorkspacePaths } from "./workspace.ts";

/**
 * `restored.json`: the store came from a backup, and with it programs that would run on this machine (`hp_tuning: own`). Whoever made
 * the backup chose them, and has its keys. So none starts before a person has said so here. No backup holds this file.
 */
export interface Restored {
  /** The workspace that the backup is of, and when it was made. */
  readonly from: string;
  readonly at: string;
  /** Where the store is; null: at this machine's own broker. */
  readonly broker: string | null;
  /** Jobs whose programs may not start. */
  readonly jobs: readonly string[];
}

type Dir = Pick<WorkspacePaths, "dir">;
const fileOf = ({ dir }: Dir): string => join(dir, "restored.json");

export function readRestored(paths: Dir): Restored | undefined {
  const { from, at, broker, jobs } = readJsonFields(fileOf(paths));
  if (typeof from !== "string" || typeof at !== "string" || !Array.isArray(jobs)) return undefined;
  return { from, at, broker: typeof broker === "string" ? broker : null, jobs: jobs.map(String) };
}

/** @returns what puts back the file that was there */
export function noteRestored(paths: Dir, restored: Restored): () => void {
  const file = fileOf(paths);
  const before = readIfThere(file);
  writeJsonFile(file, restored);
  return () => (before === undefined ? rmSync(file, { force: true }) : writeSecretFile(file, before));
}

/** The backup with which a job's program came, if nobody has let it start yet. */
export function barredBy(paths: Dir, broker: string | null, job: string): Restored | undefined {
  const restored = readRestored(paths);
  return restored?.broker === broker && restored.jobs.includes(job) ? restored : undefined;
}

/** A person on this machine lets the programs of these jobs start. */
export function letStart(paths: Dir, broker: string | null, jobs: readonly string[]): void {
  const restored = readRestored(paths);
  if (restored?.broker !== broker || !restored.jobs.some((job) => jobs.includes(job))) return;
  writeJsonFile(fileOf(paths), { ...restored, jobs: restored.jobs.filter((job) => !jobs.includes(job)) });
}
