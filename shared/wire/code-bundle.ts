import { gunzipSync, gzipSync } from "node:zlib";
import type { CodeBundle, CodeFile } from "../domain/code-bundle.ts";
import { messageOf } from "../errors.ts";
import { pathProblem } from "./artifacts.ts";
import * as check from "./check.ts";
import { decode, encode } from "./codec.ts";
import { codeLimits } from "./limits.ts";
import { sha256Of } from "./sealed-chunks.ts";

/** A job's code travels in the job's own record, which holds at most 1 MB. */
export const mostZippedBytes = 600_000;
export const mostCodeFiles = 2000;
const version = 1;

/** Packs files. The same files give the same bytes, so that their sum identifies them everywhere. */
export function packCode(files: readonly CodeFile[]): CodeBundle {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const packed = encode([version, sorted.map(({ path, isExecutable, bytes }) => [path, isExecutable, bytes])]);
  const zipped = gzipSync(packed, { level: 9 });
  return { sha256: sha256Of(zipped), files: files.length, zipped };
}

/** The files in a bundle. @throws BadMessage if the sum does not match, or a file may not be written */
export function codeFilesIn({ sha256, files, zipped }: CodeBundle): readonly CodeFile[] {
  if (sha256Of(zipped) !== sha256) throw new check.BadMessage("the code does not match its sum");
  let content: unknown;
  try {
    content = decode(gunzipSync(zipped, { maxOutputLength: codeLimits.bytes }), codeLimits);
  } catch (cause) {
    throw new check.BadMessage(`the code cannot be unzipped: ${messageOf(cause)}`, {
      cause,
    });
  }
  const [found, list] = Array.isArray(content) ? (content as unknown[]) : [];
  if (found !== version) throw new check.BadMessage(`code of another version; this program reads ${version}`);
  const opened = check.list(codeFile, mostCodeFiles)(list, "code");
  const paths = new Set(opened.map(({ path }) => path));
  if (opened.length !== files || paths.size !== files)
    throw new check.BadMessage("the code has other files than it says");
  return opened;
}

export const codeBundle: check.Check<CodeBundle> = check.shape({
  sha256: check.sha256,
  files: check.whole(1),
  zipped: (value, at) => {
    const bytes = check.bytes(value, at);
    if (bytes.length <= mostZippedBytes) return bytes;
    throw new check.BadMessage(`${at}: expected at most ${mostZippedBytes} bytes, found ${bytes.length}`);
  },
});

const codeFile: check.Check<CodeFile> = (value, at) => {
  const [path, isExecutable, bytes] = Array.isArray(value) ? (value as unknown[]) : [];
  const named = check.text(200)(path, `${at}.path`);
  const problem = pathProblem(named);
  if (problem !== undefined) throw new check.BadMessage(`${at}.path: ${problem}`);
  return {
    path: named,
    isExecutable: check.flag(isExecutable, `${at}.isExecutable`),
    bytes: check.bytes(bytes, `${at}.bytes`),
  };
};
