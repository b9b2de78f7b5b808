import { createHash } from "node:crypto";
import { chmodSync, closeSync, read, readdirSync, readFileSync, rmSync, write } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { makeModules } from "../../shared/components/code-files.ts";
import type { PiecedBundle } from "../../shared/domain/code-bundle.ts";
import { openToRead, openToWrite, writeInside } from "../../shared/machine/inside.ts";
import {
  type BundleFile,
  decodeList,
  layoutOf,
  type PiecePart,
  piecedBundle,
  pieceSize,
  pieceSum,
} from "../../shared/wire/bundles/pieced-bundle.ts";
import { BadMessage } from "../../shared/wire/check.ts";
import { decode, encode } from "../../shared/wire/codec.ts";
import { chunkCount } from "../../shared/wire/sealed-chunks.ts";

/**
 * One bundle on a worker's disk: its files in `files/`, and beside them a description, by which its pieces can be found
 * again. A run may have written there, so whoever reads a piece compares its checksum.
 */

const readFrom = promisify(read);
const writeTo = promisify(write);

const filesIn = "files";
const descriptionIn = "bundle";

export const filesOf = (folder: string): string => join(folder, filesIn);

export interface Described {
  readonly bundle: PiecedBundle;
  readonly files: readonly BundleFile[];
}

export function describe(folder: string, bundle: PiecedBundle, list: Uint8Array): void {
  writeInside(folder, descriptionIn, encode([bundle, list]));
}

/** Undefined if no valid description is there. */
export function descriptionOf(folder: string): Described | undefined {
  try {
    const [about, list] = decode(readFileSync(join(folder, descriptionIn))) as unknown[];
    if (!(list instanceof Uint8Array)) return undefined;
    const bundle = piecedBundle(about, "bundle");
    return { bundle, files: decodeList(list, bundle) };
  } catch {
    return undefined; // whatever is wrong with it, it is not used
  }
}

/** Where each piece of a folder's bundle lies, by its checksum, hex; without the pieces of the bundle's list. */
export function* placesIn(folder: string, { bundle, files }: Described): Generator<readonly [string, PiecePlace]> {
  const before = chunkCount(bundle.listBytes);
  for (const [i, parts] of layoutOf(files).entries())
    yield [Buffer.from(pieceSum(bundle, before + i)).toString("hex"), { folder: filesOf(folder), parts }];
}

export interface PiecePlace {
  readonly folder: string;
  readonly parts: readonly PiecePart[];
}

/** The file that was opened last. Neighbouring pieces lie in the same file. */
class LastOpened {
  #last: { readonly path: string; readonly file: number } | undefined;
  #isClosed = false;

  /** @param open  opens the file at `path`; called unless that was opened last. @throws Error after `close` */
  file(path: string, open: () => number): number {
    if (this.#last?.path === path) return this.#last.file;
    if (this.#isClosed) throw new Error(`${path} is not opened any more`);
    this.#closeLast();
    this.#last = { path, file: open() };
    return this.#last.file;
  }

  /** For good: a read that is still under way opens nothing more. */
  close(): void {
    this.#isClosed = true;
    this.#closeLast();
  }

  #closeLast(): void {
    if (this.#last) closeSync(this.#last.file);
    this.#last = undefined;
  }
}

/** Reads pieces from files on this disk, which may be damaged or gone. */
export class PieceReader {
  readonly #opened = new LastOpened();

  /** The piece's content; undefined if the files do not hold it. */
  async read({ folder, parts }: PiecePlace, sum: Uint8Array): Promise<Buffer | undefined> {
    const content = Buffer.allocUnsafe(pieceSize(parts));
    let used = 0;
    try {
      for (const { file, at, length } of parts) {
        const open = this.#opened.file(join(folder, file.path), () => openToRead(folder, file.path));
        for (let done = 0; done < length; ) {
          const { bytesRead } = await readFrom(open, content, used + done, length - done, at + done);
          if (bytesRead === 0) return undefined;
          done += bytesRead;
        }
        used += length;
      }
    } catch {
      return undefined; // gone, or no file any more: it is fetched
    }
    return createHash("sha256").update(content).digest().equals(sum) ? content : undefined;
  }

  close(): void {
    this.#opened.close();
  }
}

/** Writes the files of a bundle, piece by piece in their order. */
export class PieceWriter {
  readonly #folder: string;
  readonly #opened = new LastOpened();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Call in the order of the pieces: each file is begun at its first byte. @throws BadMessage if the length is wrong
   */
  async write(content: Uint8Array, parts: readonly PiecePart[]): Promise<void> {
    if (content.length !== pieceSize(parts))
      throw new BadMessage("a piece of a bundle has another length than its list says");
    let used = 0;
    for (const { file, length } of parts) {
      const open = this.#opened.file(file.path, () => openToWrite(this.#folder, file.path, modeOf(file)));
      const part = content.subarray(used, used + length);
      for (let done = 0; done < length; ) done += (await writeTo(open, part, done)).bytesWritten;
      used += length;
    }
  }

  close(): void {
    this.#opened.close();
  }
}

const modeOf = ({ isExecutable }: BundleFile): number => (isExecutable ? 0o700 : 0o600);

/**
 * Adds what no piece holds: empty files, and what tells Node that components are ES modules. Sets modes, and deletes
 * what is not of the bundle.
 */
export function finish(folder: string, files: readonly BundleFile[], isReadOnly: boolean): void {
  for (const file of files) {
    if (file.size === 0) writeInside(folder, file.path, "", modeOf(file));
    chmodSync(join(folder, file.path), modeOf(file) & (isReadOnly ? 0o500 : 0o700));
  }
  clear(folder, new Set(files.flatMap(({ path }) => withFolders(path))), "");
  makeModules(folder, files);
}

const withFolders = (path: string): string[] => path.split("/").map((_, i, parts) => parts.slice(0, i + 1).join("/"));

function clear(folder: string, known: ReadonlySet<string>, below: string): void {
  for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (!known.has(path)) rmSync(join(folder, path), { recursive: true, force: true });
    else if (entry.isDirectory()) clear(folder, known, path);
  }
}
