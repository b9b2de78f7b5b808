import { existsSync, readdirSync } from "node:fs";
import { resolve } from "node:path";
import { type Backup, openBackup } from "../../shared/broker/backup-file.ts";
import { runningBroker } from "../../shared/broker/broker-info.ts";
import { readPeers } from "../../shared/broker/peers.ts";
import {
  markRestored,
  restoreFiles,
  type SetAside,
  setAside,
  unpackWorkspace,
} from "../../shared/broker/workspace-copy.ts";
import { connectAs, credentialsOf, linkWorkspace } from "../../shared/broker/workspace-link.ts";
import type { WorkspaceState } from "../../shared/domain/workspace-state.ts";
import { UsageError } from "../../shared/errors.ts";
import type { WorkspacePaths } from "../../shared/workspace.ts";
import { stopCoordinator } from "../launch.ts";
import type { Output } from "./output.ts";
import { type GlobalOptions, type Scope, scopeOf } from "./scope.ts";

export interface RestoreOptions {
  /** Set what the workspace holds now aside, and stop its coordinator first. */
  readonly replace?: boolean | undefined;
  /** Copies of each stream, on a NATS cluster of someone else's. */
  readonly replicas?: number | undefined;
}

/** `nexus restore FILE`: makes the workspace from a backup. */
export async function restore(
  globals: GlobalOptions,
  typed: string,
  options: RestoreOptions,
  output: Output,
): Promise<void> {
  const file = resolve(typed);
  const scope = scopeOf(globals);
  if (scope.external) return restoreElsewhere(scope, file, options, output);
  const { paths } = scope;
  if (readPeers(paths)) {
    throw new UsageError(
      `workspace ${paths.name} lives on several machines; expected a workspace of its own: nexus --workspace NAME restore ${file}\n` +
        "  to carry that one over to peers afterwards: nexus --workspace NAME move --peers a,b,c",
    );
  }
  // Read and compared before anything is touched.
  openBackup(file).close();
  if (options.replace) await stopCoordinator(paths);
  const info = runningBroker(paths);
  if (info) {
    const flag = paths.name === "ws1" ? "" : ` --workspace ${paths.name}`;
    throw new UsageError(
      `workspace ${paths.name} is in use (its broker runs, process ${info.guard.pid}); end it first: nexus-coord${flag} stop`,
    );
  }
  const isEmpty = !existsSync(paths.store) || readdirSync(paths.store).length === 0;
  if (!isEmpty && !options.replace) {
    throw new UsageError(
      `workspace ${paths.name} holds data already (${paths.store}); expected an empty one\n` +
        `  into another workspace: nexus --workspace NAME restore ${file}\n` +
        `  to set aside what is there: nexus restore ${file} --replace`,
    );
  }
  let aside: SetAside | undefined;
  if (!isEmpty) aside = setAside(paths, "replaced");
  try {
    const { state, backup } = await restoreInto(paths, file);
    output.result(`${restoredText(paths.name, backup, state)}\n`);
  } catch (error) {
    aside?.undo();
    throw error;
  }
  if (aside) output.note(`  what was there before is in ${aside.folder}\n`);
  output.note(`  to go on: nexus-coord${paths.name === "ws1" ? "" : ` --workspace ${paths.name}`}\n`);
}

/** Makes a workspace that has no store yet; its broker runs for as long as that takes. */
export async function restoreInto(
  paths: WorkspacePaths,
  file: string,
): Promise<{ state: WorkspaceState; backup: Backup["header"] }> {
  const backup = openBackup(file);
  try {
    restoreFiles(paths, backup.files);
    const link = await linkWorkspace(paths, "coordinator", null, { makeStore: true });
    try {
      const state = await unpackWorkspace(link.bus, backup, paths.store, 1);
      await markRestored(link.bus, paths);
      return { state, backup: backup.header };
    } finally {
      await link.close();
    }
  } finally {
    backup.close();
  }
}

async function restoreElsewhere(scope: Scope, file: string, options: RestoreOptions, output: Output): Promise<void> {
  const { external, paths } = scope;
  if (!external) return;
  const backup = openBackup(file);
  try {
    const bus = await connectAs(external.url, credentialsOf(external), "coordinator");
    try {
      const state = await unpackWorkspace(bus, backup, null, options.replicas ?? 1);
      output.result(`${restoredText(paths.name, backup.header, state)}\n`);
    } finally {
      await bus.close();
    }
  } finally {
    backup.close();
  }
}

function restoredText(workspace: string, backup: Backup["header"], state: WorkspaceState): string {
  const jobs = state.jobs.size === 1 ? "1 job" : `${state.jobs.size} jobs`;
  return `${workspace} is now ${backup.workspace} of ${backup.at}: ${jobs}, ${state.workers.size} workers, journal to record ${state.seq}`;
}
