import { closeSync, fstatSync, lstatSync, read } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { openToRead, stampOf } from "../../shared/machine/inside.ts";
import type { RunTask, StateFile } from "../runner/protocol.ts";
import { fileHead } from "../runner/run-state.ts";

const readFrom = promisify(read);

interface OpenFile {
  readonly file: number;
  readonly root: string;
  readonly path: string;
  readonly size: number;
  /** As it was when it was opened. */
  readonly stamp: string;
}

/**
 * The files of a run as they were at its checkpoint. They are held open: the run may go on, replace them (a new file that is
 * renamed) and delete them. If a file is written in place meanwhile, that is noticed, and nobody may continue from that state.
 */
export class OpenFiles {
  /** Bytes that all files take in a state, with their heads. */
  readonly size: number;
  readonly #files: readonly OpenFile[];
  #isClosed = false;
  #isRead = false;

  private constructor(files: readonly OpenFile[]) {
    this.#files = files;
    this.size = files.reduce((sum, { path, size }) => sum + fileHead(path, size).length + size, 0);
  }

  /** @throws if one cannot be opened, is a link or not a file, or is not as large as the run said */
  static open(
    { directory, stateDirectory }: Pick<RunTask, "directory" | "stateDirectory">,
    files: readonly StateFile[],
  ): OpenFiles {
    const open: OpenFile[] = [];
    try {
      for (const { isOwn, path, size } of files) {
        const root = isOwn ? directory : stateDirectory;
        const file = openToRead(root, path);
        open.push({ file, root, path, size, stamp: stampOf(file) });
        const found = fstatSync(file).size;
        if (found !== size) throw new Error(changed(path, `it had ${size} bytes and has ${found}`));
      }
      return new OpenFiles(open);
    } catch (error) {
      new OpenFiles(open).close();
      throw error;
    }
  }

  /**
   * Their bytes in the form a state has them, in parts of at most `most` bytes.
   *
   * @throws if a file was changed or `close` called
   */
  async *read(most: number): AsyncGenerator<Uint8Array> {
    const buffer = Buffer.allocUnsafe(most);
    this.#isRead = true;
    try {
      for (const open of this.#files) {
        const { file, path, size, stamp } = open;
        yield fileHead(path, size);
        for (let at = 0; at < size && !this.#isClosed; ) {
          const { bytesRead } = await readFrom(file, buffer, 0, Math.min(most, size - at), at);
          if (bytesRead === 0) throw new Error(changed(path, `it ends after ${at} of ${size} bytes`));
          at += bytesRead;
          yield buffer.subarray(0, bytesRead);
        }
        if (stampOf(file) !== stamp && isStillThere(open)) throw new Error(changed(path, "it was written to"));
        if (this.#isClosed) throw new Error("it is no longer wanted");
      }
    } finally {
      this.#isRead = false;
      if (this.#isClosed) this.#close();
    }
  }

  /** While `read` is under way, it closes the files itself: the number of a closed file may already be another's. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (!this.#isRead) this.#close();
  }

  #close(): void {
    for (const { file } of this.#files) closeSync(file);
  }
}

/** Whether its path still leads to it. A file renamed or deleted meanwhile was unfinished; the run does without it. */
function isStillThere({ file, root, path }: OpenFile): boolean {
  const { dev, ino } = fstatSync(file);
  const found = lstatSync(join(root, path), { throwIfNoEntry: false });
  return found?.dev === dev && found.ino === ino;
}

const changed = (path: string, how: string): string =>
  `${JSON.stringify(path)} changed while it was read: ${how}; a program should write a new file, then rename it`;
