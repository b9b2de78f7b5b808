import { copyFileSync, existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { lockStore } from "../../machine/lock-file.ts";
import { ownIdentity } from "../../machine/process-identity.ts";
import { createWorkspace, type WorkspacePaths, workspaceAt } from "../../machine/workspace.ts";
import { encodeLeader } from "../../wire/messages.ts";
import { leaderKey } from "../../wire/subjects.ts";
import type { CoordinatorBus } from "../client/bus.ts";
import { currentMark, type StoreMark, writeMark } from "../store/store-mark.ts";
import { linkWorkspace } from "../workspace-link.ts";
import { moveAside } from "./set-aside.ts";

export interface Replacement {
  /** What the folder gets its name from that keeps what was there before: `damaged`. */
  readonly why: string;
  /** Passwords and join code come with the new store, and take the place of those that are there. */
  readonly withSecrets: boolean;
  /** Before the broker starts: writes the secrets that come along. */
  prepare?(scratch: WorkspacePaths): void;
}

/**
 * Makes a store beside the workspace's own, and puts it in that one's place when it is whole: whatever goes wrong before, and
 * whenever this process is killed, the workspace is as it was. What was there before is kept in a folder.
 *
 * @param fill  fills the new store; the old one may be read meanwhile
 * @returns what `fill` returned, and the folder, undefined where there was nothing to keep
 */
export async function replaceStore<T>(
  paths: WorkspacePaths,
  replacement: Replacement,
  fill: (bus: CoordinatorBus, scratch: WorkspacePaths) => Promise<T>,
): Promise<{ readonly result: T; readonly kept: string | undefined }> {
  const isNew = !existsSync(paths.dir);
  createWorkspace(paths);
  const making = lockStore(join(paths.dir, "new-store.lock"), `a new store of workspace ${paths.name}`);
  const scratch = workspaceAt(join(paths.dir, "new-store"));
  try {
    rmSync(scratch.dir, { recursive: true, force: true }); // of one that was killed
    createWorkspace(scratch);
    if (existsSync(paths.brokerSettings)) copyFileSync(paths.brokerSettings, scratch.brokerSettings);
    replacement.prepare?.(scratch);
    const { result, mark } = await filled(scratch, fill);
    const kept = exchange(paths, scratch, replacement, mark);
    return { result, kept };
  } catch (error) {
    if (isNew) rmSync(paths.dir, { recursive: true, force: true });
    throw error;
  } finally {
    rmSync(scratch.dir, { recursive: true, force: true });
    making.release();
  }
}

/** The broker has ended when this resolves. */
export async function filled<T>(
  scratch: WorkspacePaths,
  fill: (bus: CoordinatorBus, scratch: WorkspacePaths) => Promise<T>,
): Promise<{ readonly result: T; readonly mark: StoreMark }> {
  const link = await linkWorkspace(scratch, "coordinator", null, { makeStore: true });
  let result: T;
  try {
    result = await fill(link.bus, scratch);
  } finally {
    await link.close();
  }
  // Of a stream that it has put back a server says, until it starts anew, that it was made when the original was (seen with 2.10.27).
  const again = await linkWorkspace(scratch, "coordinator");
  try {
    return { result, mark: await currentMark(again.bus) };
  } finally {
    await again.close();
  }
}

function exchange(
  paths: WorkspacePaths,
  scratch: WorkspacePaths,
  { why, withSecrets }: Replacement,
  mark: StoreMark,
): string | undefined {
  const lock = lockStore(paths.brokerLock, `the exchange of the store of workspace ${paths.name}`);
  let folder: string;
  try {
    const aside = moveAside(paths, why, [paths.store, paths.storeMark, ...(withSecrets ? [paths.secrets] : [])]);
    folder = aside.folder;
    try {
      renameSync(scratch.store, paths.store);
      if (withSecrets) {
        // The next start writes these anew, with its own folders in them.
        for (const file of [scratch.serverConfiguration, scratch.workersConfiguration]) rmSync(file, { force: true });
        renameSync(scratch.secrets, paths.secrets);
      }
      writeMark(paths, mark);
    } catch (error) {
      aside.undo();
      throw error;
    }
  } finally {
    lock.release();
  }
  if (isWorthKeeping(folder)) return folder;
  rmSync(folder, { recursive: true, force: true });
  return undefined;
}

/** An empty store, and secrets that nobody was given yet, are not. */
function isWorthKeeping(folder: string): boolean {
  const store = join(folder, "store");
  return (existsSync(store) && readdirSync(store).length > 0) || existsSync(join(folder, "store-mark.json"));
}

/** Leaders of another life of this workspace may have reached terms that its journal does not know; workers ignore lower ones. */
const termsAhead = 1000;

/** Whoever leads this store first begins with a term that no worker has heard of. */
export async function giveUpLead(bus: CoordinatorBus, term: number, leader: string): Promise<void> {
  const { pid, scope, boot, startTime } = ownIdentity();
  const entry = { leader, host: scope, pid, started: `${boot} ${startTime}` };
  await bus.entries.create(leaderKey, encodeLeader({ ...entry, term: term + termsAhead, released: true }));
}
