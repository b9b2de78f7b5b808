import { Packr } from "msgpackr";

/** msgpackr with plain maps: shared structures would need state on both sides, and `new Unpackr()` makes Maps. */
const packr = new Packr({ useRecords: false, mapsAsObjects: true });

export const encode = (value: unknown): Uint8Array => packr.pack(value);

/** Throws on anything that is not one whole msgpack value; the caller checks the shape. */
export const decode = (bytes: Uint8Array): unknown => packr.unpack(bytes);
