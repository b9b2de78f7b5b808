import { type Dirent, existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { counted } from "../../../shared/domain/counted.ts";
import { printable } from "../../../shared/domain/printable.ts";
import { sizeText } from "../../../shared/domain/size-text.ts";
import { UsageError } from "../../../shared/errors.ts";
import { pathProblem } from "../../../shared/wire/artifacts.ts";
import { type IgnorePattern, isIgnored, readPatterns } from "./ignore-patterns.ts";

/** A file that travels with a job; nothing of it has been read. */
export interface FoundFile {
  /** Relative to the folder, with slashes. */
  readonly path: string;
  readonly size: number;
  readonly isExecutable: boolean;
}

/** Folders and files that are never code. */
const passedOver = (name: string): boolean =>
  name.startsWith(".") || name === "node_modules" || name === "__pycache__" || name.endsWith(".pyc");

/** A folder of a virtual environment: it holds paths of this machine, and `setup` makes one on each worker. */
const isEnvironment = (folder: string): boolean => existsSync(join(folder, "pyvenv.cfg"));

/** Most files that are counted: a larger folder was not meant. */
const mostLookedAt = 1_000_000;
const mostNamed = 3;

export interface WalkOptions {
  /** Patterns of the spec (`ignore`), relative to the folder; they come last, so that they decide. */
  readonly ignore: readonly string[];
  /** Whether .gitignore files count, those above the folder up to the repository's included. */
  readonly obeysGit: boolean;
}

/**
 * Looks through files and folders below one folder, and says which of them travel, in the order of their names, how
 * much that is, and which parts are largest. Reads nothing but .gitignore files.
 */
export class FoundFiles {
  readonly folder: string;
  readonly #files = new Map<string, FoundFile>();
  readonly #sums = new Map<string, { bytes: number; files: number }>();
  readonly #listed = new Set<string>();
  readonly #obeysGit: boolean;
  /** The folder's path from the place where patterns begin, ending in a slash; "" if they begin there. */
  readonly #before: string;
  readonly #above: readonly IgnorePattern[];
  readonly #own: readonly IgnorePattern[];
  readonly #links: string[] = [];
  readonly #special: string[] = [];
  #ignored = 0;
  #bytes = 0;
  #seen = 0;

  constructor(folder: string, { ignore, obeysGit }: WalkOptions) {
    this.folder = folder;
    this.#obeysGit = obeysGit;
    const root = obeysGit ? repositoryOf(folder) : folder;
    const inside = nameOf(root, folder);
    this.#before = inside === "" ? "" : `${inside}/`;
    const names = inside === "" ? [] : inside.split("/");
    this.#above = obeysGit ? names.flatMap((_, i) => patternsIn(root, names.slice(0, i).join("/"))) : [];
    this.#own = readPatterns(ignore.join("\n"), inside);
  }

  /** Adds a file, or what is below a folder. Patterns do not apply to a path that the spec itself names. */
  add(path: string): void {
    const name = nameOf(this.folder, path);
    this.#listed.add(name);
    const stat = lstatSync(path);
    if (stat.isFile()) this.#take(name, path);
    else if (stat.isDirectory()) {
      const parts = name === "" ? [] : name.split("/");
      // Patterns of the folders between the spec's and this one.
      const between = parts.flatMap((_, i) => this.#patternsBelow(parts.slice(0, i).join("/")));
      this.#walk(name, [...this.#above, ...between]);
    } else this.#special.push(name);
  }

  get files(): FoundFile[] {
    return [...this.#files.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  get count(): number {
    return this.#files.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** What was left out that somebody may miss; "" for nothing. */
  get leftOut(): string {
    const named = (what: string, names: readonly string[]): string[] => {
      if (names.length === 0) return [];
      const some = names.slice(0, mostNamed).map(printable).join(", ");
      return [`${counted(names.length, what)} (${some}${names.length > mostNamed ? ", ..." : ""})`];
    };
    const patterns = this.#ignored === 0 ? [] : [`${this.#ignored} that .gitignore or ignore names`];
    return [...named("link", this.#links), ...named("special file", this.#special), ...patterns].join(", ");
  }

  /** The largest parts, files or folders (with a slash at their end), and their sizes in words. */
  largest(): { readonly name: string; readonly text: string }[] {
    return [...this.#sums]
      .filter(([name]) => this.#isPart(name))
      .sort(([, a], [, b]) => b.bytes - a.bytes || b.files - a.files)
      .slice(0, mostNamed)
      .map(([name, { bytes, files }]) => ({
        name: printable(name),
        text: name.endsWith("/") ? `${sizeText(bytes)} in ${counted(files, "file")}` : sizeText(bytes),
      }));
  }

  /** A file or folder right below what the spec names, or a file that it names itself. */
  #isPart(name: string): boolean {
    const bare = name.replace(/\/$/, "");
    if (this.#listed.has(bare)) return !name.endsWith("/");
    const slash = bare.lastIndexOf("/");
    return this.#listed.has(slash < 0 ? "" : bare.slice(0, slash));
  }

  #walk(folder: string, above: readonly IgnorePattern[]): void {
    const patterns = [...above, ...this.#patternsBelow(folder)];
    for (const entry of entriesOf(join(this.folder, folder))) {
      const { name } = entry;
      if (passedOver(name)) continue;
      const path = folder === "" ? name : `${folder}/${name}`;
      const isFolder = entry.isDirectory();
      if (isIgnored([...patterns, ...this.#own], this.#before + path, isFolder)) {
        this.#ignored += 1;
        continue;
      }
      if (entry.isSymbolicLink()) this.#links.push(path);
      else if (entry.isFile()) this.#take(path, join(this.folder, path));
      else if (!isFolder) this.#special.push(path);
      else if (!isEnvironment(join(this.folder, path))) this.#walk(path, patterns);
    }
  }

  #patternsBelow(folder: string): IgnorePattern[] {
    return this.#obeysGit
      ? patternsOf(join(this.folder, folder, ".gitignore"), (this.#before + folder).replace(/\/$/, ""))
      : [];
  }

  #take(path: string, place: string): void {
    if (this.#files.has(path)) return;
    const problem = pathProblem(path);
    if (problem !== undefined) throw new UsageError(`${place} cannot be shipped: its name has ${problem}`);
    const { size, mode } = lstatSync(place);
    this.#seen += 1;
    if (this.#seen > mostLookedAt)
      throw new UsageError(
        `${this.folder}: more than ${mostLookedAt} files; nothing was read\n  name the folders that the runs need`,
      );
    this.#files.set(path, { path, size, isExecutable: (mode & 0o100) !== 0 });
    this.#bytes += size;
    for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1))
      this.#count(path.slice(0, slash + 1), size);
    this.#count(path, size);
  }

  #count(name: string, bytes: number): void {
    const sum = this.#sums.get(name) ?? { bytes: 0, files: 0 };
    this.#sums.set(name, { bytes: sum.bytes + bytes, files: sum.files + 1 });
  }
}

/** Sorted by name. A folder that cannot be read is a mistake that the user can fix. */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (cause) {
    throw new UsageError(
      `${folder} cannot be read (${(cause as Error).message})\n  leave it out (ignore), or make it readable`,
      {
        cause,
      },
    );
  }
}

const nameOf = (folder: string, path: string): string => relative(folder, path).split(sep).join("/");

/** The root of the repository that the folder is in; without one, the folder itself. */
function repositoryOf(folder: string): string {
  for (let place = folder; ; place = dirname(place)) {
    if (existsSync(join(place, ".git"))) return place;
    if (dirname(place) === place) return folder;
  }
}

const patternsIn = (root: string, folder: string): IgnorePattern[] =>
  patternsOf(join(root, folder, ".gitignore"), folder);

function patternsOf(file: string, base: string): IgnorePattern[] {
  if (!lstatSync(file, { throwIfNoEntry: false })?.isFile()) return [];
  return readPatterns(readFileSync(file, "utf8"), base);
}
