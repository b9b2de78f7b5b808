import { decode, encode } from "../../../shared/wire/codec.ts";
import type { Sample } from "./corpus.ts";

/** Draws a whole number from 0 to `below` - 1. mulberry32, so that message `i` of a seed can be reproduced alone. */
export type Draw = (below: number) => number;

export function drawFrom(seed: number, i: number): Draw {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(i + 1, 0x85ebca6b)) >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** Critical bytes of MessagePack: extensions, 4-byte lengths, lists, mappings, and the byte that it never uses. */
const tokens = [
  [0xc1],
  [0xd6, 0x69, 0, 0, 0, 1],
  [0xd6, 0x70, 0, 0, 0, 1],
  [0xd6, 0x62, 0, 0, 0, 1],
  [0xd6, 0x72, 0, 0, 0, 1],
  [0xc7, 0xff, 0xff],
  [0xd4, 0x00, 0x00],
  [0xdd, 0xff, 0xff, 0xff, 0xff],
  [0xdf, 0x7f, 0xff, 0xff, 0xff],
  [0xdb, 0x80, 0x00, 0x00, 0x00],
  [0xc6, 0xff, 0xff, 0xff, 0xff],
  [0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0],
  [0x90],
  [0x80],
  [0xc0],
];

const values: readonly unknown[] = [
  null,
  undefined,
  true,
  -1,
  0,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.MAX_SAFE_INTEGER,
  2n ** 63n,
  1e308,
  "",
  "job1",
  "\u202e\u001b[2J",
  "x".repeat(5000),
  [],
  {},
  [[[[[[[[1]]]]]]]],
  { kind: "claim" },
  JSON.parse('{"__proto__": {"v": 1}, "constructor": 1, "toString": 2}'),
  new Uint8Array(40),
  Array<number>(1500).fill(7),
  Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`k${i}`, i])),
];

/** A damaged message: a sample with changed bytes or values, or random bytes. */
export function mutated(samples: readonly Sample[], draw: Draw): Sample {
  const { form, bytes } = samples[draw(samples.length)] as Sample; // below its length
  switch (draw(10)) {
    case 0:
    case 1:
      return { form, bytes: replaced(bytes, draw) };
    case 2:
      return { form, bytes: bytes.subarray(0, draw(bytes.length + 1)) };
    case 3: {
      const at = draw(bytes.length + 1);
      const token = Buffer.from(tokens[draw(tokens.length)] ?? []);
      return { form, bytes: Buffer.concat([bytes.subarray(0, at), token, bytes.subarray(at + draw(8))]) };
    }
    case 4: {
      const other = (samples[draw(samples.length)] as Sample).bytes;
      return {
        form,
        bytes: Buffer.concat([bytes.subarray(0, draw(bytes.length + 1)), other.subarray(draw(other.length))]),
      };
    }
    case 5: {
      const from = draw(bytes.length);
      const part = bytes.subarray(from, from + draw(64));
      return {
        form,
        bytes: Buffer.concat([
          bytes.subarray(0, from),
          ...Array<Uint8Array>(draw(50)).fill(part),
          bytes.subarray(from),
        ]),
      };
    }
    case 6:
      return { form, bytes: Uint8Array.from({ length: draw(120) }, () => draw(256)) };
    default:
      return { form, bytes: otherMeaning(bytes, draw) };
  }
}

function replaced(bytes: Uint8Array, draw: Draw): Uint8Array {
  const copy = Uint8Array.from(bytes);
  if (copy.length > 0) for (let i = draw(4); i >= 0; i--) copy[draw(copy.length)] = draw(256);
  return copy;
}

/** The message with one value replaced, removed or added; with bytes replaced if it does not decode. */
function otherMeaning(bytes: Uint8Array, draw: Draw): Uint8Array {
  let value: unknown;
  try {
    value = decode(bytes);
  } catch {
    return replaced(bytes, draw);
  }
  let inside = value;
  for (let depth = 0; depth < 12; depth++) {
    if (typeof inside !== "object" || inside === null || inside instanceof Uint8Array) break;
    const keys = Object.keys(inside);
    const key = keys[draw(keys.length)];
    if (key === undefined) break;
    const holder = inside as Record<string, unknown>;
    const next = holder[key];
    const isLeaf = typeof next !== "object" || next === null || next instanceof Uint8Array;
    if (isLeaf || draw(4) === 0) {
      if (draw(6) === 0) delete holder[key];
      else holder[draw(8) === 0 ? "extra" : key] = values[draw(values.length)];
      break;
    }
    inside = next;
  }
  return encode(value);
}
