import { type Bus, BusError, type EndSignal } from "../../shared/ports.ts";
import { BadMessage } from "../../shared/wire/check.ts";
import { open, type SealedSum } from "../../shared/wire/sealed-chunks.ts";
import { chunk, streams } from "../../shared/wire/subjects.ts";
import type { AttemptAddress, OwnAddress } from "./held-attempt.ts";
import type { Ports } from "./ports.ts";

/** `blob` names one of several blobs of an attempt. */
export type BlobAddress = AttemptAddress & { readonly blob: string };

const storeTimeoutMs = 5000;
const tries = 3;
const retryMs = 500;
/** Number of pieces in flight. */
const inFlight = 4;

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
  for (let i = 0; i < chunks.length; i += inFlight) {
    const ends = await Promise.all(
      chunks.slice(i, i + inFlight).map((data, k) => storeOne(ports, address, data, from + i + k, signal)),
    );
    const why = ends.find((end) => end !== "");
    if (why !== undefined) return why;
  }
  return "";
}

async function storeOne(
  { bus, clock }: Ports<"bus" | "clock">,
  { worker, job, n, attempt, nonce, blob }: OwnAddress & BlobAddress,
  data: Uint8Array,
  i: number,
  signal: EndSignal,
): Promise<string> {
  const subject = chunk(worker, job, n, attempt, blob, i);
  let why = "the worker had to end";
  for (let left = tries; left > 0 && !signal.aborted; left -= 1) {
    try {
      await bus.store(subject, data, {
        msgId: `${job}.${n}.${attempt}.${blob}.${i}.${nonce}`,
        timeoutMs: storeTimeoutMs,
      });
      return "";
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      why = error.message;
      if (error.reason === "full" || error.reason === "closed" || error.reason === "refused") return why;
    }
    await clock.pause(retryMs, signal);
  }
  return why;
}

/**
 * Fetches a blob and opens it; repeats the request until the broker answers.
 *
 * @throws BadMessage if a piece is gone or is not what was sealed; BusError "closed" if the signal aborts
 */
export async function fetchBlob(
  { bus, clock }: Ports<"bus" | "clock">,
  address: BlobAddress,
  key: Uint8Array,
  sum: SealedSum,
  signal: EndSignal,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  while (pieces.length < sum.chunks) {
    if (signal.aborted) throw new BusError("closed", `${address.blob}: no longer wanted`);
    const wanted = Array.from({ length: Math.min(inFlight, sum.chunks - pieces.length) }, (_, k) => pieces.length + k);
    try {
      pieces.push(...(await Promise.all(wanted.map((i) => fetchOne(bus, address, i)))));
    } catch (error) {
      if (!(error instanceof BusError) || error.reason === "closed" || error.reason === "refused") throw error;
      await clock.pause(retryMs, signal);
    }
  }
  return open(pieces, key, sum);
}

async function fetchOne(bus: Bus, { worker, job, n, attempt, blob }: BlobAddress, i: number): Promise<Uint8Array> {
  const piece = await bus.newest(streams.blob, chunk(worker, job, n, attempt, blob, i));
  if (piece === null) throw new BadMessage(`piece ${i + 1} of ${blob} of ${job} trial ${n} is not there`);
  return piece;
}
