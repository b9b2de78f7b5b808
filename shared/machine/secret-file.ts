/** Files that only their owner may read, mode 0600. Readers see the old text or the new, even after a power cut. */

import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";

/** Writes a new file and waits until the disk has it. @throws Error with code EEXIST if it exists */
export function writeNewFile(path: string, text: string): void {
  const file = openSync(path, "wx", 0o600);
  try {
    // In full: `writeSync` writes less where the disk is nearly full.
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

export function writeSecretFile(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    writeNewFile(temporary, text);
    renameSync(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw cause;
  }
}

/** Like `writeSecretFile`, for JSON. @param indent  spaces; 0: on one line */
export const writeJsonFile = (path: string, value: object, indent = 0): void =>
  writeSecretFile(path, `${JSON.stringify(value, null, indent)}\n`);

/** The text of a file; undefined if there is none. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    // ESRCH: the process of a file in /proc ended between opening and reading.
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH") return undefined;
    throw cause;
  }
}

/** The fields of the JSON object in a file, unchecked; none if the file is missing or holds anything else. */
export const readJsonFields = (path: string): Readonly<Record<string, unknown>> => fieldsOf(readIfThere(path) ?? "");

/** The fields of a JSON object, unchecked; none for any other text. For our own files and texts of limited length. */
export function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
