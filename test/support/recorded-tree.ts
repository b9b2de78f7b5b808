import { mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { SystemFiles } from "../../worker/owner/detectors/system-files.ts";
import { temporaryFolder } from "./cleanup.ts";

/** A folder that stands for "/", with files recorded from a real system. */
export class RecordedTree {
  readonly #root = temporaryFolder();
  readonly files = new SystemFiles(this.#root);

  constructor(files: Readonly<Record<string, string>> = {}) {
    for (const [path, text] of Object.entries(files)) this.write(path, text);
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.#root, path)), { recursive: true });
    writeFileSync(join(this.#root, path), `${text}\n`);
  }

  link(path: string, target: string): void {
    mkdirSync(dirname(join(this.#root, path)), { recursive: true });
    symlinkSync(target, join(this.#root, path));
  }

  remove(path: string): void {
    rmSync(join(this.#root, path), { recursive: true });
  }

  /** Times of the last access and of the last change, in seconds since 1970. */
  touch(path: string, accessed: number, changed: number): void {
    utimesSync(join(this.#root, path), accessed, changed);
  }
}
