/** Texts of a message. For a short text, calling Node's own decoder would cost more than decoding it here. */

const short = 16;
const { fromCharCode } = String;

/** The UTF-8 text in `bytes[from..to)`. */
export function textOf(bytes: Buffer, from: number, to: number): string {
  if (to - from > short || from + short > bytes.length) return bytes.toString("utf8", from, to);
  let union = 0;
  for (let i = from; i < to; i++) union |= byte(bytes, i);
  return union < 0x80 ? sixteen(bytes, from).slice(0, to - from) : bytes.toString("utf8", from, to);
}

/** One call with 16 arguments: spreading them from a list would take five times as long (2026-11-29). */
const sixteen = (bytes: Buffer, i: number): string =>
  fromCharCode(
    byte(bytes, i),
    byte(bytes, i + 1),
    byte(bytes, i + 2),
    byte(bytes, i + 3),
    byte(bytes, i + 4),
    byte(bytes, i + 5),
    byte(bytes, i + 6),
    byte(bytes, i + 7),
    byte(bytes, i + 8),
    byte(bytes, i + 9),
    byte(bytes, i + 10),
    byte(bytes, i + 11),
    byte(bytes, i + 12),
    byte(bytes, i + 13),
    byte(bytes, i + 14),
    byte(bytes, i + 15),
  );

/** A byte that exists: `i` is less than the length. */
const byte = (bytes: Buffer, i: number): number => bytes[i] as number;

const places = 4096;
/** Short keys of earlier messages, by their sums: the same few recur. */
const known = new Array<string>(places).fill("");

/**
 * The text in `bytes[from..to)` as a key of an object. `__proto__` becomes `__proto_`, so that no key sets the object's
 * prototype.
 *
 * @param sum  the text's sum (words.ts)
 */
export function keyOf(bytes: Buffer, from: number, to: number, sum: number): string {
  const length = to - from;
  if (length > short) return textOf(bytes, from, to);
  const place = sum & (places - 1);
  const found = known[place] as string; // place < places
  if (found.length === length && isAt(bytes, from, found)) return found;
  const text = textOf(bytes, from, to);
  if (text === "__proto__") return "__proto_";
  if (text.length === length) known[place] = text;
  return text;
}

/** Whether `bytes` hold this ASCII text at `from`. */
function isAt(bytes: Buffer, from: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[from + i]) return false;
  return true;
}
