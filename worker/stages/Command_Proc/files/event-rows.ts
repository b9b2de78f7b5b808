import { Malformed, scalarsIn, takeRecords } from "../../../../shared/tensorboard/read-events.ts";
import type { Row, RowReader } from "./row.ts";

/** The scalars of TensorBoard's event files. Records that do not match their checksum are skipped. */
export class EventRows implements RowReader {
  #rest: Buffer = Buffer.alloc(0);
  /** Bytes left to skip of a record that is too long for a scalar. */
  #toSkip = 0;
  #isLost = false;

  push(bytes: Buffer): Row[] {
    const skipped = Math.min(this.#toSkip, bytes.length);
    this.#toSkip -= skipped;
    if (this.#isLost || skipped === bytes.length) return [];
    const fresh = bytes.subarray(skipped);
    const data = this.#rest.length === 0 ? fresh : Buffer.concat([this.#rest, fresh]);
    const { records, taken, isLost } = takeRecords(data);
    this.#rest = Buffer.from(data.subarray(taken));
    this.#toSkip = Math.max(0, taken - data.length);
    this.#isLost = isLost;
    return records.flatMap((record) => {
      try {
        const found = scalarsIn(record);
        return found ? [{ step: found.step, values: new Map(found.values) }] : [];
      } catch (error) {
        if (error instanceof Malformed) return [];
        throw error;
      }
    });
  }
}
