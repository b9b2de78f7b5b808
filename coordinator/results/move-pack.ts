import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { BackupWriter } from "../../shared/broker/backup-file.ts";
import { runningBroker } from "../../shared/broker/broker-info.ts";
import { closeStreams, openStreams } from "../../shared/broker/closed-streams.ts";
import { checkStore } from "../../shared/broker/store-check.ts";
import { packWorkspace, savedFiles } from "../../shared/broker/workspace-copy.ts";
import { UsageError } from "../../shared/errors.ts";
import { programVersion } from "../../shared/version.ts";
import type { WorkspacePaths } from "../../shared/workspace.ts";
import { type Scope, withLink } from "./scope.ts";

/** @throws UsageError where the person does not want it */
export type Consent = (what: string) => Promise<void>;

/**
 * Closes the workspace and packs it: whatever was acknowledged is in the file, and nothing is acknowledged any more. What fails
 * opens it again.
 *
 * @returns the file, in the workspace's folder
 */
export async function packForGood(scope: Scope): Promise<string> {
  const { paths } = scope;
  const file = join(paths.dir, `move-${new Date().toISOString().replace(/[:.]/g, "-")}.nexus`);
  await withLink(scope, "coordinator", async ({ bus }) => {
    await checkStore(bus, paths);
    const header = {
      version: 1,
      workspace: paths.name,
      at: new Date().toISOString(),
      program: programVersion(),
    } as const;
    const writer = new BackupWriter(file, header);
    try {
      await closeStreams(bus);
      for (const { name, text } of savedFiles(paths)) writer.file(name, text);
      await packWorkspace(bus, writer);
      writer.finish();
    } catch (error) {
      await openStreams(bus);
      if (existsSync(`${file}.${process.pid}.part`)) writer.abandon();
      throw error;
    }
  });
  return file;
}

/** Undoes `packForGood`. */
export async function stayHere(scope: Scope, file: string): Promise<void> {
  await withLink(scope, "coordinator", ({ bus }) => openStreams(bus));
  rmSync(file, { force: true });
}

/** @throws UsageError while a program, such as a view, needs this machine's broker */
export function checkUnused(paths: WorkspacePaths): void {
  const broker = runningBroker(paths);
  if (!broker) return;
  throw new UsageError(
    `workspace ${paths.name} is in use on this machine (its broker runs, process ${broker.guard.pid}); close its views, then type this again`,
  );
}
