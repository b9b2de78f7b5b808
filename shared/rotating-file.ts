import { closeSync, fstatSync, mkdirSync, openSync, renameSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";

export interface RotationOptions {
  /** Bytes that a file may hold before a new one begins. Default: 10 MB. */
  readonly mostBytes?: number;
  /** Number of older files kept, `file.1` the newest; 0: none. Default: 3. */
  readonly kept?: number;
}

/**
 * A file for lines that does not grow beyond a limit: a new one begins instead, and some older ones are kept. Lines are
 * written at once, so that a crash loses none. Only its owner may read it.
 */
export class RotatingFile {
  readonly #path: string;
  readonly #mostBytes: number;
  readonly #kept: number;
  #file: number;
  #bytes: number;

  constructor(path: string, { mostBytes = 10_000_000, kept = 3 }: RotationOptions = {}) {
    this.#path = path;
    this.#mostBytes = mostBytes;
    this.#kept = kept;
    mkdirSync(dirname(path), { recursive: true });
    this.#file = openSync(path, "a", 0o600);
    this.#bytes = fstatSync(this.#file).size;
  }

  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#bytes > 0 && this.#bytes + bytes.length > this.#mostBytes) this.#rotate();
    this.#bytes += bytes.length;
    for (let from = 0; from < bytes.length; ) from += writeSync(this.#file, bytes, from);
  }

  /** Closes the file; call `write` no more. */
  close(): void {
    closeSync(this.#file);
  }

  #rotate(): void {
    const isOurs = statSync(this.#path, { throwIfNoEntry: false })?.ino === fstatSync(this.#file).ino;
    // Otherwise another process with the same log has rotated it already.
    if (isOurs) {
      for (let i = this.#kept; i > 0; i -= 1)
        move(i === 1 ? this.#path : `${this.#path}.${i - 1}`, `${this.#path}.${i}`);
    }
    const next = openSync(this.#path, isOurs && this.#kept === 0 ? "w" : "a", 0o600);
    closeSync(this.#file);
    this.#file = next;
    this.#bytes = fstatSync(next).size;
  }
}

function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
