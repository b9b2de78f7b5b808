import { createHash, type Hash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
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
  commands.flat().some((word) => word.includes("pip") || (codeFolder !== null && holdsPip(join(codeFolder, word))));

const mostScriptBytes = 100_000;

function holdsPip(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory()) return true; // whatever is in it
  return stat?.isFile() === true && (stat.size > mostScriptBytes || readFileSync(path).includes("pip"));
}

/** `requirements.txt`, also in `--requirement=requirements.txt`. */
const namesIn = (word: string): string[] => [word, word.slice(word.indexOf("=") + 1)].filter((name) => name !== "");

function addFile(hash: Hash, root: string, path: string, seen: Set<string>): void {
  if (seen.has(path) || path.startsWith("..") || path.startsWith("/")) return;
  seen.add(path);
  const stat = statSync(join(root, path), { throwIfNoEntry: false });
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
