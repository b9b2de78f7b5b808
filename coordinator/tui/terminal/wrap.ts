import { type Line, type Span, type Style, span } from "./styled.ts";

interface Word {
  readonly text: string;
  readonly style: Style;
}

/** A line as lines of at most `width` characters, broken at spaces where there are any; those after the first begin with `indent` blanks. */
export function wrapped(line: Line, width: number, indent = 1): Line[] {
  if (line.reduce((sum, { text }) => sum + text.length, 0) <= width) return [line];
  const room = Math.max(1, width - indent);
  const lines: Span[][] = [[]];
  let used = 0;
  for (const { text, style } of wordsOf(line, room)) {
    if (used > 0 && used + text.trimEnd().length > (lines.length === 1 ? width : indent + room)) {
      lines.push([span(" ".repeat(indent))]);
      used = indent;
      if (text.trim() === "") continue;
    }
    lines.at(-1)?.push(span(text, style));
    used += text.length;
  }
  return lines;
}

/** A line of text without styles, in the same way. */
export const wrappedText = (text: string, width: number, indent = 1): string[] =>
  wrapped([span(text)], width, indent).map((line) =>
    line
      .map((part) => part.text)
      .join("")
      .trimEnd(),
  );

/** Words with the blanks behind them; those that no line has room for are cut in pieces, and none is lost. */
function* wordsOf(line: Line, room: number): Iterable<Word> {
  for (const { text, style } of line) {
    for (const word of text.match(/^ +|[^ ]+ */g) ?? []) {
      const bare = word.trimEnd();
      for (let at = 0; at < bare.length; at += room) {
        const piece = bare.slice(at, at + room);
        yield { text: at + room < bare.length ? piece : piece + word.slice(bare.length), style };
      }
      if (bare === "") yield { text: word, style };
    }
  }
}

/** A command as lines that a shell joins again when they are pasted: each but the last ends in a backslash, none is indented. */
export function wrappedCommand(command: string, width: number): string[] {
  const lines: string[] = [];
  let left = command;
  while (left.length > width) {
    const room = left.slice(0, width - 1);
    const at = Math.max(room.lastIndexOf(" "), room.lastIndexOf(",")) + 1;
    const cut = at > 0 ? at : width - 1;
    lines.push(`${left.slice(0, cut)}\\`);
    left = left.slice(cut);
  }
  return [...lines, left];
}
