import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { lockStore } from "../../machine/lock-file.ts";
import { createWorkspace, type WorkspacePaths } from "../../machine/workspace.ts";

/** What a workspace held, moved out of the way. */
interface SetAside {
  /** Beside the store: `damaged-2026-11-27T10-11-12-345Z`. */
  readonly folder: string;
  /** Puts everything back where it was, replacing what is there now. */
  undo(): void;
}

/**
 * Moves the store and the secrets into a folder beside them, for a workspace that continues elsewhere.
 *
 * @param why  the beginning of the folder's name
 * @throws BrokerError while a broker runs on the store
 */
export function setAside(paths: WorkspacePaths, why: string): SetAside {
  const lock = lockStore(paths.brokerLock, `setting aside the store of workspace ${paths.name}`);
  try {
    const aside = moveAside(paths, why, [paths.store, paths.secrets]);
    try {
      createWorkspace(paths);
      return aside;
    } catch (error) {
      aside.undo();
      throw error;
    }
  } finally {
    lock.release();
  }
}

/**
 * Moves these parts of a workspace, as far as they exist, into a new folder. The store's mark stays, with a copy in the folder, until
 * the caller has put something in their place: if this process is killed before, the store is missed. The caller holds the store's
 * lock.
 */
export function moveAside(paths: WorkspacePaths, why: string, parts: readonly string[]): SetAside {
  const folder = join(paths.dir, `${why}-${new Date().toISOString().replace(/[:.]/g, "-")}`);
  const moved: string[] = [];
  const undo = (): void => {
    for (const part of moved) {
      rmSync(part, { recursive: true, force: true });
      renameSync(join(folder, basename(part)), part);
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    mkdirSync(folder, { mode: 0o700 });
    for (const part of parts.filter((each) => existsSync(each))) {
      renameSync(part, join(folder, basename(part)));
      moved.push(part);
    }
    if (existsSync(paths.storeMark)) copyFileSync(paths.storeMark, join(folder, basename(paths.storeMark)));
  } catch (error) {
    undo();
    throw error;
  }
  return { folder, undo };
}
