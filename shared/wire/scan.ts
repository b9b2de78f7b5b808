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
  let at = 0;
  let values = 0;
  let lists = 0;
  let mappings = 0;
  let texts = 0;
  let depth = 0;
  /** Of the innermost open list or mapping; an even number of wanted items in a mapping means that a key comes next. */
  let left = 1;
  let mapping = 0;
  let hasKeys = false;
  const countsWords = limits.words !== widestLimits.words;
  for (;;) {
    if (at >= end) throw cut(end);
    if (++values > limits.values) throw new BadMessage(`more than ${limits.values} values, at byte ${at}`);
    const start = at;
    const first = bytes[at] as number; // at < end
    /** 0: nothing, 1: a mapping, 2: a list. */
    let opens = 0;
    let inside = 0;
    left -= 1;
    if (mapping === 1 && (left & 1) === 1) {
      const size = textBytes(bytes, at, first);
      if (size === 0) throw new BadMessage(`a key that is no text at byte ${start}`);
      at += size;
      if (at > end) throw cut(end);
      if (!countsWords) continue;
      if (!hasKeys) {
        hasKeys = true;
        words.forget();
      }
      if (words.add(bytes, start, at) > limits.words)
        throw new BadMessage(`more than ${limits.words} different keys, at byte ${start}`);
      continue;
    }
    if (first < 0x80 || first >= 0xe0) at += 1;
    else if (first < 0x90) {
      at += 1;
      opens = 1;
      inside = 2 * (first & 0x0f);
    } else if (first < 0xa0) {
      at += 1;
      opens = 2;
      inside = first & 0x0f;
    } else if (first < 0xc0) {
      at += 1 + (first & 0x1f);
      texts += 1;
    } else {
      switch (first) {
        case 0xc0: // nil
        case 0xc2: // false
        case 0xc3: // true
          at += 1;
          break;
        case 0xcc: // uint 8
        case 0xd0: // int 8
          at += 2;
          break;
        case 0xcd: // uint 16
        case 0xd1: // int 16
          at += 3;
          break;
        case 0xca: // float 32
        case 0xce: // uint 32
        case 0xd2: // int 32
          at += 5;
          break;
        case 0xcb: // float 64
        case 0xcf: // uint 64
        case 0xd3: // int 64
          at += 9;
          break;
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
          throw new BadMessage(`an extension, or no MessagePack at all, at byte ${at}`);
      }
    }
    if (at > end) throw cut(end);
    if (texts > limits.texts) throw new BadMessage(`more than ${limits.texts} texts, at byte ${start}`);
    if (opens > 0) {
      if (opens === 1) mappings += 1;
      else lists += 1;
      if (lists > limits.lists) throw new BadMessage(`more than ${limits.lists} lists, at byte ${start}`);
      if (mappings > limits.mappings) throw new BadMessage(`more than ${limits.mappings} mappings, at byte ${start}`);
      if (inside > 0) {
        if (depth >= limits.depth)
          throw new BadMessage(`deeper than ${limits.depth} lists or mappings, at byte ${start}`);
        // Each needs a byte at least, so a length that cannot be true costs nothing.
        if (inside > end - at) throw cut(end);
        wanted[depth] = left;
        isMapping[depth] = mapping;
        depth += 1;
        left = inside;
        mapping = opens & 1;
        continue;
      }
    }
    while (left === 0 && depth > 0) {
      depth -= 1;
      left = wanted[depth] as number; // depth < 256
      mapping = isMapping[depth] as number;
    }
    if (left === 0) break;
  }
  if (at !== end) throw new BadMessage(`${end - at} bytes more than the value at its start`);
}

const cut = (end: number): BadMessage => new BadMessage(`ends in the middle of a value, after ${end} bytes`);

/** A length of 1, 2 or 4 bytes behind the type's byte; what is not there counts as 0 and is found out by the caller. */
function lengthAt(bytes: Uint8Array, at: number, size: 1 | 2 | 4): number {
  let length = 0;
  for (let i = 1; i <= size; i++) length = length * 256 + (bytes[at + i] ?? 0);
  return length;
}

/** Bytes of the text that begins there, its head included; 0: no text begins there. */
function textBytes(bytes: Uint8Array, at: number, first: number): number {
  if (first >= 0xa0 && first < 0xc0) return 1 + (first & 0x1f);
  if (first === 0xd9) return 2 + lengthAt(bytes, at, 1);
  if (first === 0xda) return 3 + lengthAt(bytes, at, 2);
  if (first === 0xdb) return 5 + lengthAt(bytes, at, 4);
  return 0;
}
