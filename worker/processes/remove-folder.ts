import { chmodSync, lstatSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Deletes a folder, if there is one, also if the rights to folders in it were taken away. */
export function removeFolder(folder: string): void {
  // Most runs leave no folder, and the error for that takes five times as long as this look.
  if (!lstatSync(folder, { throwIfNoEntry: false })) return;
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    openFolders(folder);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Gives this user all rights to a folder and to those in it. Links are not followed, and folders of other users stay as they are. */
export function openFolders(folder: string): void {
  if (!lstatSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
  const left = [folder];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    try {
      chmodSync(next, 0o700);
      for (const entry of readdirSync(next, { withFileTypes: true }))
        if (entry.isDirectory()) left.push(join(next, entry.name));
    } catch {
      // Whoever deletes it hears why that is not possible.
    }
  }
}
