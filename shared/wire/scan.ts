import { BadMessage } from "./check.ts";

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

/** What one message may hold. */
export interface ScanLimits {
  /** Bytes of the whole message. */
  readonly bytes: number;
  /** Lists and mappings inside one another; a number alone has depth 0. */
  readonly depth: number;
  /** Values in all, those inside lists and mappings and the mappings' keys included. */
  readonly values: number;
}

/** Where no smaller limit is known: what a NATS message may carry, and more values than the largest journal message has. */
export const widestLimits: ScanLimits = { bytes: 64 * 1024 * 1024, depth: 64, values: 4_000_000 };

/** Items that each open list or mapping still wants, keys and values counted apart; one scan at a time uses it. */
const wanted = new Float64Array(256);
/** Whether each open one is a mapping, so that an even number of wanted items means that a key comes next. */
const isMapping = new Uint8Array(256);

/**
 * @param bytes   one message
 * @param limits  of its kind; `depth` at most 255
 * @throws BadMessage naming the byte and what stood there by its kind; never with any of the message's own content
 */
export function scan(bytes: Uint8Array, limits: ScanLimits = widestLimits): void {
  const end = bytes.length;
  if (end > limits.bytes) throw new BadMessage(`${end} bytes; at most ${limits.bytes} are allowed`);
  let at = 0;
  let values = 0;
  let depth = 0;
  do {
    if (at >= end) throw new BadMessage(`ends in the middle of a value, after ${end} bytes`);
    if (++values > limits.values) throw new BadMessage(`more than ${limits.values} values, at byte ${at}`);
    const first = bytes[at] as number; // at < end
    let items = 0;
    let mapping = false;
    let isText = false;
    const start = at;
    if (first < 0x80 || first >= 0xe0) at += 1;
    else if (first < 0x90) {
      at += 1;
      items = first & 0x0f;
      mapping = true;
    } else if (first < 0xa0) {
      at += 1;
      items = first & 0x0f;
    } else if (first < 0xc0) {
      at += 1 + (first & 0x1f);
      isText = true;
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
          at += 2 + lengthAt(bytes, at, 1);
          break;
        case 0xc5:
          at += 3 + lengthAt(bytes, at, 2);
          break;
        case 0xc6:
          at += 5 + lengthAt(bytes, at, 4);
          break;
        case 0xd9: // text, length in 8 bits
          at += 2 + lengthAt(bytes, at, 1);
          isText = true;
          break;
        case 0xda:
          at += 3 + lengthAt(bytes, at, 2);
          isText = true;
          break;
        case 0xdb:
          at += 5 + lengthAt(bytes, at, 4);
          isText = true;
          break;
        case 0xdc: // list
          items = lengthAt(bytes, at, 2);
          at += 3;
          break;
        case 0xdd:
          items = lengthAt(bytes, at, 4);
          at += 5;
          break;
        case 0xde: // mapping
          items = lengthAt(bytes, at, 2);
          at += 3;
          mapping = true;
          break;
        case 0xdf:
          items = lengthAt(bytes, at, 4);
          at += 5;
          mapping = true;
          break;
        case 0xd4: // `undefined`, as msgpackr writes it
          if (bytes[at + 1] !== 0 || bytes[at + 2] !== 0) throw new BadMessage(`an extension at byte ${at}`);
          at += 3;
          break;
        default:
          throw new BadMessage(`an extension, or no MessagePack at all, at byte ${at}`);
      }
    }
    if (at > end) throw new BadMessage(`ends in the middle of a value, after ${end} bytes`);
    if (depth > 0) {
      const inner = depth - 1;
      const left = wanted[inner] as number;
      if (isMapping[inner] === 1 && left % 2 === 0 && !isText)
        throw new BadMessage(`a key that is no text at byte ${start}`);
      wanted[inner] = left - 1;
    }
    if (items > 0) {
      if (depth >= limits.depth)
        throw new BadMessage(`deeper than ${limits.depth} lists or mappings, at byte ${start}`);
      const inside = mapping ? 2 * items : items;
      // Each needs a byte at least, so a length that cannot be true costs nothing.
      if (inside > end - at) throw new BadMessage(`ends in the middle of a value, after ${end} bytes`);
      wanted[depth] = inside;
      isMapping[depth] = mapping ? 1 : 0;
      depth += 1;
    }
    while (depth > 0 && wanted[depth - 1] === 0) depth -= 1;
  } while (depth > 0);
  if (at !== end) throw new BadMessage(`${end - at} bytes more than the value at its start`);
}

/** A length of 1, 2 or 4 bytes behind the type's byte; what is not there counts as 0 and is found out by the caller. */
function lengthAt(bytes: Uint8Array, at: number, size: 1 | 2 | 4): number {
  let length = 0;
  for (let i = 1; i <= size; i++) length = length * 256 + (bytes[at + i] ?? 0);
  return length;
}
