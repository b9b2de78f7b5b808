import { crc32 } from "../../../../shared/tensorboard/crc32c.ts";
import { fieldsIn, Malformed } from "../../../../shared/tensorboard/read-protobuf.ts";
import { type Row, type RowReader, rowOf } from "./row.ts";

/**
 * What `wandb.log` wrote to the `.wandb` file of an offline run: a log of LevelDB's format (blocks of 32 KB; a record may span several),
 * whose records are W&B's protocol buffers (wandb_internal.proto: Record.history = 2; HistoryRecord.item = 1, step = 2; HistoryItem.key = 1,
 * nested_key = 2, value_json = 16).
 */
const blockBytes = 32_768;
const headerBytes = 7;
/** Parts of a record. Records with more (code, configurations) are no history. */
const mostParts = 64;
const kinds = { full: 1, first: 2, middle: 3, last: 4 } as const;

export class WandbRows implements RowReader {
  readonly #counter: string;
  #rest: Buffer = Buffer.alloc(0);
  /** Where `#rest` begins in the file. */
  #at = 0;
  #parts: Buffer[] = [];

  constructor(counter: string) {
    this.#counter = counter;
  }

  push(bytes: Buffer): Row[] {
    this.#rest = this.#rest.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#rest, bytes]);
    const rows: Row[] = [];
    // The file's own header is as long as a record's.
    if (this.#at === 0 && !this.#skip(headerBytes)) return rows;
    for (;;) {
      const left = blockBytes - (this.#at % blockBytes);
      if (left < headerBytes) {
        if (!this.#skip(left)) return rows;
        continue;
      }
      if (this.#rest.length < headerBytes) return rows;
      const length = this.#rest.readUInt16LE(4);
      if (this.#rest.length < headerBytes + length) return rows;
      const [sum, kind] = [this.#rest.readUInt32LE(0), this.#rest[6] ?? 0];
      const data = Buffer.from(this.#rest.subarray(headerBytes, headerBytes + length));
      // The sum includes the kind, which is the header's last byte.
      const isWhole = crc32(this.#rest.subarray(headerBytes - 1, headerBytes + length)) === sum;
      this.#skip(headerBytes + length);
      const record = isWhole ? this.#joined(kind, data) : undefined;
      const row = record && this.#rowIn(record);
      if (row) rows.push(row);
    }
  }

  /** Skips bytes once all of them are there; returns false before that. */
  #skip(count: number): boolean {
    if (this.#rest.length < count) return false;
    this.#rest = this.#rest.subarray(count);
    this.#at += count;
    return true;
  }

  #joined(kind: number, data: Buffer): Buffer | undefined {
    if (kind === kinds.full) return data;
    if (kind === kinds.first) this.#parts = [data];
    else if (this.#parts.length > mostParts) this.#parts = [];
    else if (this.#parts.length > 0) this.#parts.push(data);
    if (kind !== kinds.last || this.#parts.length === 0) return undefined;
    const whole = Buffer.concat(this.#parts);
    this.#parts = [];
    return whole;
  }

  #rowIn(record: Buffer): Row | undefined {
    try {
      for (const { field, bytes } of fieldsIn(record)) if (field === 2) return rowOf(items(bytes), this.#counter);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
    }
    return undefined;
  }
}

function* items(history: Buffer): Generator<readonly [string, unknown]> {
  for (const { field, bytes } of fieldsIn(history)) {
    if (field === 2) for (const step of fieldsIn(bytes)) if (step.field === 1) yield ["_step", step.number];
    if (field !== 1) continue;
    const names: string[] = [];
    let value: unknown;
    for (const part of fieldsIn(bytes)) {
      if (part.field === 1 || part.field === 2) names.push(part.bytes.toString());
      if (part.field === 16) value = json(part.bytes.toString());
    }
    yield [names.filter((name) => name !== "").join("/"), value];
  }
}

function json(text: string): unknown {
  if (/^-?(NaN|Infinity)$/.test(text)) return Number(text);
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
