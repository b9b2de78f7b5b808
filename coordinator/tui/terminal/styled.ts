/** Lines of styled text, before they become what a terminal understands. */

/** A state is never shown by colour alone: a word or a symbol stands beside it. */
export type Style = "plain" | "bold" | "dim" | "good" | "warn" | "bad" | "accent" | "heading" | "selected";

export interface Span {
  readonly text: string;
  readonly style: Style;
}

export type Line = readonly Span[];

/** What the terminal can show. */
export interface Look {
  readonly colour: boolean;
  /** Whether it shows characters outside ASCII. */
  readonly unicode: boolean;
}

/** Escapes of each style with and without colours: the terminal's own 16, which fit light and dark backgrounds. */
const codes: Readonly<Record<Style, { readonly coloured: string; readonly uncoloured: string }>> = {
  plain: { coloured: "", uncoloured: "" },
  bold: { coloured: "1", uncoloured: "1" },
  dim: { coloured: "90", uncoloured: "" },
  good: { coloured: "32", uncoloured: "" },
  warn: { coloured: "33", uncoloured: "" },
  bad: { coloured: "31", uncoloured: "1" },
  accent: { coloured: "36", uncoloured: "" },
  heading: { coloured: "1;36", uncoloured: "1" },
  selected: { coloured: "7", uncoloured: "7" },
};

export const plain = (text: string): Line => [{ text, style: "plain" }];
export const span = (text: string, style: Style = "plain"): Span => ({ text, style });

export const lineText = (line: Line): string => line.map(({ text }) => text).join("");

/** A line of exactly `width` characters, cut or padded. Its spans must hold narrow text only (words/narrow.ts). */
export function fitted(line: Line, width: number): Line {
  const out: Span[] = [];
  let left = width;
  for (const each of line) {
    if (left <= 0) break;
    out.push(each.text.length <= left ? each : { text: each.text.slice(0, left), style: each.style });
    left -= each.text.length;
  }
  if (left > 0) out.push({ text: " ".repeat(left), style: out.at(-1)?.style === "selected" ? "selected" : "plain" });
  return out;
}

/** A line as the terminal reads it, without trailing blanks. */
export function rendered(line: Line, look: Look): string {
  let out = "";
  let current = "";
  for (const { text, style } of line) {
    if (text === "") continue;
    const code = codes[style][look.colour ? "coloured" : "uncoloured"];
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
  "✗": "x",
  "→": ">",
  "▶": ">",
};

function asciiOf(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: everything outside ASCII is looked for.
  return text.replace(/[^\u0000-\u007e]/g, (character) => asciiFor[character] ?? "?");
}
