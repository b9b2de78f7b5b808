/** Text from outside for a terminal: file names, reasons, hosts, output of programs. */

const narrowAscii = /^[ -~]*$/;
/** Control, format and private characters, marks, halves of pairs, wide letters, and pictures that terminals draw two wide. */
const notNarrow =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{M}\p{Emoji_Presentation}\u1100-\u115f\u2e80-\ua4cf\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\ufe10-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{10000}-\u{10ffff}]/gu;

/** Text from outside in which each character is one cell wide and none moves the cursor; others become `?`. */
export const narrow = (text: string): string => (narrowAscii.test(text) ? text : text.replace(notNarrow, "?"));

/** At most `width` cells of text from outside; longer text ends in "..". */
export function clip(text: string, width: number): string {
  const shown = narrow(text);
  if (shown.length <= width) return shown;
  return width <= 2 ? shown.slice(0, Math.max(0, width)) : `${shown.slice(0, width - 2)}..`;
}
