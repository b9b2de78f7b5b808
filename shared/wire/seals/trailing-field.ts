/**
 * One more field at the end of an encoded message. A reader that does not know the field ignores it, like every field
 * of a later version. A reader that knows it can take it off and gets exactly the bytes from before.
 */

const mapOf16 = 0xde;
const shortMap = 0x80;
const shortMapMask = 0xf0;
const mostShort = 15;
const bytesOf8 = 0xc4;
const shortText = 0xa0;

/** The field's name and the head of its value, as MessagePack writes them. */
const headOf = (name: string, length: number): Buffer =>
  Buffer.concat([Buffer.from([shortText | name.length]), Buffer.from(name, "latin1"), Buffer.from([bytesOf8, length])]);

/**
 * Adds a field. `name` has up to 31 ASCII letters, `value` up to 255 bytes.
 *
 * @param map  a MessagePack map as `encode` makes it
 * @throws RangeError if it is no such map, or its count of fields cannot grow
 */
export function withField(map: Uint8Array, name: string, value: Uint8Array): Uint8Array {
  const counted = recounted(map, 1);
  if (!counted) throw new RangeError("a field can only be added to a map of at most 65,534 fields");
  return Buffer.concat([counted, headOf(name, value.length), value]);
}

/** Takes the last field off; undefined if the map does not end with a field of that name and length. */
export function withoutField(
  map: Uint8Array,
  name: string,
  length: number,
): { readonly rest: Uint8Array; readonly value: Uint8Array } | undefined {
  const head = headOf(name, length);
  const at = map.length - length - head.length;
  if (at < 1 || !head.equals(map.subarray(at, at + head.length))) return undefined;
  const rest = recounted(map.subarray(0, at), -1);
  return rest && { rest, value: map.subarray(at + head.length) };
}

/** A copy of the map's bytes whose count of fields differs by `by`. */
function recounted(map: Uint8Array, by: 1 | -1): Uint8Array | undefined {
  const [first = 0, high = 0, low = 0] = map;
  const isShort = (first & shortMapMask) === shortMap;
  if (!isShort && first !== mapOf16) return undefined;
  const count = (isShort ? first & mostShort : high * 256 + low) + by;
  if (count < 0 || count > (isShort ? mostShort : 0xffff)) return undefined;
  const copy = Uint8Array.from(map);
  if (isShort) copy[0] = shortMap | count;
  else copy.set([count >> 8, count & 0xff], 1);
  return copy;
}
