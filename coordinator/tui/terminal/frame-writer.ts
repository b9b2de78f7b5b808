import { characterWidth } from "../../words/cell-width.ts";

/** Most unchanged characters that are sent again instead of moving the cursor past them. */
const shortGap = 6;
/** Blanks at a line's end that are cheaper to send than to clear. */
const fewBlanks = 3;

/** A line as cells: the character with its marks, "" after a wide one, and the colour of each. */
interface Cells {
  readonly texts: readonly string[];
  readonly colours: readonly string[];
  /** Whether a character is not one cell wide: terminals may not agree on it. */
  readonly isOdd: boolean;
}

/**
 * What to write so that a terminal shows a frame: the cells that differ from those of the last one. The frame's lines hold text and
 * colours (`ESC[1;36m`), no other sequences.
 */
export class FrameWriter {
  #lines: readonly string[] = [];
  #cells: (Cells | undefined)[] = [];
  #width = 0;
  #height = 0;
  #isKnown = false;

  /** Forgets what is on the terminal: the next frame is written whole. */
  forget(): void {
    this.#isKnown = false;
  }

  /** The bytes of a frame; "": nothing has changed. Lines and columns beyond the size are left out. */
  frame(lines: readonly string[], width: number, height: number): string {
    let out = "";
    if (!this.#isKnown || width !== this.#width || height !== this.#height) {
      this.#lines = [];
      this.#cells = [];
      this.#width = width;
      this.#height = height;
      this.#isKnown = true;
      out += "\u001b[m\u001b[2J";
    }
    for (let row = 0; row < height; row += 1) {
      const line = lines[row] ?? "";
      const before = this.#lines[row] ?? "";
      if (line === before) continue;
      const old = this.#cells[row] ?? nothing;
      const now = cellsOf(line, width);
      this.#cells[row] = now;
      out += changes(old, now, row);
    }
    this.#lines = lines.slice(0, height);
    return out;
  }
}

const nothing: Cells = { texts: [], colours: [], isOdd: false };

function cellsOf(line: string, width: number): Cells {
  const texts: string[] = [];
  const colours: string[] = [];
  let colour = "";
  let isOdd = false;
  for (let i = 0; i < line.length; ) {
    const code = line.charCodeAt(i);
    if (code === 27) {
      const end = line.indexOf("m", i);
      if (end === -1) break;
      colour = line.slice(i + 2, end);
      i = end + 1;
      continue;
    }
    // ASCII, lines, blocks and braille: by far the most characters.
    const isSimple = code < 0x7f || (code >= 0x2500 && code <= 0x25fc) || (code >= 0x2800 && code <= 0x28ff);
    const character = isSimple ? line.charAt(i) : String.fromCodePoint(line.codePointAt(i) ?? 0);
    i += character.length;
    const cells = isSimple ? 1 : characterWidth(character);
    if (cells !== 1) isOdd = true;
    if (cells === 0) {
      const at = texts.findLastIndex((text) => text !== "");
      if (at >= 0) texts[at] += character;
      continue;
    }
    if (texts.length + cells > width) break;
    texts.push(character);
    colours.push(colour);
    if (cells === 2) {
      texts.push("");
      colours.push(colour);
    }
  }
  // Blanks without colour at the end count as nothing.
  let length = texts.length;
  while (length > 0 && texts[length - 1] === " " && colours[length - 1] === "") length -= 1;
  texts.length = colours.length = length;
  return { texts, colours, isOdd };
}

/** Moves to each stretch of cells that differ, and writes it. */
function changes(old: Cells, now: Cells, row: number): string {
  const length = Math.max(old.texts.length, now.texts.length);
  const isSame = (at: number): boolean =>
    (old.texts[at] ?? " ") === (now.texts[at] ?? " ") && (old.colours[at] ?? "") === (now.colours[at] ?? "");
  // Where terminals may disagree on widths, the cells of a line have no certain place: write all of it.
  if (old.isOdd || now.isOdd) return written(now, row, 0, length);
  let out = "";
  for (let at = 0; at < length; ) {
    if (isSame(at)) {
      at += 1;
      continue;
    }
    let end = at + 1;
    for (let same = 0; end < length && same <= shortGap; end += 1) same = isSame(end) ? same + 1 : 0;
    while (isSame(end - 1)) end -= 1;
    out += written(now, row, at, end);
    at = end;
  }
  return out;
}

function written({ texts, colours, isOdd }: Cells, row: number, from: number, to: number): string {
  let out = `\u001b[${row + 1};${from + 1}H`;
  const last = Math.min(to, texts.length);
  let colour = "";
  for (let at = from; at < last; at += 1) {
    const text = texts[at] ?? "";
    if (text === "") continue;
    const own = colours[at] ?? "";
    if (own !== colour) {
      if (colour !== "") out += "\u001b[m";
      if (own !== "") out += `\u001b[${own}m`;
      colour = own;
    }
    out += text;
    // Puts the next character in its place, wherever the terminal's cursor is now.
    if (isOdd && text.length > 1 && texts[at + 1] !== "") out += `\u001b[${at + 2}G`;
    else if (isOdd && texts[at + 1] === "") out += `\u001b[${at + 3}G`;
  }
  if (colour !== "") out += "\u001b[m";
  const blanks = to - Math.max(from, last);
  if (blanks <= 0) return out;
  const isLineEnd = to >= texts.length;
  return out + (isLineEnd && blanks > fewBlanks ? "\u001b[K" : " ".repeat(blanks));
}
