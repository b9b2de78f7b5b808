/** Patterns as Git reads them in .gitignore (gitignore(5)): which files of a folder do not travel. Pure. */

export interface IgnorePattern {
  /** Folder in which the pattern counts, relative to the root, with slashes; "" for the root. */
  readonly base: string;
  /** Tried on a path relative to the base. */
  readonly fits: RegExp;
  readonly takesBack: boolean;
  readonly onlyFolders: boolean;
}

/** Reads the lines of one file. @param base  the folder that it lies in, relative to the root; "" for the root */
export const readPatterns = (text: string, base: string): IgnorePattern[] =>
  text.split("\n").flatMap((line) => readPattern(line.replace(/\r$/, ""), base) ?? []);

function readPattern(line: string, base: string): IgnorePattern | undefined {
  // A space at the end counts only if it is escaped.
  let rest = line.replace(/(?<!\\) +$/, "");
  if (rest === "" || rest.startsWith("#")) return undefined;
  const takesBack = rest.startsWith("!");
  if (takesBack) rest = rest.slice(1);
  const onlyFolders = rest.endsWith("/");
  if (onlyFolders) rest = rest.slice(0, -1);
  // A pattern with a slash before its end means one place; without one, a name anywhere below.
  const isPlace = rest.includes("/");
  if (rest.startsWith("/")) rest = rest.slice(1);
  if (rest === "") return undefined;
  return { base, fits: new RegExp(`^${isPlace ? "" : "(?:.*/)?"}${asExpression(rest)}$`, "s"), takesBack, onlyFolders };
}

/** A glob as a regular expression: `*` and `?` never stand for a slash, `**` between slashes stands for any folders. */
function asExpression(glob: string): string {
  let made = "";
  for (let i = 0; i < glob.length; ) {
    const rest = glob.slice(i);
    const [folders] = /^\*\*\//.exec(i === 0 || glob[i - 1] === "/" ? rest : "") ?? [];
    const [, list] = /^\[([!^]?(?:\](?:\\.|[^\]\\])*|(?:\\.|[^\]\\])+))\]/.exec(rest) ?? [];
    if (folders !== undefined) {
      made += "(?:.*/)?";
      i += 3;
    } else if (rest === "**" && (i === 0 || glob[i - 1] === "/")) {
      made += ".+";
      i += 2;
    } else if (rest.startsWith("*")) {
      made += "[^/]*";
      i += /^\*+/.exec(rest)?.[0].length ?? 1;
    } else if (rest.startsWith("?")) {
      made += "[^/]";
      i += 1;
    } else if (list !== undefined) {
      made += classOf(list);
      i += list.length + 2;
    } else {
      const isEscape = rest.startsWith("\\") && rest.length > 1;
      made += quoted(rest[isEscape ? 1 : 0] ?? "");
      i += isEscape ? 2 : 1;
    }
  }
  return made;
}

const quoted = (character: string): string => character.replace(/[\\^$.*+?()[\]{}|/]/, "\\$&");

/** `a-z`, `!a-z`, even with `]` as its first character. An invalid list matches nothing, as in Git. */
function classOf(list: string): string {
  const isNot = list.startsWith("!") || list.startsWith("^");
  const inside = (isNot ? list.slice(1) : list).replace(/\\(.)/g, "$1").replace(/[\\\][^]/g, "\\$&");
  const made = `(?!/)[${isNot ? "^" : ""}${inside}]`;
  try {
    new RegExp(made, "s");
    return made;
  } catch {
    return "(?!)";
  }
}

/** Whether a path (relative to the root, with slashes) is left out: the last pattern that fits it decides. */
export function isIgnored(patterns: readonly IgnorePattern[], path: string, isFolder: boolean): boolean {
  for (let i = patterns.length - 1; i >= 0; i -= 1) {
    const { base, fits, takesBack, onlyFolders } = patterns[i] as IgnorePattern; // i is below the length
    if (onlyFolders && !isFolder) continue;
    if (base !== "" && !path.startsWith(`${base}/`)) continue;
    if (fits.test(base === "" ? path : path.slice(base.length + 1))) return !takesBack;
  }
  return false;
}
