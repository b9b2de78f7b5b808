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

interface Replacement {
  /** Beginning of the name of the folder that keeps the old store: `damaged`. */
  readonly why: string;
  /** Passwords and join code come with the new store, and replace the old ones. */
  readonly withSecrets: boolean;
  /** Called before the broker starts: writes the secrets that come with the new store. */
  prepare?(scratch: WorkspacePaths): void;
}

/**
 * Makes a store beside the workspace's own, and replaces the old one by it once it is whole. If anything goes wrong before, or
 * this process is killed, the workspace stays as it was. If it is killed while one is put in the other's place, nothing starts
 * before a person has put either there. A folder keeps the old store.
 *
 * @param fill  fills the new store; the old one may be read meanwhile
 * @returns what `fill` returned, and the folder; undefined if there was nothing to keep
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
    rmSync(scratch.dir, { recursive: true, force: true }); // what a killed process left
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

/** Fills a new store through a broker of its own, which has ended when this resolves. */
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
  // Until nats-server 2.10.27 restarts, it reports the original's creation time for a restored stream (seen).
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
    const aside = moveAside(paths, why, [paths.store, ...(withSecrets ? [paths.secrets] : [])]);
    folder = aside.folder;
    try {
      renameSync(scratch.store, paths.store);
      if (withSecrets) {
        // The next start rewrites these, with its own folders in them.
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

/** False for an empty store, and for secrets that nobody has received yet. */
function isWorthKeeping(folder: string): boolean {
  const store = join(folder, "store");
  return (existsSync(store) && readdirSync(store).length > 0) || existsSync(join(folder, "store-mark.json"));
}

/** The workspace may have reached terms that this journal does not know; workers ignore lower ones than they saw. */
const termsAhead = 1000;

/** Makes the first leader of this store begin with a term that no worker has heard of. */
export async function giveUpLead(bus: CoordinatorBus, term: number, leader: string): Promise<void> {
  const { pid, scope, boot, startTime } = ownIdentity();
  const entry = { leader, host: scope, pid, started: `${boot} ${startTime}` };
  await bus.entries.create(leaderKey, encodeLeader({ ...entry, term: term + termsAhead, released: true }));
}
