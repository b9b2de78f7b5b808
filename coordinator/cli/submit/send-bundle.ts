import { createHash, randomBytes } from "node:crypto";
import { closeSync, fstatSync, read } from "node:fs";
import { promisify } from "node:util";
import { storePiece } from "../../../shared/broker/store/pieces.ts";
import type { PiecedBundle } from "../../../shared/domain/code-bundle.ts";
import type { WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import { sizeText } from "../../../shared/domain/size-text.ts";
import { UnreachableError, UsageError } from "../../../shared/errors.ts";
import { openToRead, stampOf } from "../../../shared/machine/inside.ts";
import type { Bus, BusError, Clock } from "../../../shared/ports.ts";
import { systemClock } from "../../../shared/time/clock.ts";
import { Ending } from "../../../shared/time/ending.ts";
import {
  encodeList,
  layoutOf,
  type PiecePart,
  pieceName,
  pieceSize,
  sealBundlePiece,
} from "../../../shared/wire/bundles/pieced-bundle.ts";
import { contentBytes, newKey, sha256Of } from "../../../shared/wire/sealed-chunks.ts";
import { allBundlePieces, bundlePiece, parseBundlePiece, streams } from "../../../shared/wire/subjects.ts";
import type { FoundFiles } from "./found-files.ts";

const readFrom = promisify(read);
/** Pieces on their way at once: the broker writes each to its disk before it answers. */
const inFlight = 8;
/** How long to try a piece: the broker may be restarting. */
const patienceMs = 60_000;

/** What became of an upload. */
export interface Sent {
  readonly bundle: PiecedBundle;
  readonly pieces: number;
  /** Those that the broker did not have. */
  readonly sentPieces: number;
  readonly sentBytes: number;
}

/** The newest job's secret, or a new one. Bundles of one workspace with the same secret share their equal pieces. */
export function secretFor({ jobs }: WorkspaceState): Uint8Array {
  for (const { submitted } of [...jobs.values()].reverse()) {
    const bundle = submitted.largeCode ?? submitted.inputs;
    if (bundle) return bundle.secret;
  }
  return newKey();
}

/** Names of the pieces that the broker has. */
export async function storedPieces(bus: Bus): Promise<Set<string>> {
  const subjects = await bus.subjects(streams.blob, allBundlePieces);
  return new Set(subjects.flatMap((subject) => parseBundlePiece(subject) ?? []));
}

/**
 * Reads the files piece by piece and stores the pieces that the broker lacks. If it is interrupted, what was stored is not sent
 * again the next time.
 *
 * @param stored  names of the pieces that the broker has; those that are sent are added
 * @throws UsageError if a file changes meanwhile or the broker takes no more, UnreachableError if it stops answering
 */
export async function sendBundle(
  { bus, clock = systemClock }: { readonly bus: Bus; readonly clock?: Clock },
  found: FoundFiles,
  secret: Uint8Array,
  stored: Set<string>,
): Promise<Sent> {
  const sender = new Sender(bus, clock, secret, stored);
  const files = new OpenedFiles(found.folder);
  try {
    const list = encodeList(found.files);
    for (let at = 0; at < list.length; at += contentBytes) await sender.add(list.subarray(at, at + contentBytes));
    const piece = Buffer.allocUnsafe(contentBytes);
    for (const parts of layoutOf(found.files)) await sender.add(await files.fill(piece, parts));
    files.close();
    await sender.settle();
    const pieces = sender.sums;
    const bundle = {
      sha256: sha256Of(pieces),
      files: found.count,
      bytes: found.bytes,
      listBytes: list.length,
      secret,
      pieces,
    };
    return { bundle, pieces: sender.count, sentPieces: sender.sent, sentBytes: sender.sentBytes };
  } finally {
    files.drop();
    await sender.giveUp();
  }
}

class Sender {
  sent = 0;
  sentBytes = 0;
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #secret: Uint8Array;
  readonly #stored: Set<string>;
  readonly #nonce = randomBytes(9).toString("hex");
  readonly #sums: Buffer[] = [];
  readonly #onTheirWay = new Set<Promise<void>>();
  readonly #ended = new Ending();
  #failure: BusError | undefined;

  constructor(bus: Bus, clock: Clock, secret: Uint8Array, stored: Set<string>) {
    this.#bus = bus;
    this.#clock = clock;
    this.#secret = secret;
    this.#stored = stored;
  }

  get count(): number {
    return this.#sums.length;
  }

  get sums(): Uint8Array {
    return Buffer.concat(this.#sums);
  }

  /** Resolves when the next piece may come; the caller may then reuse `content`. */
  async add(content: Uint8Array): Promise<void> {
    const sum = createHash("sha256").update(content).digest();
    this.#sums.push(sum);
    const name = pieceName(this.#secret, sum);
    if (this.#stored.has(name)) return;
    this.#stored.add(name);
    this.sent += 1;
    this.sentBytes += content.length;
    const data = sealBundlePiece(content, this.#secret, sum);
    // A message id of this upload alone: a piece that was deleted within the last two minutes must be stored again.
    const options = { msgId: `${name}.${this.#nonce}`, signal: this.#ended, patienceMs };
    const storing = storePiece({ bus: this.#bus, clock: this.#clock }, bundlePiece(name), data, options).then(
      (error) => {
        this.#onTheirWay.delete(storing);
        if (!error) return;
        this.#stored.delete(name);
        this.#failure ??= error;
      },
    );
    this.#onTheirWay.add(storing);
    if (this.#onTheirWay.size >= inFlight) await Promise.race(this.#onTheirWay);
    if (this.#failure) throw explained(this.#failure, this.sentBytes);
  }

  async settle(): Promise<void> {
    await Promise.all(this.#onTheirWay);
    if (this.#failure) throw explained(this.#failure, this.sentBytes);
  }

  /** Stops storing the pieces still on their way; resolves once nothing tries any more. */
  async giveUp(): Promise<void> {
    this.#ended.abort();
    await Promise.all(this.#onTheirWay);
  }
}

function explained(error: BusError, sentBytes: number): Error {
  const again = "what arrived so far is not sent again";
  if (error.reason === "full")
    return new UsageError(
      `the broker's store has no room for what the job brings along (${error.message}); nothing was submitted\n` +
        "  bring less (ignore: in job_launcher), or give the coordinator's machine more room; what no job needs is deleted after a day",
      { cause: error },
    );
  if (error.reason === "refused")
    return new UsageError(
      `the broker lets this user store no code or data (${error.message}); nothing was submitted\n` +
        `  start the coordinator in its newest version; on a NATS server that others run, operators need the right to publish ${allBundlePieces}`,
      { cause: error },
    );
  return new UnreachableError(
    `the broker stopped answering after ${sizeText(sentBytes)} of what the job brings along (${error.message})\n` +
      `  type the same again: ${again}`,
    { cause: error },
  );
}

/** Reads parts of files one after the other; each file must stay as it was found. */
class OpenedFiles {
  readonly #folder: string;
  #open: { readonly path: string; readonly file: number; readonly stamp: string } | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Fills the beginning of a buffer with the parts' bytes, and returns that beginning. */
  async fill(buffer: Buffer, parts: readonly PiecePart[]): Promise<Buffer> {
    let used = 0;
    for (const { file, at, length } of parts) {
      const open = this.#opened(file.path, file.size);
      for (let done = 0; done < length; ) {
        const { bytesRead } = await readFrom(open, buffer, used + done, length - done, at + done);
        if (bytesRead === 0) throw changed(this.#folder, file.path);
        done += bytesRead;
      }
      used += length;
    }
    return buffer.subarray(0, pieceSize(parts));
  }

  #opened(path: string, size: number): number {
    if (this.#open?.path === path) return this.#open.file;
    this.close();
    let file: number;
    try {
      file = openToRead(this.#folder, path);
    } catch (cause) {
      throw new UsageError(
        `${path} cannot be read (${(cause as Error).message}); nothing was submitted\n  mend that, or leave it out (ignore)`,
        { cause },
      );
    }
    this.#open = { path, file, stamp: stampOf(file) };
    if (fstatSync(file).size !== size) throw changed(this.#folder, path);
    return file;
  }

  /** @throws UsageError if the open file has changed since it was opened */
  close(): void {
    const open = this.#open;
    if (!open) return;
    const isAsBefore = stampOf(open.file) === open.stamp;
    this.drop();
    if (!isAsBefore) throw changed(this.#folder, open.path);
  }

  /** Closes the open file, whether it has changed or not. */
  drop(): void {
    const open = this.#open;
    this.#open = undefined;
    if (open) closeSync(open.file);
  }
}

const changed = (folder: string, path: string): UsageError =>
  new UsageError(
    `${path} in ${folder} changed while it was read; nothing was submitted\n` +
      "  type the same again when nothing writes to it any more, or leave it out (ignore)",
  );
