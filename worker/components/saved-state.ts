import type { Rng, RngState } from "../../shared/domain/rng.ts";
import { exitCode, messageOf, NexusError } from "../../shared/errors.ts";
import type { SavedState, StateArray } from "./component.ts";

/** A saved state that cannot be used here: it is damaged, or of another version, component or size. */
export class StateError extends NexusError {
  constructor(message: string, options?: { cause?: unknown }) {
    super("STATE", exitCode.failure, message, options);
  }
}

/** Labels that travel with a state. */
export type About = Readonly<Record<string, string>>;

interface Header {
  readonly about: About;
  readonly arrays: readonly {
    readonly name: string;
    readonly type: keyof typeof arrayTypes;
    readonly length: number;
  }[];
}

const arrayTypes = { Float32Array, Float64Array, Uint32Array, Uint8Array } as const;

/** Room for some ten thousand arrays. A limit, because the bytes may come from another worker. */
const mostHeaderBytes = 1024 ** 2;

/** First bytes of a saved state: "NXS" and the version of the format. */
const magic = 0x4e585301;

/**
 * Bytes: magic (big-endian), length of the header, the header as JSON, then the bytes of each array, which starts at a multiple
 * of 8. Arrays are little-endian, as on every machine that Node supports today.
 */
export function encodeState(about: About, state: SavedState): Uint8Array {
  const entries = Object.entries(state);
  const arrays = entries.map(([name, array]) => ({ name, type: array.constructor.name, length: array.length }));
  const header = Buffer.from(JSON.stringify({ about, arrays }));
  const size = entries.reduce((sum, [, array]) => sum + round8(array.byteLength), round8(8 + header.length));
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, magic);
  view.setUint32(4, header.length);
  bytes.set(header, 8);
  let at = round8(8 + header.length);
  for (const [, array] of entries) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at);
    at += round8(array.byteLength);
  }
  return bytes;
}

/** Reads what `encodeState` wrote; the arrays are views on the bytes or on a copy. @throws StateError that begins with `what` */
export function decodeState(from: Uint8Array, what: string): { readonly about: About; readonly state: SavedState } {
  const { buffer, byteOffset, byteLength } = from;
  const isAligned = buffer instanceof ArrayBuffer && byteOffset % 8 === 0;
  const bytes = isAligned ? new Uint8Array(buffer, byteOffset, byteLength) : Uint8Array.from(from);
  const view = new DataView(bytes.buffer, bytes.byteOffset, byteLength);
  if (bytes.length < 8 || view.getUint32(0) >>> 8 !== magic >>> 8) throw new StateError(`${what} is not a saved state`);
  const version = view.getUint32(0) & 0xff;
  if (version !== (magic & 0xff)) {
    throw new StateError(`${what} has format version ${version}; this program reads version ${magic & 0xff}`);
  }
  try {
    const headerLength = view.getUint32(4);
    if (headerLength > mostHeaderBytes) throw new RangeError(`its header has ${headerLength} bytes`);
    // Checked only by constructing the arrays below: the bytes are either our own or damaged.
    const header = JSON.parse(Buffer.from(bytes.subarray(8, 8 + headerLength)).toString()) as Header;
    let at = round8(8 + headerLength);
    const entries = header.arrays.map(({ name, type, length }): [string, StateArray] => {
      if (!Object.hasOwn(arrayTypes, type) || !Number.isSafeInteger(length) || length < 0)
        throw new RangeError("its header names an array that cannot be");
      const byteLength = length * arrayTypes[type].BYTES_PER_ELEMENT;
      if (at + byteLength > bytes.length) throw new RangeError(`it ends within "${name}"`);
      const array = new arrayTypes[type](bytes.buffer, bytes.byteOffset + at, length);
      at += round8(byteLength);
      return [name, array];
    });
    // From entries, because assigning `state["__proto__"]` would set the prototype.
    return { about: header.about, state: Object.fromEntries(entries) };
  } catch (cause) {
    throw new StateError(`${what} is damaged: ${messageOf(cause)}`, { cause });
  }
}

/** The array of that name. @throws StateError if it is absent or of another type or length */
export function savedArray<T extends StateArray>(
  state: SavedState,
  name: string,
  type: new (n: number) => T,
  length: number,
): T {
  const array = state[name];
  if (array instanceof type && array.length === length) return array;
  const found = array === undefined ? "nothing" : `${array.constructor.name} of ${array.length}`;
  throw new StateError(`saved state "${name}": found ${found}; expected ${type.name} of ${length}`);
}

export const saveRng = (rng: Rng): Uint32Array => Uint32Array.from(rng.state());

export function restoreRng(rng: Rng, state: SavedState, name: string): void {
  const [a, b, c, d] = savedArray(state, name, Uint32Array, 4);
  const parts: RngState = [a!, b!, c!, d!];
  rng.restore(parts);
}

/** The same arrays, with `prefix` and a dot before each name: one state can then hold several components. */
export function prefixed(prefix: string, state: SavedState): SavedState {
  return Object.fromEntries(Object.entries(state).map(([name, array]) => [`${prefix}.${name}`, array]));
}

/** Undoes `prefixed`: the arrays of `prefix` under their own names. */
export function unprefixed(prefix: string, state: SavedState): SavedState {
  const start = `${prefix}.`;
  const own = Object.entries(state).filter(([name]) => name.startsWith(start));
  return Object.fromEntries(own.map(([name, array]) => [name.slice(start.length), array]));
}

const round8 = (n: number): number => (n + 7) & ~7;
