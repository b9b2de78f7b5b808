import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Ballast } from "../../shared/broker/server/disk.ts";
import { BadMessage, bytes, shape, text } from "../../shared/wire/check.ts";
import { decode, encode } from "../../shared/wire/codec.ts";
import { fewShapes } from "../../shared/wire/limits.ts";
import type { MessageLimits } from "../../shared/wire/reader.ts";

/** A message for the evidence stream. */
export interface Letter {
  readonly subject: string;
  readonly msgId: string;
  readonly data: Uint8Array;
}

/** Port: keeps letters that could not be delivered at once; it outlives the worker's process. */
export interface Spool {
  /**
   * Returns the name of the stored letter; the same msgId, the same name.
   *
   * @throws if it cannot be written; then nothing of it is stored
   */
  keep(letter: Letter): string;
  /** The letter may be gone already. */
  drop(name: string): void;
  /** In any order. */
  names(): string[];
  /** @throws if it cannot be read */
  read(name: string): Letter;
  /** Moves a letter that cannot be read out of the way; returns its new place. */
  putAside(name: string): string;
}

/** A mapping of three fields around one message. Other people's programs run nearby and may plant files, hence the limits. */
const letterLimits: MessageLimits = {
  bytes: 4 * 1024 ** 2,
  depth: 1,
  values: 32,
  lists: 1,
  mappings: 1,
  texts: 8,
  words: 16,
  ...fewShapes,
};
/** Enough for the largest letter: the broker takes no message above 1 MiB. */
const roomBytes = 1024 ** 2 + 64 * 1024;
const letterShape = shape({ subject: text(200), msgId: text(200), data: bytes });

/** A folder with one file per letter, 0600. */
export class FileSpool implements Spool {
  readonly #folder: string;
  /** Held free for the first letter that finds the disk full. */
  readonly #room: Ballast;

  constructor(folder: string) {
    this.#folder = folder;
    this.#room = new Ballast(join(folder, "room"), roomBytes);
  }

  /** Reserves room on the disk, if there is any, for a letter that later finds the disk full. */
  holdRoom(): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    this.#room.take();
  }

  keep(letter: Letter): string {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const name = `${letter.msgId}.letter`;
    const path = join(this.#folder, name);
    const temporary = `${path}.tmp`;
    try {
      this.#room.sparing(() => {
        writeFileSync(temporary, encode({ ...letter }), { mode: 0o600, flush: true });
        renameSync(temporary, path);
      });
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
    return name;
  }

  drop(name: string): void {
    rmSync(join(this.#folder, name), { force: true });
  }

  names(): string[] {
    return existsSync(this.#folder) ? readdirSync(this.#folder).filter((name) => name.endsWith(".letter")) : [];
  }

  read(name: string): Letter {
    const path = join(this.#folder, name);
    const { size } = statSync(path);
    if (size > letterLimits.bytes) throw new BadMessage(`${size} bytes; at most ${letterLimits.bytes} are allowed`);
    return letterShape(decode(readFileSync(path), letterLimits), name);
  }

  putAside(name: string): string {
    const path = join(this.#folder, `${name}.unreadable`);
    renameSync(join(this.#folder, name), path);
    return path;
  }
}
