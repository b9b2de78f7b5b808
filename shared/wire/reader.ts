import { BadMessage } from "./check.ts";
import { keyOf, textOf } from "./texts/texts.ts";
import { sumWith, Words, wordSum } from "./texts/words.ts";

/**
 * Reads one MessagePack message, and refuses it at the first thing that our messages never hold.
 *
 * A general decoder does more than our messages need, and each of its extras has served an attack: references that
 * build a graph of shared nodes (300 bytes froze a coordinator for half a minute), strings taken from beyond the
 * message, a hundred thousand small values in one report. So only plain values pass: nil, booleans, numbers, text,
 * bytes, lists, and mappings whose keys are text. The one extension that passes is the three bytes that msgpackr writes
 * for `undefined`.
 *
 * Limits are checked before anything is built: a list is allocated only once its length, its depth and the number of
 * all values are known to be allowed. Walking a message first and decoding it afterwards took a third longer
 * (2026-11-29).
 */

/** What one message may hold. limits.ts has the limits of every kind, with the reasons. */
export interface MessageLimits {
  /** Bytes of the whole message. */
  readonly bytes: number;
  /** Nested lists and mappings, empty ones not counted; a number alone has depth 0. */
  readonly depth: number;
  /** All values, including those inside lists and mappings, and the mappings' keys. */
  readonly values: number;
  /** Lists, mappings, and texts other than keys (bytes included): they take far longer to build than a number. */
  readonly lists: number;
  readonly mappings: number;
  readonly texts: number;
  /** Different keys of mappings: each new key costs the engine far more than a thousand mappings with the same keys. */
  readonly words: number;
  /** Different orders of keys, counted once there are more mappings than this: the engine makes a class for each. */
  readonly shapes: number;
  /**
   * Mappings with whole numbers as keys, which the engine keeps as lists with room for all numbers between: 40 kB for
   * three keys.
   */
  readonly numbered: number;
}

/** For messages that our programs write for themselves, where no smaller limit is known. */
export const widestLimits: MessageLimits = {
  bytes: 2 ** 31 - 1,
  depth: 64,
  values: 2 ** 31 - 1,
  lists: 2 ** 31 - 1,
  mappings: 2 ** 31 - 1,
  texts: 2 ** 31 - 1,
  words: 2 ** 31 - 1,
  shapes: 2 ** 31 - 1,
  numbered: 2 ** 31 - 1,
};

/** Lists shorter than this are allocated at once. */
const mostPrepared = 10_000;
/** Number of keys whose sums are kept; no kind in limits.ts allows as many words. */
export const keysKept = 24_576;
/** Sums of the first keys of the message being read: one message is read at a time. */
const keySums = new Int32Array(keysKept);
const words = new Words();
const shapes = new Words();

/** Reads messages from one buffer, one after another; its state belongs to the message being read. */
export class MessageReader {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #copies: boolean;
  #limits = widestLimits;
  #at = 0;
  #end = 0;
  #values = 0;
  #lists = 0;
  #mappings = 0;
  #texts = 0;
  #keys = 0;
  #numbered = 0;

  /**
   * @param bytes   the buffer, at whose start each message lies
   * @param copies  whether byte strings are copied out of the message; otherwise they are views
   */
  constructor(bytes: Buffer, copies: boolean) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#copies = copies;
  }

  /**
   * @param end  the message's length in bytes
   * @throws BadMessage that names the byte's offset and what kind of thing it holds, but quotes no content
   */
  read(end: number, limits: MessageLimits = widestLimits): unknown {
    if (end > limits.bytes) throw new BadMessage(`${end} bytes; at most ${limits.bytes} are allowed`);
    this.#limits = limits;
    this.#at = 0;
    this.#end = end;
    this.#values = 1;
    this.#lists = 0;
    this.#mappings = 0;
    this.#texts = 0;
    this.#keys = 0;
    this.#numbered = 0;
    const value = this.#value(0);
    if (this.#at !== end) throw new BadMessage(`${end - this.#at} bytes more than the value at its start`);
    return value;
  }

  /** @param depth  lists and mappings around the value */
  #value(depth: number): unknown {
    const first = this.#bytes[this.#take(1)] as number; // taken, so it is there
    if (first < 0x80) return first;
    if (first < 0x90) return this.#mapping(first & 0x0f, depth);
    if (first < 0xa0) return this.#list(first & 0x0f, depth);
    if (first < 0xc0) return this.#text(first & 0x1f);
    if (first >= 0xe0) return first - 0x100;
    switch (first) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#binary(this.#length(first - 0xc4));
      case 0xca:
        return this.#view.getFloat32(this.#take(4));
      case 0xcb:
        return this.#view.getFloat64(this.#take(8));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#length(first - 0xcc);
      case 0xcf:
        return this.#long(this.#view.getBigUint64(this.#take(8)));
      case 0xd0:
        return this.#view.getInt8(this.#take(1));
      case 0xd1:
        return this.#view.getInt16(this.#take(2));
      case 0xd2:
        return this.#view.getInt32(this.#take(4));
      case 0xd3:
        return this.#long(this.#view.getBigInt64(this.#take(8)));
      case 0xd4:
        // `undefined`, as msgpackr writes it
        if (this.#view.getUint16(this.#take(2)) === 0) return undefined;
        throw odd("an extension", this.#at - 3);
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#length(first - 0xd9));
      case 0xdc:
      case 0xdd:
        return this.#list(this.#length(first - 0xdb), depth);
      case 0xde:
      case 0xdf:
        return this.#mapping(this.#length(first - 0xdd), depth);
      default:
        throw odd("an extension, or no MessagePack at all,", this.#at - 1);
    }
  }

  #list(length: number, depth: number): unknown[] {
    if (++this.#lists > this.#limits.lists) throw this.#tooMany(this.#limits.lists, "lists");
    if (length === 0) return [];
    this.#open(length, depth);
    // Longer lists start empty: if allocated at once, the engine makes tables of them, which take three times as long
    // to fill.
    const list = length < mostPrepared ? new Array<unknown>(length) : [];
    for (let i = 0; i < length; i++) list[i] = this.#value(depth + 1);
    return list;
  }

  #mapping(fields: number, depth: number): Record<string, unknown> {
    if (++this.#mappings > this.#limits.mappings) throw this.#tooMany(this.#limits.mappings, "mappings");
    const { shapes: mostShapes } = this.#limits;
    if (this.#mappings === mostShapes + 1) shapes.forget();
    const mapping: Record<string, unknown> = {};
    if (fields === 0) return mapping;
    this.#open(2 * fields, depth);
    const isCompared = this.#mappings > mostShapes;
    let shape = 0;
    let isNumbered = false;
    for (let i = 0; i < fields; i++) {
      const from = this.#keyStart();
      const sum = wordSum(this.#bytes, from, this.#at);
      this.#countKey(sum);
      const key = keyOf(this.#bytes, from, this.#at, sum);
      if (isCompared) shape = sumWith(shape, sum);
      if (!isNumbered && isWholeNumber(key)) {
        isNumbered = true;
        this.#numbered++;
        if (this.#numbered > this.#limits.numbered)
          throw this.#tooMany(this.#limits.numbered, "mappings with numbers as keys");
      }
      mapping[key] = this.#value(depth + 1);
    }
    if (isCompared && shapes.add(shape) > mostShapes) throw this.#tooMany(mostShapes, "orders of keys");
    return mapping;
  }

  /** Checks limits before a list or mapping with this many values is built. */
  #open(values: number, depth: number): void {
    // Each value needs at least a byte, so a length that cannot be true costs nothing.
    if (values > this.#end - this.#at) throw this.#cut();
    this.#values += values;
    if (this.#values > this.#limits.values) throw this.#tooMany(this.#limits.values, "values");
    if (depth >= this.#limits.depth)
      throw new BadMessage(`deeper than ${this.#limits.depth} lists or mappings, at byte ${this.#at}`);
  }

  #text(length: number): string {
    if (++this.#texts > this.#limits.texts) throw this.#tooMany(this.#limits.texts, "texts");
    const from = this.#take(length);
    return textOf(this.#bytes, from, this.#at);
  }

  #binary(length: number): Uint8Array {
    if (++this.#texts > this.#limits.texts) throw this.#tooMany(this.#limits.texts, "texts");
    const from = this.#take(length);
    // Buffer's own `slice` would make a view.
    if (this.#copies) return Uint8Array.prototype.slice.call(this.#bytes, from, this.#at);
    return this.#bytes.subarray(from, this.#at);
  }

  /** Reads past the next key and returns where its text begins; it ends at `#at`. */
  #keyStart(): number {
    const start = this.#at;
    const first = this.#bytes[this.#take(1)] as number; // taken, so it is there
    let length = first & 0x1f;
    if (first >= 0xd9 && first <= 0xdb) length = this.#length(first - 0xd9);
    else if (first < 0xa0 || first >= 0xc0) throw odd("a key that is no text", start);
    return this.#take(length);
  }

  /** Counts different keys, but only once a message has more keys than the limit of different ones. */
  #countKey(sum: number): void {
    const most = this.#limits.words;
    const n = this.#keys++;
    if (n < keysKept) keySums[n] = sum;
    if (n < most) return;
    if (n === most) {
      words.forget();
      for (let i = 0; i < n; i++) words.add(keySums[i] as number); // n < keysKept
    }
    if (words.add(sum) > most) throw this.#tooMany(most, "different keys");
  }

  /** A whole number of 1, 2 or 4 bytes, for `size` 0, 1 or 2. */
  #length(size: number): number {
    if (size === 0) return this.#bytes[this.#take(1)] as number; // taken, so it is there
    return size === 1 ? this.#view.getUint16(this.#take(2)) : this.#view.getUint32(this.#take(4));
  }

  #long(number: bigint): number {
    const near = Number(number);
    if (Number.isSafeInteger(near)) return near;
    throw odd("a whole number of more than 53 bits", this.#at - 9);
  }

  /** Advances by `count` bytes; returns where they begin. @throws BadMessage if the message ends before */
  #take(count: number): number {
    const from = this.#at;
    const to = from + count;
    if (to > this.#end) throw this.#cut();
    this.#at = to;
    return from;
  }

  #cut(): BadMessage {
    return new BadMessage(`ends in the middle of a value, after ${this.#end} bytes`);
  }

  #tooMany(most: number, what: string): BadMessage {
    return new BadMessage(`more than ${most} ${what}, at byte ${this.#at}`);
  }
}

const odd = (what: string, at: number): BadMessage => new BadMessage(`${what} at byte ${at}`);

/** Whether the key could be an index of a list. */
function isWholeNumber(key: string): boolean {
  const first = key.charCodeAt(0);
  return first <= 0x39 && first >= 0x30 && key.length <= 10 && /^\d+$/.test(key);
}
