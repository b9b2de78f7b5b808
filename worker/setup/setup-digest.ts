import { createHash } from "node:crypto";
import { readFileSync, type Stats, statSync } from "node:fs";
import { join, normalize } from "node:path";
import type { Python } from "./find-python.ts";
import type { PlainInstalls } from "./plain-installs.ts";

/** What a job wants for its runs. */
export interface WantedSetup {
  /** Commands, each a list of words. */
  readonly commands: readonly (readonly string[])[];
  /** As the spec says it; null: any Python. */
  readonly python: string | null;
  /** What the job brings along, where the commands are executed; null: nothing. */
  readonly code: { readonly folder: string; readonly sha256: string } | null;
}

/**
 * Tells apart environments that would differ: by commands, interpreter, and all of the job's code, since a command may be one of
 * its files, import one, or read one. If a setup only installs packages, only requirement files count of the code.
 */
export function setupDigest(
  { commands, code }: WantedSetup,
  python: Python,
  installs: PlainInstalls | undefined,
): string {
  const { version, path, base } = python;
  const rest = installs ? [installs.sha256] : (code?.sha256 ?? null);
  const all = [2, commands, version, path, base, process.platform, process.arch, rest];
  return createHash("sha256").update(JSON.stringify(all)).digest("hex");
}

/** Whether a setup may call pip, which takes seconds to be put into an environment: its commands, or files that they name, mention it. */
export const mentionsPip = ({ commands, code }: WantedSetup): boolean =>
  commands
    .flat()
    .some(
      (word) =>
        word.includes("pip") || (code !== null && !leavesFolder(normalize(word)) && holdsPip(join(code.folder, word))),
    );

/** Undefined if there is no such file; a word may also be a script too long for a file's name. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

const mostScriptBytes = 100_000;

function holdsPip(path: string): boolean {
  const stat = statOf(path);
  if (stat?.isDirectory()) return true; // whatever is in it
  return stat?.isFile() === true && (stat.size > mostScriptBytes || readFileSync(path).includes("pip"));
}

/** Words of a setup may name any file of the machine; only those of the job's own code are read. */
const leavesFolder = (path: string): boolean => path.startsWith("..") || path.startsWith("/");
