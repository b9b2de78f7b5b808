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

/** Bytes of a value by its first byte, from 0xc0 on: numbers, nil, true and false; 0: the byte alone does not say. */
const sizes = Uint8Array.from({ length: 256 }, (_, first) => {
  if (first >= 0xe0 || first === 0xc0 || first === 0xc2 || first === 0xc3) return 1;
  const numbers = { 202: 5, 203: 9, 204: 2, 205: 3, 206: 5, 207: 9, 208: 2, 209: 3, 210: 5, 211: 9 };
  return numbers[first as keyof typeof numbers] ?? 0;
});

/** What each open list or mapping still wants when one inside it is walked; keys and values are counted apart. One scan at a time. */
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
  // Only a message with more keys than different ones are allowed is walked again, and they are compared.
  if (walk(bytes, limits, end, false) > limits.words) walk(bytes, limits, end, true);
}

/** Returns how many keys its mappings have in all. @param comparesKeys  whether too many different ones are an error */
function walk(bytes: Uint8Array, limits: ScanLimits, end: number, comparesKeys: boolean): number {
  const { values: mostValues, texts: mostTexts, words: mostWords } = limits;
  if (comparesKeys) words.forget();
  let at = 0;
  let values = 1;
  let lists = 0;
  let mappings = 0;
  let texts = 0;
  let keys = 0;
  let depth = 0;
  /** Of the innermost open list or mapping, whose keys count too. */
  let left = 1;
  let mapping = 0;
  for (;;) {
    // Whatever is jumped over may end behind the end, which is found out here, or below for the last value.
    if (at >= end) throw cut(end);
    let first = bytes[at] as number; // at < end
    left -= 1;
    if (mapping === 1) {
      const start = at;
      if (first >= 0xa0 && first < 0xc0) at += first - 0x9f;
      else at += longTextBytes(bytes, at, first, end);
      if (at >= end) throw cut(end);
      if (comparesKeys && words.add(bytes, start, at) > mostWords) throw tooMany(mostWords, "different keys", start);
      first = bytes[at] as number; // at < end
      left -= 1;
    }
    const start = at;
    /** 0: nothing, 1: a mapping, 2: a list; and what is in it. */
    let opens = 0;
    let inside = 0;
    // The most frequent first: an engine guesses where a branch leads, and waits for what a table says.
    if (first < 0x80) at += 1;
    else if (first < 0xa0) {
      opens = first < 0x90 ? 1 : 2;
      inside = first < 0x90 ? 2 * (first & 0x0f) : first & 0x0f;
      at += 1;
    } else if (first < 0xc0) {
      at += first - 0x9f;
      if (++texts > mostTexts) throw tooMany(mostTexts, "texts", at);
    } else if ((sizes[first] as number) > 0)
      at += sizes[first] as number; // a byte
    else {
      switch (first) {
        case 0xc4: // bytes, length in 8 bits
        case 0xd9: // text
          at += 2 + lengthIn1(bytes, at);
          texts += 1;
          break;
        case 0xc5:
        case 0xda:
          at += 3 + lengthIn2(bytes, at);
          texts += 1;
          break;
        case 0xc6:
        case 0xdb:
          at += 5 + lengthIn4(bytes, at, end);
          texts += 1;
          break;
        case 0xdc: // list
          opens = 2;
          inside = lengthIn2(bytes, at);
          at += 3;
          break;
        case 0xdd:
          opens = 2;
          inside = lengthIn4(bytes, at, end);
          at += 5;
          break;
        case 0xde: // mapping
          opens = 1;
          inside = 2 * lengthIn2(bytes, at);
          at += 3;
          break;
        case 0xdf:
          opens = 1;
          inside = 2 * lengthIn4(bytes, at, end);
          at += 5;
          break;
        case 0xd4: // `undefined`, as msgpackr writes it
          if (bytes[at + 1] !== 0 || bytes[at + 2] !== 0) throw odd("an extension", at);
          at += 3;
          break;
        default:
          throw odd("an extension, or no MessagePack at all,", at);
      }
      if (texts > mostTexts) throw tooMany(mostTexts, "texts", start);
    }
    if (opens > 0) {
      if (opens === 1) {
        mappings += 1;
        keys += inside >> 1;
      } else lists += 1;
      if (lists > limits.lists) throw tooMany(limits.lists, "lists", start);
      if (mappings > limits.mappings) throw tooMany(limits.mappings, "mappings", start);
      values += inside;
      if (inside > 0) {
        // Each needs a byte at least, so a length that cannot be true costs nothing.
        if (inside > end - at) throw cut(end);
        if (values > mostValues) throw tooMany(mostValues, "values", start);
        if (depth >= limits.depth) throw tooDeep(limits.depth, start);
        wanted[depth] = left;
        isMapping[depth] = mapping;
        depth += 1;
        left = inside;
        mapping = opens & 1;
        continue;
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
  return keys;
}

// Made out of the loop's way: with their texts inside of it a scan took a third longer (2026-11-28).
const cut = (end: number): BadMessage => new BadMessage(`ends in the middle of a value, after ${end} bytes`);
const tooMany = (most: number, what: string, at: number): BadMessage =>
  new BadMessage(`more than ${most} ${what}, at byte ${at}`);
const tooDeep = (most: number, at: number): BadMessage =>
  new BadMessage(`deeper than ${most} lists or mappings, at byte ${at}`);
const odd = (what: string, at: number): BadMessage => new BadMessage(`${what} at byte ${at}`);

/** A length of 1, 2 or 4 bytes behind the type's byte; what is not there counts as 0 and is found out by the caller. */
const lengthIn1 = (bytes: Uint8Array, at: number): number => bytes[at + 1] ?? 0;
const lengthIn2 = (bytes: Uint8Array, at: number): number => ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);

/** Never more than the message has bytes, so that all that is counted stays a small whole number for the engine. */
function lengthIn4(bytes: Uint8Array, at: number, end: number): number {
  const length = (lengthIn2(bytes, at) << 16) | lengthIn2(bytes, at + 2);
  if (length < 0 || length > end) throw cut(end);
  return length;
}

/** Bytes of the longer text that begins there, its head included. @throws BadMessage if none begins there */
function longTextBytes(bytes: Uint8Array, at: number, first: number, end: number): number {
  if (first === 0xd9) return 2 + lengthIn1(bytes, at);
  if (first === 0xda) return 3 + lengthIn2(bytes, at);
  if (first === 0xdb) return 5 + lengthIn4(bytes, at, end);
  throw odd("a key that is no text", at);
}
