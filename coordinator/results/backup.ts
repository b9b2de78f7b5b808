import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { UsageError } from "../../shared/errors.ts";
import { programVersion } from "../../shared/version.ts";
import { workspacePaths } from "../../shared/workspace.ts";
import type { Output } from "./output.ts";
import { type GlobalOptions, scopeOf, withLink } from "./scope.ts";

export interface BackupOptions {
  /** Restore it into a scratch store as well, and fold it there. */
  readonly verify?: boolean | undefined;
}

/** `nexus backup FILE`: the whole workspace in one file, while it works. */
export async function backUp(
  globals: GlobalOptions,
  typed: string,
  options: BackupOptions,
  output: Output,
): Promise<void> {
  const file = resolve(typed);
  if (existsSync(file)) throw new UsageError(`${file} is there already; expected a new file, for example ${file}.2`);
  const scope = scopeOf(globals);
  const { BackupWriter } = await import("../../shared/broker/backup-file.ts");
  const { describeStreams, packWorkspace, savedFiles } = await import("../../shared/broker/workspace-copy.ts");
  const { checkStore } = await import("../../shared/broker/store-check.ts");
  const started = performance.now();
  await withLink(scope, "coordinator", async ({ bus }) => {
    // A damaged store must not take the place of an older, whole backup without a word.
    await checkStore(bus, scope.paths);
    const header = { version: 1, workspace: scope.paths.name, at: new Date().toISOString() } as const;
    const writer = openWriter(() => new BackupWriter(file, { ...header, program: programVersion() }), file);
    try {
      for (const { name, text } of savedFiles(scope.paths)) writer.file(name, text);
      await packWorkspace(bus, writer);
    } catch (error) {
      writer.abandon();
      throw error;
    }
    const bytes = writer.finish();
    const took = ((performance.now() - started) / 1000).toFixed(1);
    output.result(`${file}: ${scope.paths.name}, ${await describeStreams(bus)}, ${sizeText(bytes)}, ${took} s\n`);
  });
  if (options.verify) output.result(`${await verifyBackup(file)}\n`);
  output.note(`  it holds passwords: keep it where only you can read it; to put it back: nexus restore ${file}\n`);
}

/** Restores into a folder of its own and throws that away; returns what to say. */
async function verifyBackup(file: string): Promise<string> {
  const { mkdtempSync, rmSync } = await import("node:fs");
  const { tmpdir } = await import("node:os");
  const { restoreInto } = await import("./restore.ts");
  const folder = mkdtempSync(resolve(tmpdir(), "nexus-verify-"));
  try {
    const paths = workspacePaths("ws1", { XDG_DATA_HOME: folder });
    const { state } = await restoreInto(paths, file);
    return `  verified: a store made from it folds to ${state.jobs.size} jobs, record ${state.seq}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function openWriter<T>(open: () => T, file: string): T {
  try {
    return open();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`${file} cannot be written: ${why}`, { cause });
  }
}

export const sizeText = (bytes: number): string =>
  bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
