import { BadMessage } from "./check.ts";
import { Words } from "./words.ts";

/**
 * Walks a MessagePack message without building anything of it, before a decoder sees it.
 *
 * A general decoder does more than our messages need, and each of its extras has served an attack: references that build
 * a graph of shared nodes (300 bytes froze a coordinator for half a minute), strings taken from beyond the message, a
 * hundred thousand small values in one report. So only plain values pass: nil, booleans, numbers, text, bytes, lists,
 * and mappings whose keys are text. The one extension that passes is the three bytes that msgpackr writes for `undefined`.
 *
 * The cost is a few nanoseconds a value; text and bytes are jumped over.
 */

/** What one message may hold. Every kind has its own in limits.ts, with the reasons. */
export interface ScanLimits {
  /** Bytes of the whole message. */
  readonly bytes: number;
  /** Lists and mappings inside one another; a number alone has depth 0. At most 255. */
  readonly depth: number;
  /** Values in all, those inside lists and mappings and the mappings' keys included. */
  readonly values: number;
  /** Lists, mappings, and texts that are no keys (bytes included): what takes a decoder far longer than a number does. */
  readonly lists: number;
  readonly mappings: number;
  readonly texts: number;
  /** Different keys of mappings: an engine pays for each new one far more than for a thousand mappings with the same keys. */
  readonly words: number;
}

/** Where no smaller limit is known: what our own programs write for themselves. */
export const widestLimits: ScanLimits = {
  bytes: 2 ** 31 - 1,
  depth: 64,
  values: 2 ** 31 - 1,
  lists: 2 ** 31 - 1,
  mappings: 2 ** 31 - 1,
  texts: 2 ** 31 - 1,
  words: 2 ** 31 - 1,
};

const words = new Words();

/** Bytes of a value by its first byte: numbers, nil, true, false and short texts; 0: the byte alone does not say. */
const sizes = Uint8Array.from({ length: 256 }, (_, first) => {
  if (first < 0x80 || first >= 0xe0 || first === 0xc0 || first === 0xc2 || first === 0xc3) return 1;
  if (first >= 0xa0 && first < 0xc0) return 1 + (first & 0x1f);
  const numbers = { 202: 5, 203: 9, 204: 2, 205: 3, 206: 5, 207: 9, 208: 2, 209: 3, 210: 5, 211: 9 };
  return numbers[first as keyof typeof numbers] ?? 0;
});

/** What each open list or mapping still wants when one inside it is walked, keys and values counted apart; one scan at a time. */
const wanted = new Int32Array(256);
const isMapping = new Uint8Array(256);

/**
 * A view on the same bytes that is nothing but a Uint8Array. A Buffer, or bytes to which somebody has attached a property, are
 * another type for the engine, and walking several types takes four times as long (2026-11-28).
 */
export const plainView = ({ buffer, byteOffset, length }: Uint8Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, length);

/**
 * @param bytes   one message, at their beginning; a `plainView`
 * @param limits  of its kind
 * @param end     the message's length
 * @throws BadMessage naming the byte and what stood there by its kind; never with any of the message's own content
 */
export function scan(bytes: Uint8Array, limits: ScanLimits = widestLimits, end = bytes.length): void {
  if (end > limits.bytes) throw new BadMessage(`${end} bytes; at most ${limits.bytes} are allowed`);
  const { values: mostValues, texts: mostTexts, words: mostWords } = limits;
  const countsWords = mostWords !== widestLimits.words;
  let at = 0;
  let values = 1;
  let lists = 0;
  let mappings = 0;
  let texts = 0;
  let depth = 0;
  /** Of the innermost open list or mapping; an even number of wanted items in a mapping means that a key comes next. */
  let left = 1;
  let mapping = 0;
  let hasKeys = false;
  for (;;) {
    // Whatever is jumped over may end behind the end, which is found out here, or below for the last value.
    if (at >= end) throw cut(end);
    const first = bytes[at] as number; // at < end
    left -= 1;
    if (mapping === 1 && (left & 1) === 1) {
      const start = at;
      if (first >= 0xa0 && first < 0xc0) at += 1 + (first & 0x1f);
      else at += longTextBytes(bytes, at, first);
      if (!countsWords) continue;
      if (at > end) throw cut(end);
      if (!hasKeys) words.forget();
      hasKeys = true;
      if (words.add(bytes, start, at) > mostWords)
        throw new BadMessage(`more than ${mostWords} different keys, at byte ${start}`);
      continue;
    }
    const size = sizes[first] as number; // a byte
    if (size > 0) {
      at += size;
      if (first >= 0xa0 && first < 0xc0 && ++texts > mostTexts)
        throw new BadMessage(`more than ${mostTexts} texts, at byte ${at}`);
    } else {
      /** 0: nothing, 1: a mapping, 2: a list; and what is in it. */
      let opens = 0;
      let inside = 0;
      const start = at;
      switch (first) {
        case 0xc4: // bytes, length in 8 bits
        case 0xd9: // text
          at += 2 + lengthAt(bytes, at, 1);
          texts += 1;
          break;
        case 0xc5:
        case 0xda:
          at += 3 + lengthAt(bytes, at, 2);
          texts += 1;
          break;
        case 0xc6:
        case 0xdb:
          at += 5 + lengthAt(bytes, at, 4);
          texts += 1;
          break;
        case 0xdc: // list
          opens = 2;
          inside = lengthAt(bytes, at, 2);
          at += 3;
          break;
        case 0xdd:
          opens = 2;
          inside = lengthAt(bytes, at, 4);
          at += 5;
          break;
        case 0xde: // mapping
          opens = 1;
          inside = 2 * lengthAt(bytes, at, 2);
          at += 3;
          break;
        case 0xdf:
          opens = 1;
          inside = 2 * lengthAt(bytes, at, 4);
          at += 5;
          break;
        case 0xd4: // `undefined`, as msgpackr writes it
          if (bytes[at + 1] !== 0 || bytes[at + 2] !== 0) throw new BadMessage(`an extension at byte ${at}`);
          at += 3;
          break;
        default:
          if (first >= 0xa0) throw new BadMessage(`an extension, or no MessagePack at all, at byte ${at}`);
          opens = first < 0x90 ? 1 : 2;
          inside = first < 0x90 ? 2 * (first & 0x0f) : first & 0x0f;
          at += 1;
      }
      if (texts > mostTexts) throw new BadMessage(`more than ${mostTexts} texts, at byte ${start}`);
      if (opens > 0) {
        if (opens === 1) mappings += 1;
        else lists += 1;
        if (lists > limits.lists) throw new BadMessage(`more than ${limits.lists} lists, at byte ${start}`);
        if (mappings > limits.mappings) throw new BadMessage(`more than ${limits.mappings} mappings, at byte ${start}`);
        values += inside;
        if (inside > 0) {
          // Each needs a byte at least, so a length that cannot be true costs nothing.
          if (inside > end - at) throw cut(end);
          if (values > mostValues) throw new BadMessage(`more than ${mostValues} values, at byte ${start}`);
          if (depth >= limits.depth)
            throw new BadMessage(`deeper than ${limits.depth} lists or mappings, at byte ${start}`);
          wanted[depth] = left;
          isMapping[depth] = mapping;
          depth += 1;
          left = inside;
          mapping = opens & 1;
          continue;
        }
      }
    }
    if (left > 0) continue;
    while (left === 0 && depth > 0) {
      depth -= 1;
      left = wanted[depth] as number; // depth < 256
      mapping = isMapping[depth] as number;
    }
    if (left === 0) break;
  }
  if (at > end) throw cut(end);
  if (at !== end) throw new BadMessage(`${end - at} bytes more than the value at its start`);
}

const cut = (end: number): BadMessage => new BadMessage(`ends in the middle of a value, after ${end} bytes`);

/** A length of 1, 2 or 4 bytes behind the type's byte; what is not there counts as 0 and is found out by the caller. */
function lengthAt(bytes: Uint8Array, at: number, size: 1 | 2 | 4): number {
  let length = 0;
  for (let i = 1; i <= size; i++) length = length * 256 + (bytes[at + i] ?? 0);
  return length;
}

/** Bytes of the longer text that begins there, its head included. @throws BadMessage if none begins there */
function longTextBytes(bytes: Uint8Array, at: number, first: number): number {
  if (first === 0xd9) return 2 + lengthAt(bytes, at, 1);
  if (first === 0xda) return 3 + lengthAt(bytes, at, 2);
  if (first === 0xdb) return 5 + lengthAt(bytes, at, 4);
  throw new BadMessage(`a key that is no text at byte ${at}`);
}
