import { createHash, type Hash } from "node:crypto";
import { readdirSync, readFileSync, type Stats, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import type { Python } from "./find-python.ts";

/** What a job wants for its runs. */
export interface WantedSetup {
  /** Commands, each a list of words. */
  readonly commands: readonly (readonly string[])[];
  /** As the spec says it; null: any Python. */
  readonly python: string | null;
  /** Where the commands are executed; null: the job brings no code. */
  readonly codeFolder: string | null;
}

/**
 * Tells apart environments that would differ: by the commands, the content of the files that they name, those that requirement files
 * name in turn included, and the interpreter.
 */
export function setupDigest({ commands, codeFolder }: WantedSetup, { version, path, base }: Python): string {
  const hash = createHash("sha256");
  hash.update(JSON.stringify([1, commands, version, path, base, process.platform, process.arch]));
  const seen = new Set<string>();
  if (codeFolder !== null)
    for (const word of new Set(commands.flat().flatMap(namesIn))) addFile(hash, codeFolder, normalize(word), seen);
  return hash.digest("hex");
}

/** Whether a setup may call pip, which takes seconds to be put into an environment: its commands, or files that they name, mention it. */
export const mentionsPip = ({ commands, codeFolder }: WantedSetup): boolean =>
  commands
    .flat()
    .some(
      (word) =>
        word.includes("pip") ||
        (codeFolder !== null && !leavesFolder(normalize(word)) && holdsPip(join(codeFolder, word))),
    );

/** Undefined if there is no such file; a word may be a script, too long for a file's name. */
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

/** `requirements.txt`, also in `--requirement=requirements.txt`. */
const namesIn = (word: string): string[] => [word, word.slice(word.indexOf("=") + 1)].filter((name) => name !== "");

/** Words of a setup may name any file of the machine; only those of the job's own code are read. */
const leavesFolder = (path: string): boolean => path.startsWith("..") || path.startsWith("/");

function addFile(hash: Hash, root: string, path: string, seen: Set<string>): void {
  if (seen.has(path) || leavesFolder(path)) return;
  seen.add(path);
  const stat = statOf(join(root, path));
  if (stat?.isDirectory()) {
    // `pip install .` depends on all of it; what builds leave there begins a new environment at most.
    for (const name of readdirSync(join(root, path)).sort()) addFile(hash, root, join(path, name), seen);
    return;
  }
  if (!stat?.isFile()) return;
  const bytes = readFileSync(join(root, path));
  hash.update(JSON.stringify([path, bytes.length])).update(bytes);
  if (!path.endsWith(".txt")) return;
  for (const [, name = ""] of bytes.toString().matchAll(/^\s*(?:-r|-c|--requirement|--constraint)[\s=]+(\S+)/gm))
    addFile(hash, root, normalize(join(dirname(path), name)), seen);
}
