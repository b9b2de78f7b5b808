import { wrappedPieces } from "../../words/wrapped-text.ts";
import { type Line, span } from "./styled.ts";

/** A line as lines of at most `width` characters, broken at spaces if there are any; all but the first are indented. */
export const wrapped = (line: Line, width: number, indent = 1): Line[] =>
  wrappedPieces(line, width, indent).map((spans, i) => (i === 0 ? spans : [span(" ".repeat(indent)), ...spans]));

/** A command as lines that a shell joins when they are pasted: all but the last end in a backslash, none is indented. */
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
