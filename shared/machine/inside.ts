import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

/**
 * Files below a folder, opened without following a link in any part of their path below it. The folder itself is the
 * caller's choice and may be reached by links.
 *
 * Each part is checked before the file is opened, the file is opened without following a link, and then the system is
 * asked what was opened. So a link that somebody puts there in between gains nothing.
 */

/** A part of the path is a link, or what was opened lies elsewhere. */
export class LinkError extends Error {
  override readonly name = "LinkError";
  readonly code = "ELOOP";
  /** Path of the link below the folder, with slashes. */
  readonly link: string;

  constructor(link: string) {
    super(`${JSON.stringify(link)} is a link, and links are not followed`);
    this.link = link;
  }
}

/** The first part of `path` (with slashes) that is a link; undefined if no existing part is. */
export function linkInside(root: string, path: string): string | undefined {
  let part = "";
  for (const name of namesIn(path)) {
    part = part === "" ? name : `${part}/${name}`;
    const stat = lstatSync(join(root, part), { throwIfNoEntry: false });
    if (!stat) return undefined;
    if (stat.isSymbolicLink()) return part;
  }
  return undefined;
}

/** The content of a file, and whether its owner may execute it. @throws LinkError; Error for all but readable files */
export function readInside(root: string, path: string): { readonly bytes: Buffer; readonly isExecutable: boolean } {
  // O_NONBLOCK: opening a pipe must not wait for a writer.
  const file = openInside(root, path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0), 0);
  try {
    return { bytes: readFileSync(file), isExecutable: (fstatSync(file).mode & 0o100) !== 0 };
  } finally {
    closeSync(file);
  }
}

/**
 * Opens a file to read it piece by piece; the caller closes it. Replacing or deleting the file later does not change
 * what is read.
 * @throws like `readInside`
 */
export const openToRead = (root: string, path: string): number =>
  openInside(root, path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0), 0);

/**
 * Writes a new file in place of whatever has its name: a link there is replaced, never written through. Missing folders
 * are created (0700).
 *
 * @throws LinkError if a folder on the way is a link; like `writeFileSync`
 */
export function writeInside(root: string, path: string, content: string | Uint8Array, mode = 0o600): void {
  const file = openToWrite(root, path, mode);
  try {
    writeFileSync(file, content);
  } finally {
    closeSync(file);
  }
}

/** The same to write piece by piece; the caller closes the file. */
export function openToWrite(root: string, path: string, mode = 0o600): number {
  const names = namesIn(path);
  mkdirSync(root, { recursive: true, mode: 0o700 });
  for (let i = 1; i < names.length; i++) {
    const part = names.slice(0, i).join("/");
    if (lstatSync(join(root, part), { throwIfNoEntry: false })?.isSymbolicLink()) throw new LinkError(part);
    mkdirSync(join(root, part), { recursive: true, mode: 0o700 });
  }
  rmSync(join(root, path), { force: true });
  return openInside(root, path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode);
}

function openInside(root: string, path: string, flags: number, mode: number): number {
  const found = linkInside(root, path);
  if (found !== undefined) throw new LinkError(found);
  const wanted = join(realpathSync(root), path);
  // On systems without O_NOFOLLOW, not everybody may make links.
  const file = openSync(wanted, flags | (constants.O_NOFOLLOW ?? 0), mode);
  try {
    if (!fstatSync(file).isFile()) throw new Error(`${JSON.stringify(path)} is not a file`);
    if (placeOf(file, wanted) !== wanted) throw new LinkError(path);
    return file;
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

/** The path of an open file; if the system does not say, the real path of its present name. */
function placeOf(file: number, name: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${file}`);
  } catch {
    return realpathSync(name);
  }
}

function namesIn(path: string): string[] {
  const names = path.split("/");
  if (names.some((name) => name === "" || name === "." || name === ".."))
    throw new RangeError(`no path below a folder: ${JSON.stringify(path)}`);
  return names;
}

/** A text that changes when an open file is written to, as far as its system shows. */
export function stampOf(file: number): string {
  const { size, mtimeNs } = fstatSync(file, { bigint: true });
  return `${size} ${mtimeNs}`;
}
