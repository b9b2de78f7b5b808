import { cutTo, isAscii, widthOf } from "./cell-width.ts";

/** Text from outside for a terminal: file names, reasons, hosts, output of programs. */

/** Letters and signs that stand for themselves: Latin, Greek, Cyrillic, lines, blocks, braille, kana, Han, Hangul. Nearly all text. */
const harmless =
  /^[ -~\u00a1-\u00ac\u00ae-\u02ff\u0391-\u03a1\u03a3-\u0482\u048a-\u052f\u2010-\u2027\u2030-\u205e\u2500-\u25fc\u2800-\u28ff\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3]*$/;
/** Control, format, private and unassigned characters, halves of pairs, and letters that nobody can see. */
const hidden =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u1160-\u11ff\ud7b0-\ud7ff]/u;
const mark = /\p{M}/u;
const picture = /\p{Extended_Pictographic}/u;
/** The letters of flags. */
const flagLetter = /[\u{1f1e6}-\u{1f1ff}]/u;
const firstFlagLetter = 0x1f1e6;
/** Letters may carry as many marks as a language needs, and no tower of them. */
const mostMarks = 3;

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

/**
 * Text from outside, such that none of it moves the cursor and terminals agree on its width (`widthOf`). Control characters
 * become `?`. Letters keep their marks. A picture joined from several shows as the first one, a flag as its letters.
 */
export function narrow(text: string): string {
  if (harmless.test(text)) return text;
  let out = "";
  for (const { segment } of segmenter.segment(text.normalize("NFC"))) out += clusterShown(segment);
  return out;
}

function clusterShown(cluster: string): string {
  const [base = "", ...others] = cluster;
  if (flagLetter.test(base)) {
    const letters = [...cluster].filter((each) => flagLetter.test(each));
    return letters.map((each) => String.fromCharCode(65 + (each.codePointAt(0) ?? 0) - firstFlagLetter)).join("");
  }
  if (hidden.test(base) || mark.test(base)) return "?";
  if (picture.test(base)) return base;
  const marks = others.filter((each) => mark.test(each) && !hidden.test(each));
  const letters = others.filter((each) => !mark.test(each) && !hidden.test(each));
  return base + marks.slice(0, mostMarks).join("") + letters.join("");
}

/** At most `width` cells of text from outside; longer text ends in "..". */
export function clip(text: string, width: number): string {
  // Handles nearly all texts, in a third of the time.
  if (text.length <= width && isAscii(text)) return text;
  const shown = narrow(text);
  if (widthOf(shown) <= width) return shown;
  return width <= 2 ? cutTo(shown, width) : `${cutTo(shown, width - 2)}..`;
}
