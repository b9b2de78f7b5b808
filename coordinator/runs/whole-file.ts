import { randomBytes } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { UsageError } from "../../shared/errors.ts";

/**
 * Writes a file whole or not at all: under another name beside it, which is renamed once everything is on the disk. The old file
 * stays until then. Missing folders are created.
 *
 * @param parts  the content in pieces, so that a large file need not fit in memory
 * @param asked  what the person typed, for the message: `--export=runs.csv`
 * @throws UsageError if it cannot be written there
 */
export function writeWhole(file: string, parts: Iterable<string | Uint8Array>, asked: string): void {
  const temporary = join(dirname(file), `.${basename(file)}.${randomBytes(6).toString("hex")}.part`);
  let opened: number | undefined;
  try {
    mkdirSync(dirname(file), { recursive: true });
    removeLeftOvers(dirname(file));
    if (statSync(file, { throwIfNoEntry: false })?.isDirectory())
      throw Object.assign(new Error("it is a folder"), { code: "EISDIR" });
    opened = openSync(temporary, "wx");
    for (const part of parts) {
      const bytes = typeof part === "string" ? Buffer.from(part) : part;
      for (let at = 0; at < bytes.length; ) at += writeSync(opened, bytes, at);
    }
    fsyncSync(opened);
    closeSync(opened);
    opened = undefined;
    renameSync(temporary, file);
  } catch (cause) {
    if (opened !== undefined) closeSync(opened);
    rmSync(temporary, { force: true });
    // Only errors of the file system are the person's to fix.
    if (!(cause instanceof Error) || !("code" in cause)) throw cause;
    throw new UsageError(`${asked}: cannot be written (${cause.message})`, { cause });
  }
}

const looked = new Set<string>();
/** No file takes this long to write. */
const abandonedMs = 3_600_000;

/** Removes, once per folder and process, parts that nobody has touched for an hour: their writer was killed. */
function removeLeftOvers(folder: string): void {
  if (looked.has(folder)) return;
  looked.add(folder);
  for (const name of readdirSync(folder)) {
    if (!/^\..+\.[0-9a-f]{12}\.part$/.test(name)) continue;
    const path = join(folder, name);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat?.isFile() && Date.now() - stat.mtimeMs > abandonedMs) rmSync(path, { force: true });
  }
}
