/** A text that nodes and problems refer to. */
export interface SourceText {
  /** Its name in messages: as the user typed it, or `agents/AAC_Agent.yaml` for a component's defaults. */
  readonly file: string;
  readonly text: string;
}

/** Part of a text. Offsets count UTF-16 units; `end` is exclusive. */
export interface Span {
  readonly source: SourceText;
  readonly start: number;
  readonly end: number;
}

/** A place in a file; line and column count from 1. Line 0: no line of a file, such as the command line. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

const lineEnd = /\r\n|\n|\r/g;

/** Line and column of a span's start, both from 1; columns count characters, as editors do. */
export function placeOf({ source, start }: Span): Place {
  const starts = lineStartsOf(source);
  const after = starts.findIndex((lineStart) => lineStart > start);
  const line = after < 0 ? starts.length : after;
  return { file: source.file, line, column: characters(source.text.slice(starts[line - 1], start)) + 1 };
}

/** Offset of each line's start, cached because a file may have thousands of problems. */
const lineStarts = new WeakMap<SourceText, readonly number[]>();

function lineStartsOf(source: SourceText): readonly number[] {
  const known = lineStarts.get(source);
  if (known !== undefined) return known;
  const starts = [0, ...Array.from(source.text.matchAll(lineEnd), (match) => match.index + match[0].length)];
  lineStarts.set(source, starts);
  return starts;
}

/** Characters of the span's first line, at least 1. */
export function lengthOf({ source, start, end }: Span): number {
  const firstLine = source.text.slice(start, end).split(lineEnd, 1)[0] ?? "";
  return Math.max(1, characters(firstLine));
}

/** The text of a line, from 1, without its end; undefined past the last. */
export function lineText(text: string, line: number): string | undefined {
  return text.split(lineEnd)[line - 1];
}

function characters(text: string): number {
  return [...text].length;
}
