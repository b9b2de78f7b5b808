import { createHash } from "node:crypto";
import { fetchPiecesTogether, piecesInFlight, storePiece } from "../../shared/broker/store/pieces.ts";
import { messageOf } from "../../shared/errors.ts";
import { BusError, type EndSignal } from "../../shared/ports.ts";
import { BadMessage } from "../../shared/wire/check.ts";
import {
  checkSum,
  chunkCount,
  contentBytes,
  open,
  openPiece,
  type SealedSum,
  sealPiece,
} from "../../shared/wire/sealed-chunks.ts";
import { chunk } from "../../shared/wire/subjects.ts";
import type { AttemptAddress, OwnAddress } from "./held-attempt.ts";
import type { Ports } from "./ports.ts";

/** `blob` names one of several blobs of an attempt. */
export type BlobAddress = AttemptAddress & { readonly blob: string };

/** How long a piece of a large state is retried: a broker may be restarting. */
const patienceMs = 60_000;

/**
 * Stores pieces of a blob; `from` is the place of the first. Returns why that failed; "" when the broker has them all.
 *
 * @param signal  makes it give up at once
 */
export async function storeChunks(
  ports: Ports<"bus" | "clock">,
  address: OwnAddress & BlobAddress,
  chunks: readonly Uint8Array[],
  from: number,
  signal: EndSignal,
): Promise<string> {
  for (let i = 0; i < chunks.length; i += piecesInFlight) {
    const ends = await Promise.all(
      chunks.slice(i, i + piecesInFlight).map((data, k) => storeOne(ports, address, data, from + i + k, signal)),
    );
    const why = ends.find((end) => end !== "");
    if (why !== undefined) return why;
  }
  return "";
}

/** Content to store; it is never whole in memory. */
export interface Content {
  readonly size: number;
  /** Its bytes in order, each part to be used before the next is asked for. @throws if they cannot be read */
  parts(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/**
 * Seals and stores a blob piece by piece, a few pieces on their way at a time. Resolves with the sum, which opens it
 * together with the key, or with why it could not be stored.
 */
export async function storeContent(
  ports: Ports<"bus" | "clock">,
  address: OwnAddress & BlobAddress,
  content: Content,
  key: Uint8Array,
  signal: EndSignal,
): Promise<{ readonly sum: SealedSum } | { readonly why: string }> {
  const count = chunkCount(content.size);
  const hash = createHash("sha256");
  const onTheirWay = new Set<Promise<void>>();
  let why = "";
  let size = 0;
  let i = 0;
  try {
    for await (const part of cut(content.parts(), contentBytes)) {
      hash.update(part);
      size += part.length;
      const data = sealPiece(part, key, i, count);
      const stored = storeOne(ports, address, data, i, signal, patienceMs).then((end) => {
        why ||= end;
        onTheirWay.delete(stored);
      });
      onTheirWay.add(stored);
      i += 1;
      if (onTheirWay.size >= piecesInFlight) await Promise.race(onTheirWay);
      if (why !== "" || signal.aborted) break;
    }
  } catch (error) {
    if (error instanceof BusError) throw error;
    why ||= messageOf(error);
  }
  await Promise.all(onTheirWay);
  if (why === "" && signal.aborted) why = "the worker had to end";
  if (why === "" && size !== content.size) why = `${size} bytes were read, where ${content.size} were expected`;
  return why === "" ? { sum: { size, sha256: hash.digest("hex"), chunks: count } } : { why };
}

/** The same bytes in pieces of `length`; the last may be shorter. Each piece overwrites the one before. */
async function* cut(parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, length: number): AsyncGenerator<Buffer> {
  const piece = Buffer.allocUnsafe(length);
  let used = 0;
  for await (const part of parts) {
    for (let at = 0; at < part.length; ) {
      const taken = Math.min(length - used, part.length - at);
      piece.set(part.subarray(at, at + taken), used);
      used += taken;
      at += taken;
      if (used < length) continue;
      yield piece;
      used = 0;
    }
  }
  if (used > 0) yield piece.subarray(0, used);
}

async function storeOne(
  ports: Ports<"bus" | "clock">,
  { worker, job, n, attempt, nonce, blob }: OwnAddress & BlobAddress,
  data: Uint8Array,
  i: number,
  signal: EndSignal,
  patienceMs = 0,
): Promise<string> {
  const subject = chunk(worker, job, n, attempt, blob, i);
  const msgId = `${job}.${n}.${attempt}.${blob}.${i}.${nonce}`;
  return (await storePiece(ports, subject, data, { msgId, signal, patienceMs }))?.message ?? "";
}

/**
 * Fetches a blob and opens it; repeats the request until the broker answers.
 *
 * @throws BadMessage if a piece is gone or is not what was sealed; BusError "closed" if the signal aborts
 */
export async function fetchBlob(
  ports: Ports<"bus" | "clock">,
  address: BlobAddress,
  key: Uint8Array,
  sum: SealedSum,
  signal: EndSignal,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const some of fetchPieces(ports, address, sum, signal)) pieces.push(...some);
  return open(pieces, key, sum);
}

/**
 * Like `fetchBlob` for a blob that is never whole in memory: yields its opened pieces in order. Each is what was sealed
 * there, but only the last one proves that nothing is missing.
 */
export async function* fetchContent(
  ports: Ports<"bus" | "clock">,
  address: BlobAddress,
  key: Uint8Array,
  sum: SealedSum,
  signal: EndSignal,
): AsyncGenerator<Buffer> {
  const hash = createHash("sha256");
  let size = 0;
  let i = 0;
  for await (const some of fetchPieces(ports, address, sum, signal)) {
    for (const piece of some) {
      const part = openPiece(piece, key, i, sum.chunks);
      hash.update(part);
      size += part.length;
      i += 1;
      yield part;
    }
  }
  checkSum(size, hash.digest("hex"), sum);
}

/** The sealed pieces in order, a few at a time. */
async function* fetchPieces(
  ports: Ports<"bus" | "clock">,
  { worker, job, n, attempt, blob }: BlobAddress,
  sum: SealedSum,
  signal: EndSignal,
): AsyncGenerator<readonly Uint8Array[]> {
  for (let next = 0; next < sum.chunks; ) {
    const wanted = Array.from({ length: Math.min(piecesInFlight, sum.chunks - next) }, (_, k) => next + k);
    const subjects = wanted.map((i) => chunk(worker, job, n, attempt, blob, i));
    const found = await fetchPiecesTogether(ports, subjects, signal);
    yield found.map((piece, k) => {
      if (piece === null) throw new BadMessage(`piece ${next + k + 1} of ${blob} of ${job} trial ${n} is not there`);
      return piece;
    });
    next += found.length;
  }
}
