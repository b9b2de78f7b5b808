import { Malformed, scalarsIn, takeRecords } from "../../../../shared/tensorboard/read-events.ts";
import type { Row, RowReader } from "./row.ts";

/** The scalars of TensorBoard's event files. What does not fit its checksum is passed over. */
export class EventRows implements RowReader {
  #rest: Buffer = Buffer.alloc(0);
  #isLost = false;

  push(bytes: Buffer): Row[] {
    if (this.#isLost) return [];
    const data = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const { records, taken, isLost } = takeRecords(data);
    this.#rest = Buffer.from(data.subarray(taken));
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
