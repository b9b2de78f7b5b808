import { rmSync } from "node:fs";
import { join } from "node:path";
import { BackupWriter } from "../../../shared/broker/copies/backup-file.ts";
import { packWorkspace } from "../../../shared/broker/copies/workspace-copy.ts";
import { closeStreams, openStreams } from "../../../shared/broker/store/closed-streams.ts";
import { checkStore } from "../../../shared/broker/store/store-check.ts";
import { programVersion } from "../../../shared/components/version.ts";
import { NexusError } from "../../../shared/errors.ts";
import type { Output } from "../../operator/output.ts";
import { type Scope, withLink } from "../../operator/scope.ts";

/**
 * Closes the workspace and packs it: everything acknowledged is in the file; nothing more is acknowledged. A failure opens it
 * again.
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
      await packWorkspace(bus, paths, writer);
      writer.finish();
    } catch (error) {
      writer.abandon();
      await openStreams(bus);
      throw error;
    }
  });
  return file;
}

/** Undoes `packForGood`. If that fails, a note says why, so that the caller can throw the first error. */
export async function stayHere(scope: Scope, file: string, output: Output): Promise<void> {
  try {
    await withLink(scope, "coordinator", ({ bus }) => openStreams(bus));
    rmSync(file, { force: true });
  } catch (error) {
    if (!(error instanceof NexusError)) throw error;
    output.note(
      `${error.message}\n  when that is over, so that workers are heard again: nexus move --cancel${scope.flags}\n`,
    );
  }
}
