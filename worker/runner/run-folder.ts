import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { linkInside, readInside, writeInside } from "../../shared/machine/inside.ts";
import { pathProblem } from "../../shared/wire/artifacts.ts";

/** Every attempt rewrites these, and the workspace knows their content. */
const writtenAnew: ReadonlySet<string> = new Set(["console.txt", "repro_spec.yaml"]);
/** Limit on all files that travel with a checkpoint together: a run with more continues without them, and says so. */
const mostFileBytes = 32 * 1024 ** 2;

export interface FoundFile {
  /** Within the folder, with slashes. */
  readonly path: string;
  readonly size: number;
}

/** The files that a run has written to its folder, by path within it; `onOther` hears what cannot travel, and why. */
export function filesIn(
  directory: string,
  onOther: (path: string, why: string) => void = () => undefined,
): FoundFile[] {
  const found: FoundFile[] = [];
  const walk = (folder: string): void => {
    for (const name of namesIn(join(directory, folder))) {
      const path = folder === "" ? name : `${folder}/${name}`;
      const stat = lstatSync(join(directory, path), { throwIfNoEntry: false });
      if (!stat || writtenAnew.has(path)) continue;
      const problem = pathProblem(path);
      if (problem !== undefined) onOther(JSON.stringify(path), `its name: ${problem}`);
      else if (stat.isDirectory()) walk(path);
      else if (stat.isFile()) found.push({ path, size: stat.size });
      else onOther(path, "not a file");
    }
  };
  walk("");
  return found;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    // A run that has written nothing has no folder.
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

/** File contents by path: a later stage may read what an earlier one wrote. */
export type SavedFiles = Readonly<Record<string, Uint8Array>>;

/**
 * The files of both folders; where one is in the way of another, the one in the run's own folder. Null if they are too large to
 * travel.
 *
 * @param stateDirectory  what earlier attempts left
 */
export function readFiles(directory: string, stateDirectory: string): SavedFiles | null {
  const own = filesIn(directory);
  const taken = new Set(own.map(({ path }) => path));
  const folders = new Set(own.flatMap(({ path }) => foldersAbove(path)));
  const earlier = filesIn(stateDirectory).filter(
    ({ path }) => !taken.has(path) && !folders.has(path) && !foldersAbove(path).some((folder) => taken.has(folder)),
  );
  if ([...own, ...earlier].reduce((sum, { size }) => sum + size, 0) > mostFileBytes) return null;
  const read = (root: string, files: readonly FoundFile[]): [string, Uint8Array][] =>
    files.map(({ path }) => [path, readInside(root, path).bytes]);
  return Object.fromEntries([...read(directory, own), ...read(stateDirectory, earlier)]);
}

/** `a/b/c` -> `a`, `a/b`. */
const foldersAbove = (path: string): string[] =>
  path.split("/").flatMap((_, i, names) => (i === 0 ? [] : [names.slice(0, i).join("/")]));

export function writeFiles(directory: string, files: SavedFiles): void {
  for (const [path, bytes] of Object.entries(files)) {
    writeInside(directory, path, bytes, 0o666);
  }
}

/** At the end of a run, when no program of it runs any more: what earlier attempts left and this one did not replace is its too. */
export function takeOver(directory: string, stateDirectory: string): void {
  for (const { path } of filesIn(stateDirectory)) {
    if (linkInside(directory, path) || lstatSync(join(directory, path), { throwIfNoEntry: false })) continue;
    try {
      writeInside(directory, path, readInside(stateDirectory, path).bytes, 0o666);
    } catch {
      // This attempt has a file where the earlier one had a folder.
    }
  }
}
