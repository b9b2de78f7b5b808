import { maskedCrc32c } from "./crc32c.ts";
import { fieldsIn, Malformed } from "./read-protobuf.ts";

/** The scalars of one Event. */
export interface ScalarEvent {
  readonly step: number;
  readonly values: readonly (readonly [tag: string, value: number])[];
}

export interface TakenRecords {
  /** The complete records whose checksums fit. */
  readonly records: readonly Buffer[];
  /**
   * Bytes of these records, of broken ones, and of records too long for a scalar; the next record may still be
   * incomplete. If it exceeds the data's length, the difference is the rest of a long record, which must be skipped
   * when it comes.
   */
  readonly taken: number;
  /** Number of records whose data does not fit their checksum: they are skipped. */
  readonly broken: number;
  /** Whether a length does not fit its checksum or is too large: no record after it can be found. */
  readonly isLost: boolean;
}

/** Bytes; a longer record is damage. */
const longest = 1 << 30;
/** Bytes; longer records (images, graphs) are no scalars and are skipped without waiting until they are complete. */
const longestScalar = 1 << 20;

/** The records at the beginning of a piece of an event file (TensorFlow's TFRecord). */
export function takeRecords(data: Buffer): TakenRecords {
  const records: Buffer[] = [];
  let [taken, broken] = [0, 0];
  while (data.length - taken >= 12) {
    const head = data.subarray(taken, taken + 8);
    const length = Number(head.readBigUInt64LE());
    if (maskedCrc32c(head) !== data.readUInt32LE(taken + 8) || length > longest)
      return { records, taken, broken, isLost: true };
    const end = taken + 12 + length + 4;
    if (length > longestScalar) {
      taken = end;
      continue;
    }
    if (end > data.length) break;
    const body = data.subarray(taken + 12, end - 4);
    if (maskedCrc32c(body) === data.readUInt32LE(end - 4)) records.push(body);
    else broken += 1;
    taken = end;
  }
  return { records, taken, broken, isLost: false };
}

/**
 * The scalars of a record: simple values (PyTorch, Keras 1) and tensors of one number (TensorFlow 2). Undefined if the
 * record has none.
 *
 * @throws Malformed if the record is no Event
 */
export function scalarsIn(record: Buffer): ScalarEvent | undefined {
  let step = 0;
  const values: [string, number][] = [];
  for (const { field, number, bytes } of fieldsIn(record)) {
    if (field === 2) step = number;
    if (field !== 5) continue;
    for (const each of fieldsIn(bytes)) {
      const scalar = each.field === 1 ? scalarOf(each.bytes) : undefined;
      if (scalar) values.push(scalar);
    }
  }
  return values.length === 0 ? undefined : { step, values };
}

/** Tag and number of a Summary.Value; undefined if it is no scalar. */
function scalarOf(value: Buffer): [string, number] | undefined {
  let tag = "";
  let found: number | undefined;
  for (const { field, number, bytes } of fieldsIn(value)) {
    if (field === 1) tag = bytes.toString();
    if (field === 2) found = number;
    if (field === 8) found = tensorValue(bytes);
  }
  return tag === "" || found === undefined ? undefined : [tag, found];
}

const dataType = { float: 1, double: 2, int32: 3, int64: 9 } as const;

/** The number of a tensor that holds one; undefined if it holds more, or something else. */
function tensorValue(tensor: Buffer): number | undefined {
  let type = 0;
  let content: Buffer | undefined;
  const numbers: number[] = [];
  for (const { field, number, bytes } of fieldsIn(tensor)) {
    if (field === 1) type = number;
    // tensor_shape: a scalar has no dimension.
    if (field === 2 && [...fieldsIn(bytes)].some((dimension) => dimension.field === 2)) return undefined;
    if (field === 4) content = bytes;
    if (field === 5) numbers.push(...(bytes.length > 0 ? floats(bytes.subarray(0, 8)) : [number]));
    if (field === 6) numbers.push(...(bytes.length > 0 ? doubles(bytes.subarray(0, 16)) : [number]));
    if ((field === 7 || field === 10) && bytes.length === 0) numbers.push(number);
  }
  if (numbers.length === 1) return numbers[0];
  if (!content) return undefined;
  if (type === dataType.float && content.length === 4) return content.readFloatLE();
  if (type === dataType.double && content.length === 8) return content.readDoubleLE();
  if (type === dataType.int32 && content.length === 4) return content.readInt32LE();
  return type === dataType.int64 && content.length === 8 ? Number(content.readBigInt64LE()) : undefined;
}

const floats = (data: Buffer): number[] =>
  Array.from({ length: Math.floor(data.length / 4) }, (_, i) => data.readFloatLE(4 * i));
const doubles = (data: Buffer): number[] =>
  Array.from({ length: Math.floor(data.length / 8) }, (_, i) => data.readDoubleLE(8 * i));

export { Malformed };
