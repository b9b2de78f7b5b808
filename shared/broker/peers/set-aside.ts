import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { BrokerError } from "../../errors.ts";
import { explainLock, takeLock } from "../../machine/lock-file.ts";
import { createWorkspace, type WorkspacePaths } from "../../machine/workspace.ts";

/** What a workspace held, moved out of the way. */
export interface SetAside {
  readonly folder: string;
  /** Puts everything back where it was. */
  undo(): void;
}

/**
 * Moves the store, its mark and the secrets into a folder beside them, for a workspace that goes on elsewhere.
 *
 * @throws BrokerError while a broker runs on the store
 */
export function setAside(paths: WorkspacePaths, why: string): SetAside {
  const attempt = takeLock(paths.brokerLock, `setting aside the store of workspace ${paths.name}`);
  if (!attempt.ok) {
    const who = explainLock(paths.brokerLock, attempt.owner, attempt.liveness);
    throw new BrokerError(`the store is in use: ${who}; nothing was changed`);
  }
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
    for (const part of [paths.store, paths.secrets, paths.storeMark].filter((each) => existsSync(each))) {
      renameSync(part, join(folder, basename(part)));
      moved.push(part);
    }
    createWorkspace(paths);
  } catch (error) {
    undo();
    throw error;
  } finally {
    attempt.lock.release();
  }
  return { folder, undo };
}
