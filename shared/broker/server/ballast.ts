import { existsSync, rmSync, writeFileSync } from "node:fs";

/** Enough for broker.json, and for some lines of logs. */
const bytes = 128 * 1024;

/**
 * A file that is thrown off a disk that is full to the last byte, so that why the broker is down can still be written. Without
 * it broker.json kept its old content (seen on a full tmpfs), and every command said no more than that no server answers.
 */
export class Ballast {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Taken on while there is room; a disk that has none for it now is tried again. */
  take(): void {
    try {
      // Not zeros, which some file systems store as nothing.
      if (!existsSync(this.#path)) writeFileSync(this.#path, Buffer.alloc(bytes, "ballast"), { mode: 0o600 });
    } catch {
      this.throwOff();
    }
  }

  throwOff(): void {
    rmSync(this.#path, { force: true });
  }

  /** Writes what must be written, on a full disk in the ballast's place. */
  sparing(write: () => void): void {
    try {
      write();
    } catch (error) {
      if (!isFull(error)) throw error;
      this.throwOff();
      write();
    }
  }
}

const isFull = (error: unknown): boolean => ["ENOSPC", "EDQUOT"].includes((error as NodeJS.ErrnoException).code ?? "");
