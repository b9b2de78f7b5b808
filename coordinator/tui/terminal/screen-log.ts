import { appendFileSync, mkdirSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** A log of this size gives way to a new one when a screen begins to write. */
const mostBytes = 2 ** 20;

/**
 * A file for what concerns this screen alone: what it could not read, what a library printed, how it crashed. What happened to
 * the search is in the workspace's events.log. The file is made with its first line; one that cannot be written is done without.
 */
export class ScreenLog {
  readonly file: string;
  #isOpen = false;

  constructor(file: string) {
    this.file = file;
  }

  write(text: string): void {
    try {
      if (!this.#isOpen) this.#open();
      this.#isOpen = true;
      appendFileSync(this.file, `${new Date().toISOString()}  ${process.pid}  ${text}\n`, { mode: 0o600 });
    } catch {
      // It is on the screen, too, and there is nowhere else to say so.
    }
  }

  #open(): void {
    mkdirSync(dirname(this.file), { recursive: true, mode: 0o700 });
    const { size } = statSync(this.file, { throwIfNoEntry: false }) ?? { size: 0 };
    if (size > mostBytes) renameSync(this.file, `${this.file}.1`);
  }
}
