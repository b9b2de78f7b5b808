import { cutTo, paddedEnd, widthOf } from "../../words/cell-width.ts";

/** Lines of styled text, before they become what a terminal understands. */

/** A state is never shown by colour alone: there is always a word or a symbol. */
export type Style = "plain" | "bold" | "dim" | "good" | "warn" | "bad" | "accent" | "heading" | "selected";

export interface Span {
  readonly text: string;
  readonly style: Style;
  /** Cells of the text, where somebody has counted them already. */
  readonly cells?: number;
  /** What a click on it means, if anything. */
  readonly hit?: Hit;
}

/** What can be clicked: a screen's name; in a pane a column's header or a row; a row of a page. */
export type Hit =
  | { readonly kind: "screen"; readonly screen: string }
  | { readonly kind: "column"; readonly name: string }
  | { readonly kind: "row"; readonly key: string }
  | { readonly kind: "page row"; readonly at: number };

export type Line = readonly Span[];

/** What the terminal can show. */
export interface Look {
  readonly colour: boolean;
  /**
   * Whether it has the 256 colours, and with them a grey that can be read on black and on white. Among the 16 is none: where a
   * palette gives "bright black" the colour of the background, such text cannot be seen. Undefined: no.
   */
  readonly greys?: boolean;
  /** Whether it shows characters outside ASCII. */
  readonly unicode: boolean;
}

/**
 * Escapes of each style with and without colours: the terminal's own 16, which fit light and dark backgrounds. Without a grey,
 * dim text looks like plain text.
 */
const codes: Readonly<Record<Style, { readonly coloured: string; readonly uncoloured: string }>> = {
  plain: { coloured: "", uncoloured: "" },
  bold: { coloured: "1", uncoloured: "1" },
  dim: { coloured: "", uncoloured: "" },
  good: { coloured: "32", uncoloured: "" },
  warn: { coloured: "33", uncoloured: "" },
  bad: { coloured: "31", uncoloured: "1" },
  accent: { coloured: "36", uncoloured: "" },
  heading: { coloured: "1;36", uncoloured: "1" },
  selected: { coloured: "7", uncoloured: "7" },
};

const grey = "38;5;244";

function codeOf(style: Style, { colour, greys }: Look): string {
  if (style === "dim" && colour && greys) return grey;
  return codes[style][colour ? "coloured" : "uncoloured"];
}

export const plain = (text: string): Line => [{ text, style: "plain" }];
export const span = (text: string, style: Style = "plain"): Span => ({ text, style });

/** The same spans; a click on any of them means `hit`. */
export const clickable = (line: Line, hit: Hit): Line => line.map((each) => ({ ...each, hit }));

/** What a click at this cell of a line means; undefined: nothing. */
export function hitAt(line: Line, x: number): Hit | undefined {
  let end = 0;
  for (const { text, hit } of line) {
    end += widthOf(text);
    if (x < end) return hit;
  }
  return undefined;
}

export const lineText = (line: Line): string => line.map(({ text }) => text).join("");

const cellsOf = ({ text, cells }: Span): number => cells ?? widthOf(text);

/** Cells of a line. */
export const lineWidth = (line: Line): number => line.reduce((sum, each) => sum + cellsOf(each), 0);

/** A line of exactly `width` cells, cut or padded. Text from outside must have gone through words/narrow.ts. */
export function fitted(line: Line, width: number): Line {
  let left = width;
  for (const [i, each] of line.entries()) {
    const own = cellsOf(each);
    if (own > left) {
      const cut = { ...each, text: paddedEnd(cutTo(each.text, left), left), cells: left };
      return left > 0 ? [...line.slice(0, i), cut] : line.slice(0, i);
    }
    left -= own;
  }
  if (left === 0) return line;
  const style = line.at(-1)?.style === "selected" ? "selected" : "plain";
  return [...line, { text: " ".repeat(left), style, cells: left }];
}

/** A line as the terminal reads it, without trailing blanks. */
export function rendered(line: Line, look: Look): string {
  let out = "";
  let current = "";
  for (const { text, style } of line) {
    if (text === "") continue;
    const code = codeOf(style, look);
    if (code !== current) {
      if (current !== "") out += "\u001b[m";
      if (code !== "") out += `\u001b[${code}m`;
      current = code;
    }
    out += look.unicode ? text : asciiOf(text);
  }
  return current === "" ? out.trimEnd() : `${out}\u001b[m`;
}

/** The characters outside ASCII that our own lines use, and what replaces them without Unicode. */
const asciiFor: Readonly<Record<string, string>> = {
  "±": "~",
  "│": "|",
  "┤": "+",
  "─": "-",
  "├": "+",
  "▲": "^",
  "▼": "v",
  "●": "*",
  "○": "o",
  "◆": "#",
  "◇": "%",
  "✗": "x",
  "■": "#",
  "·": ".",
  "→": ">",
  "▶": ">",
};

function asciiOf(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: everything outside ASCII is looked for.
  return text.replace(/[^\u0000-\u007e]/g, (character) => asciiFor[character] ?? "?");
}
