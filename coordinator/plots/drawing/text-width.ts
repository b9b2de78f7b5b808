/** Estimated widths of text, since the reader's font is unknown: a tenth wider than Helvetica, as DejaVu is. */

const narrow = /[ijl.,:;'|!()[\]{}/\\ fIt-]/;
const wide = /[mwMW%@]/;
const upper = /[A-Z0-9_=+<>~#$&?]/;

/** In multiples of the font size. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (narrow.test(character)) width += 0.33;
    else if (wide.test(character)) width += 0.9;
    else if (upper.test(character)) width += 0.66;
    else width += (character.codePointAt(0) ?? 0) > 0x2e80 ? 1 : 0.58;
  }
  return width;
}

export const widest = (texts: readonly string[]): number =>
  texts.reduce((most, text) => Math.max(most, textWidth(text)), 0);

/** Lines at most `most` wide, broken between words; a wider word gets a line of its own. */
export function wrapped(text: string, most: number, widthOf = textWidth): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && widthOf(longer) > most) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return line === "" ? lines : [...lines, line];
}

export function shortened(text: string, most: number): string {
  if (textWidth(text) <= most) return text;
  let kept = [...text];
  while (kept.length > 1 && textWidth(`${kept.join("")}…`) > most) kept = kept.slice(0, -1);
  return `${kept.join("")}…`;
}
