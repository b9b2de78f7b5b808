import { counted } from "../counted.ts";
import { nearestName } from "./nearest-name.ts";
import { lengthOf, lineText, type Place, placeOf, type Span } from "./source-text.ts";
import type { Tree } from "./tree.ts";

/** One thing wrong, or wasteful, in a runspec. */
export interface Problem {
  readonly place: Place;
  /** What was found. */
  readonly message: string;
  /** What was expected, and what to type: one line each, unindented. */
  readonly hints: readonly string[];
  /** Characters underlined; 0: the source line is not shown. */
  readonly length: number;
}

/** Collects everything wrong with a spec, each problem once. */
export class ProblemList {
  readonly #problems = new Map<string, Problem>();

  get size(): number {
    return this.#problems.size;
  }

  /** Adds a problem whose source line is shown with the span underlined. */
  add(at: Span, message: string, ...hints: string[]): void {
    this.#keep({ place: placeOf(at), message, hints, length: lengthOf(at) });
  }

  /** Adds a problem with a place but no source line, for a message that quotes everything relevant. */
  addUnquoted(at: Span, message: string, ...hints: string[]): void {
    this.#keep({ place: placeOf(at), message, hints, length: 0 });
  }

  /** Adds a problem that no line of a file caused; `file` names its source, such as the command line. */
  addWithoutLine(file: string, message: string, ...hints: string[]): void {
    this.#keep({ place: { file, line: 0, column: 0 }, message, hints, length: 0 });
  }

  /** The problems of the spec itself from top to bottom, then those of other files. */
  sorted(firstFile: string): Problem[] {
    const rank = (problem: Problem) => (problem.place.file === firstFile ? "" : problem.place.file);
    return [...this.#problems.values()].sort((a, b) => {
      if (rank(a) !== rank(b)) return rank(a) < rank(b) ? -1 : 1;
      return a.place.line - b.place.line || a.place.column - b.place.column;
    });
  }

  #keep(problem: Problem): void {
    const { file, line, column } = problem.place;
    const key = `${file}:${line}:${column}:${problem.message}`;
    // A definition that is used twice is checked twice, but its problem counts once.
    if (!this.#problems.has(key)) this.#problems.set(key, problem);
  }
}

/** A hint `did you mean "x"?`, or none. */
export function nearestHint(typed: string, names: Iterable<string>): string[] {
  const nearest = nearestName(typed, names);
  return nearest === undefined ? [] : [`did you mean ${quoted(nearest)}?`];
}

export function expectedOneOf(names: Iterable<string>): string {
  return `expected one of: ${[...names].join(", ")}`;
}

/** A value as typed in YAML, cut to 80 characters. */
export function shown(value: unknown): string {
  if (typeof value === "number") {
    if (Number.isNaN(value)) return ".nan";
    if (!Number.isFinite(value)) return value > 0 ? ".inf" : "-.inf";
    return String(value);
  }
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

export function quoted(text: string): string {
  return shown(text);
}

/** A hint for yes, no, on and off, which YAML 1.1 read as true and false. */
export function yaml11Hint(value: Tree): string[] {
  if (typeof value !== "string" || !/^(yes|no|on|off|y|n)$/i.test(value)) return [];
  return [`in YAML 1.2 ${value} is a word; write ${/^(yes|on|y)$/i.test(value) ? "true" : "false"}`];
}

const hintWidth = 110;
/** If a source line is longer, only the part around the underlined text is shown. */
const widestSource = 120;

/**
 * The problems as text.
 *
 * @param texts  file name -> text, for the source lines; a problem in another file is shown without its line
 * @param tail   ends the last line, after the count, e.g. "nothing was submitted"; undefined: no last line
 */
export function renderProblems(
  problems: readonly Problem[],
  texts: Readonly<Record<string, string>>,
  tail?: string,
): string {
  const lines = problems.flatMap((problem) => renderProblem(problem, texts[problem.place.file]));
  if (tail !== undefined) lines.push(`${counted(problems.length, "problem")}; ${tail}`);
  return lines.join("\n");
}

function renderProblem({ place, message, hints, length }: Problem, text: string | undefined): string[] {
  const where = place.line === 0 ? place.file : `${place.file}:${place.line}:${place.column}`;
  const lines = [printable(`${where}: ${message}`)];
  const source = text === undefined || length === 0 ? undefined : lineText(text, place.line);
  if (source !== undefined) lines.push(...quotedLine(source, place.line, place.column, length));
  for (const hint of hints) lines.push(...wrapped(printable(hint)).map((line) => `  ${line}`));
  return lines;
}

function quotedLine(source: string, line: number, column: number, length: number): string[] {
  const characters = [...printable(source)];
  let from = 0;
  if (characters.length > widestSource) from = Math.max(0, Math.min(column - 1 - 40, characters.length - widestSource));
  const shownPart = characters.slice(from, from + widestSource);
  const before = from > 0 ? "..." : "";
  const after = from + widestSource < characters.length ? "..." : "";
  const gutter = String(line).padStart(5);
  const indent = before.length + column - 1 - from;
  const underlined = Math.max(1, Math.min(length, shownPart.length - (column - 1 - from)));
  return [
    `${gutter} | ${before}${shownPart.join("")}${after}`,
    `${" ".repeat(gutter.length)} | ${" ".repeat(indent)}^${"~".repeat(underlined - 1)}`,
  ];
}

/** Replaces control characters, which could move the cursor or colour the terminal. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  return text.replaceAll("\t", " ").replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, "?");
}

function wrapped(text: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > hintWidth) {
      lines.push(line);
      line = `  ${word}`;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
