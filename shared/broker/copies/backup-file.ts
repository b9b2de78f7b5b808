import { createHash, type Hash } from "node:crypto";
import { closeSync, fstatSync, fsyncSync, openSync, readSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { isWorkspaceName } from "../../domain/names.ts";
import { messageOf, UsageError } from "../../errors.ts";
import type { StoredMessage } from "../../ports.ts";
import type { PackedStream } from "./stream-archive.ts";

/**
 * A backup in one file: `NEXUSBK1\n`, then frames: a letter, the length (4 bytes, most significant first), the bytes.
 *   H  what this is (JSON), first
 *   F  a file of the workspace: {name, text}
 *   S  a stream begins: {config, state}
 *   C  256 KiB of it, as JetStream packs it (tar, compressed with S2)
 *   E  it ends: {bytes}
 *   J  a message that the journal got while the evidence was packed: {seq, subject, msgId, data (base64)}
 *   T  the end: {sha256} of everything before it
 * A file that was cut or changed anywhere is refused before anything is restored.
 *
 * The journal is packed first, then the evidence, then what the journal got meanwhile, and the workspace's files last (first, in
 * backups of earlier versions). From that last part, restoring appends
 * only records whose evidence is there. So no result in a backup is of an attempt that its journal does not know: that number
 * is given out again, and a later leader could take the result for another run's. Late deliveries of such attempts name their
 * claim, which tells them from the new run's.
 */
const magic = Buffer.from("NEXUSBK1\n");
const headBytes = 5;
const mostFrameBytes = 16 * 1024 * 1024;

interface BackupHeader {
  readonly version: 1;
  readonly workspace: string;
  /** ISO time, for people. */
  readonly at: string;
  readonly program: string;
}

export class BackupWriter {
  readonly #path: string;
  readonly #temporary: string;
  readonly #file: number;
  readonly #hash: Hash = createHash("sha256");
  #bytes = 0;
  #streamBytes = 0;
  #isOpen = true;

  /** The file appears at `path` with `finish`. @throws UsageError if it cannot be written, as do the other methods */
  constructor(path: string, header: BackupHeader) {
    this.#path = path;
    this.#temporary = `${path}.${process.pid}.part`;
    this.#file = this.#orSay(() => openSync(this.#temporary, "wx", 0o600));
    try {
      this.#write(magic);
      this.#json("H", header);
    } catch (error) {
      this.abandon();
      throw error;
    }
  }

  file(name: string, text: string): void {
    this.#json("F", { name, text });
  }

  beginStream({ config, state }: PackedStream): void {
    this.#streamBytes = 0;
    this.#json("S", { config, state });
  }

  chunk(bytes: Uint8Array): void {
    this.#streamBytes += bytes.length;
    this.#frame("C", bytes);
  }

  endStream(): void {
    this.#json("E", { bytes: this.#streamBytes });
  }

  record({ seq, subject, msgId, data }: StoredMessage): void {
    this.#json("J", { seq, subject, msgId, data: Buffer.from(data).toString("base64") });
  }

  /** Completes the backup, which is then on the disk. @returns its size in bytes */
  finish(): number {
    this.#json("T", { sha256: this.#hash.copy().digest("hex") });
    this.#orSay(() => {
      fsyncSync(this.#file);
      this.#close();
      renameSync(this.#temporary, this.#path);
    });
    return this.#bytes;
  }

  /** Leaves nothing behind. After `finish` it does nothing. */
  abandon(): void {
    this.#close();
    rmSync(this.#temporary, { force: true });
  }

  #close(): void {
    if (this.#isOpen) closeSync(this.#file);
    this.#isOpen = false;
  }

  #orSay<T>(act: () => T): T {
    try {
      return act();
    } catch (cause) {
      const why = messageOf(cause);
      throw new UsageError(`${this.#path} cannot be written: ${why}; nothing was left there`, { cause });
    }
  }

  #json(kind: string, value: object): void {
    this.#frame(kind, Buffer.from(JSON.stringify(value)));
  }

  #frame(kind: string, bytes: Uint8Array): void {
    const head = Buffer.alloc(headBytes);
    head.write(kind, 0, "latin1");
    head.writeUInt32BE(bytes.length, 1);
    this.#write(head);
    this.#write(bytes);
  }

  #write(bytes: Uint8Array): void {
    this.#orSay(() => {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.#file, bytes, done);
    });
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
  }
}

interface SavedStream {
  readonly name: string;
  readonly packed: PackedStream;
  chunks(): Iterable<Uint8Array>;
}

export interface Backup {
  readonly header: BackupHeader;
  readonly files: readonly { readonly name: string; readonly text: string }[];
  readonly streams: readonly SavedStream[];
  /** What the journal got while the evidence was packed, in order. */
  readonly tail: readonly StoredMessage[];
  readonly bytes: number;
  close(): void;
}

/**
 * Opens a backup after comparing its checksum.
 *
 * @throws UsageError if the file is missing, is no backup, was cut or was changed
 */
export function openBackup(path: string): Backup {
  const file = openFile(path);
  try {
    // A first pass only for the checksum: nothing is used before it.
    new FrameReader(path, file).verify();
    const reader = new FrameReader(path, file);
    const header = reader.start();
    const files: { name: string; text: string }[] = [];
    const streams: SavedStream[] = [];
    const tail: StoredMessage[] = [];
    for (;;) {
      const frame = reader.next();
      if (frame.kind === "T") break;
      if (frame.kind === "F") files.push(frame.json() as { name: string; text: string });
      if (frame.kind === "J") {
        const { data, ...record } = frame.json() as { seq: number; subject: string; msgId: string; data: string };
        tail.push({ ...record, data: Buffer.from(data, "base64") });
      }
      if (frame.kind === "S") {
        const packed = frame.json() as unknown as PackedStream;
        const from = reader.offset;
        const { name = "" } = packed.config as { name?: string };
        streams.push({ name, packed, chunks: () => reader.chunksFrom(from) });
      }
    }
    return { header, files, streams, tail, bytes: fstatSync(file).size, close: () => closeSync(file) };
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

function openFile(path: string): number {
  try {
    if (statSync(path).isDirectory()) throw new Error("it is a folder");
    return openSync(path, "r");
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = code === "ENOENT" || code === "ENOTDIR" ? "there is no such file" : `cannot be read (${message})`;
    throw new UsageError(`${path}: ${why}; expected a file that nexus backup wrote`, { cause });
  }
}

interface Frame {
  readonly kind: string;
  readonly bytes: Buffer;
  json(): Record<string, unknown>;
}

class FrameReader {
  readonly #path: string;
  readonly #file: number;
  readonly #hash = createHash("sha256");
  offset = 0;

  constructor(path: string, file: number) {
    this.#path = path;
    this.#file = file;
  }

  start(): BackupHeader {
    if (!this.#read(magic.length).equals(magic)) {
      throw new UsageError(`${this.#path}: not a backup; expected a file that nexus backup wrote`);
    }
    this.#hash.update(magic);
    const first = this.next();
    const header = first.kind === "H" ? (first.json() as unknown as BackupHeader) : undefined;
    if (header?.version !== 1) {
      throw new UsageError(
        `${this.#path}: was written by another version of this program; use the version that wrote it`,
      );
    }
    // Both are shown to people, and somebody else may have made the file.
    if (!isWorkspaceName(String(header.workspace)) || !/^\d{4}-\d\d-\d\dT[\d:.]{1,15}Z$/.test(String(header.at)))
      throw this.#damaged("it names no workspace, or no time");
    return header;
  }

  verify(): void {
    this.start();
    while (this.next().kind !== "T");
  }

  next(): Frame {
    const before = this.#hash.copy();
    const frame = this.#frameAt();
    if (frame.kind === "T") {
      const { sha256 } = frame.json();
      if (sha256 !== before.digest("hex")) throw this.#damaged("its checksum differs: it was changed or badly copied");
    }
    return frame;
  }

  *chunksFrom(start: number): Iterable<Uint8Array> {
    this.offset = start;
    for (;;) {
      const frame = this.#frameAt();
      if (frame.kind !== "C") return;
      const next = this.offset;
      yield frame.bytes;
      this.offset = next;
    }
  }

  #frameAt(): Frame {
    const head = this.#read(headBytes);
    const kind = head.toString("latin1", 0, 1);
    const length = head.readUInt32BE(1);
    if (!"HFSCEJT".includes(kind) || length > mostFrameBytes) throw this.#damaged("it was changed or badly copied");
    const bytes = this.#read(length);
    this.#hash.update(head).update(bytes);
    return { kind, bytes, json: () => this.#parse(bytes) };
  }

  /** The frame's length and the file's checksum were verified before. */
  #parse(bytes: Buffer): Record<string, unknown> {
    try {
      return JSON.parse(bytes.toString("utf8")) as Record<string, unknown>;
    } catch {
      throw this.#damaged("it was changed or badly copied");
    }
  }

  #read(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    for (let done = 0; done < length; ) {
      const count = readSync(this.#file, bytes, done, length - done, this.offset + done);
      if (count === 0) throw this.#damaged("it ends too early: it was cut, or not copied whole");
      done += count;
    }
    this.offset += length;
    return bytes;
  }

  #damaged(why: string): UsageError {
    return new UsageError(`${this.#path}: this backup is damaged: ${why}; nothing was restored, use another copy`);
  }
}
