/** The files that a run leaves behind: their list travels in the run's result, their bytes in sealed pieces in BLOB. */

import * as check from "./check.ts";
import { chunkCount, type SealedSum, sealingKey } from "./sealed-chunks.ts";

export const mostFiles = 1000;
/** Most bytes of all files of a run together; a job may set a lower limit, never a higher one. */
export const mostBytes = 1024 ** 3;
/** Most bytes that a run uploads unless its job says otherwise. */
export const usualBytes = 64_000_000;
const longestPath = 200;

export interface ArtifactFile extends SealedSum {
  /** Path in the run's folder, with slashes: `models/best.model`. */
  readonly path: string;
}

export interface ArtifactList {
  /** Name of the blob: the files' pieces, one file after another, are `ck.<worker>.<job>.<n>.<attempt>.<blob>.<i>`. */
  readonly blob: string;
  readonly key: Uint8Array;
  readonly files: readonly ArtifactFile[];
  /** For people: which files were not uploaded, and why; empty if all were. */
  readonly leftOut: string;
}

/** Why a path must not be written below a user's folder; undefined if it may be. */
export function pathProblem(path: string): string | undefined {
  if (path === "" || path.length > longestPath) return `expected 1 to ${longestPath} characters`;
  for (const part of path.split("/")) {
    if (part === "") return "expected names between its slashes, and none before the first";
    if (part === "." || part === "..") return `"${part}" is not a name`;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
    if (/[\u0000-\u001f\u007f\\:*?"<>|]/.test(part)) return 'a control character or one of \\ : * ? " < > |';
    if (/[ .]$/.test(part)) return "a name that ends in a point or a space";
  }
  return undefined;
}

const path = check.text(longestPath);
const fileShape = check.shape({ path, size: check.whole(), sha256: check.sha256, chunks: check.whole() });
const listShape = check.shape({
  blob: check.matching<string>(isBlobName, "a blob's name"),
  key: sealingKey,
  files: check.list(fileShape, mostFiles),
  leftOut: check.text(4000),
});

/** Letters, digits and dashes, since it is one token of a subject. */
export function isBlobName(text: string): boolean {
  return /^[A-Za-z0-9-]{1,40}$/.test(text);
}

export const artifactList: check.Check<ArtifactList> = (value, at) => {
  const list = listShape(value, at);
  let bytes = 0;
  const files = new Set<string>();
  for (const [i, file] of list.files.entries()) {
    const where = `${at}.files[${i}]`;
    const problem = pathProblem(file.path);
    if (problem !== undefined) throw new check.BadMessage(`${where}.path: ${problem}`);
    // Some file systems take such names for the same file.
    const name = file.path.normalize("NFC").toLowerCase();
    if (files.has(name)) throw new check.BadMessage(`${where}.path: is there twice`);
    files.add(name);
    if (file.chunks !== chunkCount(file.size))
      throw new check.BadMessage(`${where}: ${file.size} bytes do not make ${file.chunks} pieces`);
    bytes += file.size;
  }
  if (bytes > mostBytes) throw new check.BadMessage(`${at}.files: ${bytes} bytes together; at most ${mostBytes}`);
  for (const name of files) {
    for (let slash = name.indexOf("/"); slash >= 0; slash = name.indexOf("/", slash + 1)) {
      if (files.has(name.slice(0, slash)))
        throw new check.BadMessage(`${at}.files: a path is both a file and a folder`);
    }
  }
  return list;
};
