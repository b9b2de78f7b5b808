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
 * Files below a folder, without following a link at any part of their path below it. The folder itself is the caller's choice, and
 * may be reached by links.
 *
 * Each part is looked at before the file is opened, the file is opened without following a link, and then the system is asked what
 * was opened: so no link helps that somebody puts there in between.
 */

/** A part of the path is a link, or what was opened lies elsewhere. */
export class LinkError extends Error {
  override readonly name = "LinkError";
  readonly code = "ELOOP";
  /** Below the folder, with slashes: the part that is a link. */
  readonly link: string;

  constructor(link: string) {
    super(`${JSON.stringify(link)} is a link, and links are not followed`);
    this.link = link;
  }
}

/** The first part of `path` (with slashes) that is a link; undefined: none of those that exist is. */
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

/** The content of a file, and whether its owner may execute it. @throws LinkError; as `readFileSync`, and for all but files */
export function readInside(root: string, path: string): { readonly bytes: Buffer; readonly isExecutable: boolean } {
  // Without waiting for somebody who writes to it, if it is a pipe.
  const file = openInside(root, path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0), 0);
  try {
    return { bytes: readFileSync(file), isExecutable: (fstatSync(file).mode & 0o100) !== 0 };
  } finally {
    closeSync(file);
  }
}

/**
 * Opens a file to read it piece by piece; the caller closes it. What is written to a new file of the same name, or deleted, later
 * does not change what it reads. @throws as `readInside`
 */
export const openToRead = (root: string, path: string): number =>
  openInside(root, path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0), 0);

/**
 * Writes a new file, in the place of whatever has its name: a link there is replaced, never written through. Missing folders are
 * created (0700).
 *
 * @throws LinkError if a folder on the way is a link; as `writeFileSync`
 */
export function writeInside(root: string, path: string, content: string | Uint8Array, mode = 0o600): void {
  const file = openToWrite(root, path, mode);
  try {
    writeFileSync(file, content);
  } finally {
    closeSync(file);
  }
}

/** The same for one who writes piece by piece and closes it. */
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
  // Systems without O_NOFOLLOW have no links that anybody may make.
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

/** The location of an open file. If the system does not say, by its present name. */
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

/** Differs once an open file has been written to, as far as its system shows. */
export function stampOf(file: number): string {
  const { size, mtimeNs } = fstatSync(file, { bigint: true });
  return `${size} ${mtimeNs}`;
}
