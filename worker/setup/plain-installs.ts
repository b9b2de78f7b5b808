import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, normalize } from "node:path";

/**
 * A setup that only installs packages by their names, so that what it makes depends on nothing of the job's code but the
 * requirement files below. It may be shared by jobs of different authors, since it is executed outside of the code: a `pip.py`,
 * a `uv.toml` or a package that one of them brings must not get into the environment of another.
 */
export interface PlainInstalls {
  /** Its commands, with whole paths of requirement files. */
  readonly commands: readonly (readonly string[])[];
  /** Digest of these requirement files and those that they name in turn; their text may be large. */
  readonly sha256: string;
}

type Words = readonly string[];

const mostFiles = 50;
/** Limit on all files together, since they are read in the worker's own process. */
const mostBytes = 1_000_000;

const installers: readonly Words[] = [
  ["pip", "install"],
  ["pip3", "install"],
  ["uv", "pip", "install"],
  ["python", "-m", "pip", "install"],
  ["python3", "-m", "pip", "install"],
];
const switches: ReadonlySet<string> = new Set([
  ...["-U", "--upgrade", "-q", "--quiet", "-v", "--verbose", "--pre", "--no-deps", "--no-input", "--no-index"],
  ...["--no-cache-dir", "--no-cache", "--prefer-binary", "--require-hashes", "--force-reinstall", "--reinstall"],
  ...["--no-build-isolation", "--no-compile", "--compile", "--disable-pip-version-check", "--ignore-installed", "-I"],
]);
/** Options that take a plain word. Those for an index take an address. */
const valued =
  /^(--no-binary|--only-binary|--trusted-host|--upgrade-strategy|--timeout|--retries|--progress-bar|--index-strategy|--upgrade-package)$/;
const index = /^(-i|--index-url|--extra-index-url|--index|--default-index)$/;
const filed = /^(-r|-c|--requirement|--requirements|--constraint|--constraints)$/;
const address = /^https?:\/\/\S+$/;
const value = /^[\w.,:*+=-]+$/;

/** PEP 508, for `isRequirement` alone: a name with versions or an address, and the conditions for installing it. */
const requirement =
  /^([a-z0-9](?:[\w.-]*[a-z0-9])?)(?:\s*\[[\w.,\s-]*\])?(?:\s*[(<>=!~][\w.*+!<>=~,()\s-]*|\s*@\s*(?:git\+)?(?:https?|ssh):\/\/\S+)?(?:\s*;.*)?$/i;
const fromAddress = /^(?:git\+)?(?:https?|ssh):\/\/\S+(?:\s+;.*)?$/;
/** A word with such an ending is a file's name. */
const archive = /\.(whl|zip|egg|tar|tgz|gz|tbz|bz2|txz|xz|tlz|lz|lzma)$/i;

const isRequirement = (text: string): boolean => {
  if (/\s-/.test(text)) return false; // an option of its own
  // A run of spaces can be divided in many ways between what may hold spaces: 100,000 of them took 8 s (2026-11-29).
  const [, name] = requirement.exec(text.replace(/\s+/g, " ")) ?? [];
  return (name !== undefined && !archive.test(name)) || fromAddress.test(text);
};

/**
 * The setup as plain installs; undefined if it is, or may be, more.
 *
 * @param folder  the job's code; null: it brings none
 */
export function plainInstalls(commands: readonly Words[], folder: string | null): PlainInstalls | undefined {
  if (folder !== null && configuresUv(folder)) return undefined;
  const files = new Map<string, string>();
  const reads = (path: string): boolean => folder !== null && readsFile(folder, normalize(path), files);
  const outside = commands.map((words) => plainInstall(words, folder ?? "", reads));
  if (!outside.every((words) => words !== undefined)) return undefined;
  return {
    commands: outside,
    sha256: createHash("sha256")
      .update(JSON.stringify([...files]))
      .digest("hex"),
  };
}

/** The command as it is executed outside the code; undefined if it is no plain install. */
function plainInstall(command: Words, folder: string, reads: (path: string) => boolean): Words | undefined {
  const begin = installers.find((words) => words.every((word, i) => command[i] === word));
  if (!begin) return undefined;
  const outside = [...begin];
  const rest = command.slice(begin.length);
  while (rest.length > 0) {
    const word = rest.shift() ?? "";
    const [, long, given] = /^(--[^=]+)=(.*)$/.exec(word) ?? [];
    const option = long ?? word;
    if (switches.has(word) || (!word.startsWith("-") && isOneLine(word) && isRequirement(word))) outside.push(word);
    else if ([index, valued, filed].some((kind) => kind.test(option))) {
      const said = given ?? rest.shift() ?? "";
      if (!isPlainValue(option, said, reads)) return undefined;
      outside.push(option, filed.test(option) ? join(folder, said) : said);
    } else return undefined;
  }
  return outside;
}

const isPlainValue = (option: string, said: string, reads: (path: string) => boolean): boolean =>
  filed.test(option) ? reads(said) : (index.test(option) ? address : value).test(said);

/** Whether pip reads it as one line: it ends lines where Python does. */
const isOneLine = (text: string): boolean => !/[\p{Cc}\u2028\u2029]/u.test(text.replaceAll("\t", " "));

/** Whether this is a requirement file with nothing but names, and so are those that it names. */
function readsFile(folder: string, path: string, files: Map<string, string>): boolean {
  if (files.has(path)) return true;
  if (path.startsWith("..") || isAbsolute(path) || files.size === mostFiles) return false;
  const read = [...files.values()].reduce((sum, text) => sum + text.length, 0);
  const text = textOf(join(folder, path), mostBytes - read);
  if (text === undefined) return false;
  files.set(path, text);
  const reads = (name: string): boolean => readsFile(folder, normalize(join(dirname(path), name)), files);
  return text.split(/\r?\n/).every((line) => isPlainLine(line, reads));
}

/** Judges each line by itself. A continued line must end in a space and a backslash, so that no two make one word. */
function isPlainLine(line: string, reads: (name: string) => boolean): boolean {
  if (!isOneLine(line) || /\S\\$/.test(line)) return false;
  const text = line
    .replace(/\\$/, "")
    .replace(/(^|\s)#.*$/, "")
    .replace(/(^|\s)--hash[=\s]\s*\S+/g, "")
    .trim();
  if (text === "" || switches.has(text)) return true;
  const [, option = "", said = ""] = /^(--?[a-z-]+)(?:\s+|=)(\S+)$/.exec(text) ?? [];
  if (option === "") return !text.startsWith("-") && isRequirement(text);
  return [index, valued, filed].some((kind) => kind.test(option)) && isPlainValue(option, said, reads);
}

/** Undefined if there is no such file, or it has more bytes than that. A word may be too long for a file's name. */
function textOf(path: string, most = mostBytes): string | undefined {
  try {
    const stat = statSync(path);
    return stat.isFile() && stat.size <= most ? readFileSync(path, "utf8") : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the folder configures uv, which reads that where it is called: such a job is set up there. */
const configuresUv = (folder: string): boolean =>
  textOf(join(folder, "uv.toml")) !== undefined || /tool\s*\.\s*uv/.test(textOf(join(folder, "pyproject.toml")) ?? "");
