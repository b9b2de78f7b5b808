import { openSync, readdirSync, readFileSync, readlinkSync, readSync, type Stats, statSync } from "node:fs";

/** Files of /proc, /sys and /dev, which come and go. `root`: what stands for "/" in a recorded tree. */
export class SystemFiles {
  readonly #root: string;

  constructor(root = "") {
    this.#root = root;
  }

  /** The text without its last line end; undefined if there is no such file, or this user may not read it. */
  text(path: string): string | undefined {
    return orNone(() => readFileSync(this.#root + path, "utf8").trimEnd());
  }

  number(path: string): number | undefined {
    const text = this.text(path);
    const value = text === undefined || text === "" ? Number.NaN : Number(text);
    return Number.isFinite(value) ? value : undefined;
  }

  /** Names in a folder; none if it is not there. */
  names(path: string): readonly string[] {
    return orNone(() => readdirSync(this.#root + path)) ?? [];
  }

  /**
   * Reads the beginning of a file of /proc again and again, at the least cost: it stays open, and `bytes` are those of the last
   * call. `read` returns how many there are; 0 while there is no such file.
   */
  beginning(path: string): { readonly bytes: Buffer; read(): number } {
    const bytes = Buffer.alloc(16_384);
    let file: number | undefined;
    const read = (): number => {
      file ??= orNone(() => openSync(this.#root + path, "r"));
      const open = file;
      return open === undefined ? 0 : (orNone(() => readSync(open, bytes, 0, bytes.length, 0)) ?? 0);
    };
    return { bytes, read };
  }

  /** Where a link leads; undefined if there is none, or this user may not know. */
  link(path: string): string | undefined {
    return orNone(() => readlinkSync(this.#root + path));
  }

  stat(path: string): Stats | undefined {
    return statSync(this.#root + path, { throwIfNoEntry: false });
  }
}

/** ENODEV, EIO, EAGAIN: a sensor that sleeps. ESRCH: a process that has ended. */
const usual = new Set(["ENOENT", "ENOTDIR", "EACCES", "EPERM", "ENODEV", "EIO", "EAGAIN", "ENXIO", "ESRCH", "ENODATA"]);

function orNone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (usual.has((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}
