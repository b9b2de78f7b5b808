import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import type { Row, RowReader } from "./row.ts";

const pieceBytes = 1 << 20;
/** Bytes of one file per look; the next look continues, so that the program's signals are not kept waiting. */
const mostBytesAtOnce = 16 << 20;
/** The same limit in rows: a short row costs as much as a long one. A million took 5 s on a busy core (2026-11-28). */
const mostRowsAtOnce = 50_000;
/** These first bytes identify a file: a rewritten one is read from its start. */
const headBytes = 256;
const nothing = { rows: [], isNew: false, hasMore: false } as const;

/** A file that grows while it is read. It may be replaced, truncated or rewritten: then it is read from its start. */
export class TailedFile {
  readonly path: string;
  /** Whether the whole file is read again whenever it has changed. */
  readonly isWhole: boolean;
  readonly #reader: () => RowReader;
  #rows: RowReader;
  #offset = 0;
  #inode = 0n;
  #head: Buffer = Buffer.alloc(0);
  #mtime = 0n;

  constructor(path: string, reader: () => RowReader, isWhole = false) {
    this.path = path;
    this.#reader = reader;
    this.#rows = reader();
    this.isWhole = isWhole;
  }

  /**
   * The rows that have come since; `isNew` says that they begin with the file's first, `hasMore` that not all was read.
   *
   * @param isDone  nothing more will be written: a last line without its end is whole
   */
  read(isDone = false): { readonly rows: readonly Row[]; readonly isNew: boolean; readonly hasMore: boolean } {
    let file: number;
    try {
      // Does not follow a link, nor wait for a pipe.
      file = openSync(this.path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    } catch {
      return nothing; // it may come, or come back
    }
    try {
      const stat = fstatSync(file, { bigint: true });
      if (!stat.isFile()) return nothing;
      const isOther = stat.ino !== this.#inode || stat.size < BigInt(this.#offset) || !this.#begins(file);
      const hasChanged = this.isWhole && stat.mtimeNs !== this.#mtime;
      if (isOther || hasChanged) this.#beginAnew(stat.ino);
      this.#mtime = stat.mtimeNs;
      const isNew = this.#offset === 0;
      const rows: Row[] = [];
      const piece = Buffer.alloc(Math.min(pieceBytes, Math.max(1, Number(stat.size) - this.#offset)));
      let read = 0;
      let hasMore = true;
      while (read < mostBytesAtOnce && rows.length < mostRowsAtOnce) {
        const count = readSync(file, piece, 0, piece.length, this.#offset);
        if (count === 0) {
          hasMore = false;
          break;
        }
        const bytes = piece.subarray(0, count);
        if (this.#head.length < headBytes)
          this.#head = Buffer.concat([this.#head, bytes.subarray(0, headBytes - this.#head.length)]);
        this.#offset += count;
        read += count;
        for (const row of this.#rows.push(bytes)) rows.push(row);
      }
      if (isDone && !hasMore) rows.push(...(this.#rows.end?.() ?? []));
      return { rows, isNew, hasMore };
    } finally {
      closeSync(file);
    }
  }

  #beginAnew(inode: bigint): void {
    this.#inode = inode;
    this.#offset = 0;
    this.#head = Buffer.alloc(0);
    this.#rows = this.#reader();
  }

  #begins(file: number): boolean {
    const now = Buffer.alloc(this.#head.length);
    return readSync(file, now, 0, now.length, 0) === now.length && now.equals(this.#head);
  }
}
