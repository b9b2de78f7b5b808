import { closeSync, lstatSync, readdirSync, readSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { isDiskFull } from "../../shared/broker/server/disk.ts";
import { messageOf } from "../../shared/errors.ts";
import { linkInside, openToRead, openToWrite, readInside, writeInside } from "../../shared/machine/inside.ts";
import { pathProblem } from "../../shared/wire/artifacts.ts";
import { mostFileBytes, mostInlineBytes, mostStateFiles } from "../../shared/wire/checkpoints.ts";
import type { StateFile } from "./protocol.ts";

/** Every attempt rewrites these, and the workspace knows their content. */
const writtenAnew: ReadonlySet<string> = new Set(["console.txt", "repro_spec.yaml"]);
/** If all files together are too large for one message, none above this size is read into memory. */
const mostSmallBytes = 1024 ** 2;

export interface FolderFile {
  /** Within the folder, with slashes. */
  readonly path: string;
  readonly size: number;
}

type OnPath = (path: string, why: string) => void;

/**
 * The files that a run has written to its folder, by path within it.
 *
 * @param onOther  hears what cannot travel, and why
 * @param onClosed  hears of each folder in it that cannot be read; left out: that throws
 */
export function filesIn(directory: string, onOther: OnPath = () => undefined, onClosed?: OnPath): FolderFile[] {
  const found: FolderFile[] = [];
  const walk = (folder: string): void => {
    for (const name of namesIn(join(directory, folder))) {
      const path = folder === "" ? name : `${folder}/${name}`;
      const stat = lstatSync(join(directory, path), { throwIfNoEntry: false });
      if (!stat || writtenAnew.has(path)) continue;
      const problem = pathProblem(path);
      if (problem !== undefined) onOther(JSON.stringify(path), `its name: ${problem}`);
      else if (stat.isDirectory()) enter(path);
      else if (stat.isFile()) found.push({ path, size: stat.size });
      else onOther(path, "not a file");
    }
  };
  const enter = (folder: string): void => {
    try {
      walk(folder);
    } catch (error) {
      if (!onClosed) throw error;
      onClosed(folder, messageOf(error));
    }
  };
  // A run that has written nothing has no folder. An error that says so costs 0.01 ms and more (2026-11-29).
  if (lstatSync(directory, { throwIfNoEntry: false })) walk("");
  return found;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    // It was removed meanwhile.
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

/** File contents by path: a later stage may read what an earlier one wrote. */
export type SavedFiles = Readonly<Record<string, Uint8Array>>;

/**
 * The part of a run's files that travels with its state: small files as they are now, and the names of those that are too large.
 */
export interface FilesToSave {
  readonly small: SavedFiles;
  readonly large: readonly StateFile[];
  /** What is left out, and why: links and the like. */
  readonly leftOut: readonly string[];
}

/**
 * The files of both folders. If one is in the way of another, the one in the run's own folder counts.
 *
 * @param stateDirectory  what earlier attempts left
 * @throws if a file cannot be read, or if they are too many, or one is too large
 */
export function filesToSave(directory: string, stateDirectory: string): FilesToSave {
  const leftOut: string[] = [];
  const other = (path: string, why: string): void => {
    leftOut.push(`${path} (${why})`);
  };
  const own = filesIn(directory, other);
  const taken = new Set(own.map(({ path }) => path));
  const folders = new Set(own.flatMap(({ path }) => foldersAbove(path)));
  const earlier = filesIn(stateDirectory, other).filter(
    ({ path }) => !taken.has(path) && !folders.has(path) && !foldersAbove(path).some((folder) => taken.has(folder)),
  );
  const files = [
    ...own.map((file) => ({ isOwn: true, ...file })),
    ...earlier.map((file) => ({ isOwn: false, ...file })),
  ];
  if (files.length > mostStateFiles)
    throw new Error(`the run has ${files.length} files, and a checkpoint carries at most ${mostStateFiles}`);
  const total = files.reduce((sum, { size }) => sum + size, 0);
  const small: [string, Uint8Array][] = [];
  const large: StateFile[] = [];
  let bytes = 0;
  for (const file of files) {
    const { isOwn, path, size } = file;
    if (size > mostFileBytes) throw new Error(`${path} has ${size} bytes, and a file in a checkpoint at most 2^32 - 1`);
    const isSmall = total <= mostInlineBytes || (size <= mostSmallBytes && bytes + size <= mostInlineBytes);
    if (!isSmall) {
      large.push(file);
      continue;
    }
    const { bytes: content } = readInside(isOwn ? directory : stateDirectory, path);
    bytes += content.length;
    small.push([path, content]);
  }
  return { small: Object.fromEntries(small), large, leftOut };
}

/** `a/b/c` -> `a`, `a/b`. */
const foldersAbove = (path: string): string[] =>
  path.split("/").flatMap((_, i, names) => (i === 0 ? [] : [names.slice(0, i).join("/")]));

export function writeFiles(directory: string, files: SavedFiles): void {
  for (const [path, bytes] of Object.entries(files)) {
    writeInside(directory, path, bytes, 0o666);
  }
}

const isError = (error: unknown, ...codes: readonly string[]): boolean =>
  error instanceof Error && "code" in error && codes.includes(String(error.code));

/** Whether the error lies with this machine, so that another may succeed: no room, say, or no right to write. */
export const isOfThisMachine = (error: unknown): boolean =>
  isDiskFull(error) || isError(error, "EROFS", "EACCES", "EPERM", "EMFILE", "ENFILE", "EIO");

const copiedBytes = 1024 ** 2;

/** Moves a file of any size in constant memory. The folders may be on different disks, or mounts of a sandbox. */
function moveInside(from: string, to: string, path: string): void {
  const source = openToRead(from, path);
  try {
    const target = openToWrite(to, path, 0o666);
    try {
      const buffer = Buffer.allocUnsafe(copiedBytes);
      for (let read = readSync(source, buffer); read > 0; read = readSync(source, buffer))
        for (let at = 0; at < read; ) at += writeSync(target, buffer, at, read - at);
    } finally {
      closeSync(target);
    }
  } finally {
    closeSync(source);
  }
  rmSync(join(from, path), { force: true });
}

/** Moves in what earlier attempts left and this one did not replace. Called when nothing of the run runs any more. */
export function takeOver(
  directory: string,
  stateDirectory: string,
  onProblem: (text: string) => void = () => undefined,
): void {
  const lose = (path: string, why: string): void => onProblem(`${path} of an earlier attempt is not kept: ${why}`);
  for (const { path } of filesIn(stateDirectory, undefined, lose)) {
    if (linkInside(directory, path) || lstatSync(join(directory, path), { throwIfNoEntry: false })) continue;
    try {
      moveInside(stateDirectory, directory, path);
    } catch (error) {
      // This attempt has a file where the earlier one had a folder.
      if (!isError(error, "ENOTDIR", "EEXIST")) lose(path, messageOf(error));
    }
  }
}

/** Removes what is in a folder, not the folder itself: in a sandbox it is a mount, which cannot be removed. */
export function emptyFolder(folder: string): void {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isDirectory()) {
    rmSync(folder, { force: true });
    return;
  }
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
}
