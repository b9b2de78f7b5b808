import { type Dirent, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Every file and folder below one in which others write and delete meanwhile, as absolute paths. Follows no link. */
export const pathsBelow = (folder: string): string[] => entriesBelow(folder).map(pathOf);

/** The regular files among them. */
export const filesBelow = (folder: string): string[] =>
  entriesBelow(folder)
    .filter((entry) => entry.isFile())
    .map(pathOf);

/** The file's bytes, a character each; "" if it has gone meanwhile. */
export const bytesOf = (file: string): string => unlessGone("", () => readFileSync(file, "latin1"));

const pathOf = ({ parentPath, name }: Dirent): string => join(parentPath, name);

const entriesBelow = (folder: string): Dirent[] =>
  unlessGone([], () => readdirSync(folder, { withFileTypes: true })).flatMap((entry) =>
    entry.isDirectory() ? [entry, ...entriesBelow(pathOf(entry))] : [entry],
  );

function unlessGone<T>(instead: T, look: () => T): T {
  try {
    return look();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return instead;
    throw error;
  }
}
