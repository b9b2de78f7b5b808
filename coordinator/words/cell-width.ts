/**
 * How many cells of a terminal a text takes, and texts cut and padded by cells. Ambiguous characters count as one, as
 * in a locale that is not East Asian.
 */

/** Text whose characters are all one cell wide, as nearly all is: Latin letters, lines, blocks, braille. */
const simple =
  /^[\u0020-\u007e\u00a0-\u00ac\u00ae-\u02ff\u2010-\u2027\u2030-\u205e\u2190-\u2319\u2500-\u25fc\u2800-\u28ff]*$/;
const mark = /^[\p{Mn}\p{Me}\u200b-\u200d]$/u;
const emoji = /^\p{Emoji_Presentation}$/u;

/** First and last of the blocks with letters two cells wide (Unicode's annex 11, East Asian Width). No pictures. */
const wideBlocks: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2e80, 0x303e],
  [0x3041, 0x3247],
  [0x3250, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18d08],
  [0x1aff0, 0x1b2fb],
  [0x1f200, 0x1f265],
  [0x20000, 0x3fffd],
];

/** Cells of one character: 0 for a mark on the character before it, 2 for a wide letter or a picture. */
export function characterWidth(character: string): 0 | 1 | 2 {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x300) return 1;
  if (mark.test(character)) return 0;
  if (code < 0x1100) return 1;
  return wideBlocks.some(([first, last]) => code >= first && code <= last) || emoji.test(character) ? 2 : 1;
}

/** Whether a text is ASCII alone, as most texts of a frame are. Takes a third of the regular expression's time. */
export function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}

/** Cells of a text. */
export function widthOf(text: string): number {
  if (isAscii(text) || simple.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** The beginning of a text that fits `width` cells; a wide character of which only half fits is left out. */
export function cutTo(text: string, width: number): string {
  if (simple.test(text)) return text.slice(0, Math.max(0, width));
  let end = 0;
  let used = 0;
  for (const character of text) {
    used += characterWidth(character);
    if (used > width) break;
    end += character.length;
  }
  return text.slice(0, end);
}

/** As `padEnd`, by cells. */
export const paddedEnd = (text: string, width: number): string => text + " ".repeat(Math.max(0, width - widthOf(text)));
