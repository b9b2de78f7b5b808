import { closeSync, write } from "node:fs";
import { promisify } from "node:util";
import { openToWrite } from "../../shared/machine/inside.ts";
import { pathProblem } from "../../shared/wire/artifacts.ts";
import { BadMessage } from "../../shared/wire/check.ts";
import { mostHeldBytes, mostStateFiles } from "../../shared/wire/checkpoints.ts";

const writeTo = promisify(write);
const longestPath = 2000;
const deepest = 4;
/** Most values before the files; run-state.ts allows slightly fewer. */
const mostValues = 50_000;
/** An empty mapping in MessagePack, in place of the files, which are in a folder. */
const noFiles = Buffer.of(0x80);

/**
 * Reads a state (run-state.ts) as it arrives, and writes its files below a folder. Returns the state without its files;
 * its reader checks it like any other. Only after the last piece are the pieces checked as a whole: before, some may be
 * missing.
 *
 * @throws BadMessage if it is no such state, and what `openToWrite` and `write` throw
 */
export async function unpackState(pieces: AsyncIterable<Buffer>, folder: string): Promise<Uint8Array> {
  const reader = new Reader(pieces);
  const head: Buffer[] = [];
  const files = await reader.beforeFiles(head);
  for (let i = 0; i < files; i += 1) {
    const path = await reader.path();
    const size = await reader.bytesHead();
    const file = openToWrite(folder, path, 0o666);
    try {
      for await (const part of reader.parts(size)) await writeAll(file, part);
    } finally {
      closeSync(file);
    }
  }
  await reader.end();
  return Buffer.concat([...head, noFiles]);
}

async function writeAll(file: number, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await writeTo(file, bytes, at)).bytesWritten;
}

/** The few forms of MessagePack that a state has, read from pieces of it. */
class Reader {
  readonly #pieces: AsyncIterator<Buffer>;
  #piece: Buffer = Buffer.alloc(0);
  #values = 0;

  constructor(pieces: AsyncIterable<Buffer>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** Adds everything before the files to `head`, except the length of their mapping, which is returned. */
  async beforeFiles(head: Buffer[]): Promise<number> {
    const held = { bytes: 0 };
    const keep = (bytes: Buffer): Buffer => {
      held.bytes += bytes.length;
      if (held.bytes > mostHeldBytes) throw bad(`has more than ${mostHeldBytes} bytes before its files`);
      head.push(bytes);
      return bytes;
    };
    const fields = await this.#count(keep, "mapping", 0x80, 0xde);
    for (let i = 0; i < fields; i += 1) {
      const key = await this.#text(keep);
      if (key === "files") {
        if (i !== fields - 1) throw bad("has something behind its files");
        const files = await this.#count((bytes) => bytes, "mapping of files", 0x80, 0xde);
        if (files > mostStateFiles) throw bad(`has ${files} files; at most ${mostStateFiles} are allowed`);
        return files;
      }
      await this.#skip(keep, deepest);
    }
    throw bad("names no files");
  }

  async path(): Promise<string> {
    const path = await this.#text((bytes) => bytes);
    const problem = pathProblem(path);
    if (problem !== undefined) throw bad(`has a file whose path is not allowed: ${problem}`);
    return path;
  }

  /** The length of the bytes that follow. */
  async bytesHead(): Promise<number> {
    const [first = 0] = await this.#take(1);
    const width = { 196: 1, 197: 2, 198: 4 }[first];
    if (width === undefined) throw bad("has a file that is no bytes");
    return (await this.#take(width)).readUIntBE(0, width);
  }

  async *parts(length: number): AsyncGenerator<Buffer> {
    for (let left = length; left > 0; ) {
      if (this.#piece.length === 0) await this.#more();
      const part = this.#piece.subarray(0, left);
      this.#piece = this.#piece.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }

  /** Asks for one more piece: only then does the source check all pieces as a whole. */
  async end(): Promise<void> {
    if (this.#piece.length > 0 || !(await this.#pieces.next()).done) throw bad("goes on behind its files");
  }

  async #more(): Promise<void> {
    const { value, done } = await this.#pieces.next();
    if (done) throw bad("ends before its time");
    this.#piece = value;
  }

  async #take(length: number): Promise<Buffer> {
    if (length > mostHeldBytes) throw bad(`has ${length} bytes in one place`);
    const parts: Buffer[] = [];
    for await (const part of this.parts(length)) parts.push(part);
    return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
  }

  /** A count: in its first byte, or in the 2 or 4 bytes after it. */
  async #count(keep: (bytes: Buffer) => Buffer, what: string, short: number, long: number): Promise<number> {
    const [first = 0] = keep(await this.#take(1));
    if (first >= short && first < short + 16) return first - short;
    if (first === long) return keep(await this.#take(2)).readUInt16BE();
    if (first === long + 1) return keep(await this.#take(4)).readUInt32BE();
    throw bad(`has no ${what} where one is expected`);
  }

  async #text(keep: (bytes: Buffer) => Buffer): Promise<string> {
    const [first = 0] = keep(await this.#take(1));
    const width = { 217: 1, 218: 2, 219: 4 }[first];
    const isShort = first >= 0xa0 && first < 0xc0;
    if (!isShort && width === undefined) throw bad("has no text where one is expected");
    const length = width === undefined ? first & 31 : keep(await this.#take(width)).readUIntBE(0, width);
    if (length > longestPath) throw bad(`has a name of ${length} bytes`);
    return keep(await this.#take(length)).toString();
  }

  /** Passes over one value of any kind that a state may hold. */
  async #skip(keep: (bytes: Buffer) => Buffer, depth: number): Promise<void> {
    if (depth === 0) throw bad("holds mappings within mappings within mappings");
    this.#values += 1;
    if (this.#values > mostValues) throw bad(`holds more than ${mostValues} values`);
    const [first = 0] = keep(await this.#take(1));
    if (first < 0x80 || first >= 0xe0 || first === 0xc0 || first === 0xc2 || first === 0xc3) return;
    const inside = first < 0x90 ? 2 * (first & 15) : first < 0xa0 ? first & 15 : undefined;
    if (inside !== undefined) return this.#skipAll(keep, inside, depth);
    if (first < 0xc0) return void keep(await this.#take(first & 31));
    const fixed = { 202: 4, 203: 8, 204: 1, 205: 2, 206: 4, 207: 8, 208: 1, 209: 2, 210: 4, 211: 8 }[first];
    if (fixed !== undefined) return void keep(await this.#take(fixed));
    const counted = { 196: 1, 197: 2, 198: 4, 217: 1, 218: 2, 219: 4, 220: 2, 221: 4, 222: 2, 223: 4 }[first];
    if (counted === undefined) throw bad("holds what no state holds");
    const length = keep(await this.#take(counted)).readUIntBE(0, counted);
    if (first < 220) return void keep(await this.#take(length));
    return this.#skipAll(keep, first < 222 ? length : 2 * length, depth);
  }

  async #skipAll(keep: (bytes: Buffer) => Buffer, values: number, depth: number): Promise<void> {
    for (let i = 0; i < values; i += 1) await this.#skip(keep, depth - 1);
  }
}

const bad = (what: string): BadMessage => new BadMessage(`the checkpoint ${what}`);
