import { appendFileSync, mkdirSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** When a screen first writes, a log larger than this is renamed, and a new one begun. */
const mostBytes = 2 ** 20;

/**
 * A file for what concerns this screen alone: what it could not read, what a library printed, how it crashed. Events of the
 * search are in the workspace's events.log. It is created with its first line; if it cannot be written, lines are dropped.
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
      // The line is on the screen too, and there is nowhere else to say so.
    }
  }

  #open(): void {
    mkdirSync(dirname(this.file), { recursive: true, mode: 0o700 });
    const { size } = statSync(this.file, { throwIfNoEntry: false }) ?? { size: 0 };
    if (size > mostBytes) renameSync(this.file, `${this.file}.1`);
  }
}
