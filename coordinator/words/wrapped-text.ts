import { cutTo, widthOf } from "./cell-width.ts";

/**
 * Pieces of text as lines of at most `width` cells, broken at spaces if there are any. Each word keeps its piece's other
 * properties, such as a style. Every line after the first leaves room for `indent` blanks, which the caller puts there.
 */
export function wrappedPieces<Piece extends { readonly text: string }>(
  pieces: readonly Piece[],
  width: number,
  indent: number,
): Piece[][] {
  if (pieces.reduce((sum, { text }) => sum + widthOf(text), 0) <= width) return [[...pieces]];
  const room = Math.max(1, width - indent);
  const lines: Piece[][] = [[]];
  let used = 0;
  for (const word of wordsOf(pieces, room)) {
    const { text } = word;
    if (used > 0 && used + widthOf(text.trimEnd()) > (lines.length === 1 ? width : indent + room)) {
      lines.push([]);
      used = indent;
      if (text.trim() === "") continue;
    }
    lines.at(-1)?.push(word);
    used += widthOf(text);
  }
  return lines;
}

/** A text wrapped in the same way; every line after the first is indented. */
export const wrappedText = (text: string, width: number, indent = 1): string[] =>
  wrappedPieces([{ text }], width, indent).map((pieces, i) =>
    `${" ".repeat(i === 0 ? 0 : indent)}${pieces.map((piece) => piece.text).join("")}`.trimEnd(),
  );

/** Words with the blanks after them. A word longer than a line is cut into pieces; nothing is lost. */
function* wordsOf<Piece extends { readonly text: string }>(pieces: readonly Piece[], room: number): Iterable<Piece> {
  for (const piece of pieces) {
    for (const word of piece.text.match(/^ +|[^ ]+ */g) ?? []) {
      const bare = word.trimEnd();
      for (let at = 0; at < bare.length; ) {
        const left = bare.slice(at);
        // At least one character, even if there is no room for it.
        const part = cutTo(left, room) || (Array.from(left)[0] ?? left);
        at += part.length;
        yield { ...piece, text: at < bare.length ? part : part + word.slice(bare.length) };
      }
      if (bare === "") yield { ...piece, text: word };
    }
  }
}
