import type { CheckpointPlace } from "../domain/fold/events.ts";
import { mostCheckpointBytes } from "../domain/runspec/job-settings.ts";
import { isBlobName } from "./artifacts.ts";
import * as check from "./check.ts";
import { worker } from "./envelope.ts";
import { chunkCount, sealingKey } from "./sealed-chunks.ts";

/** Bytes of the largest state held whole in memory. Earlier versions hold every state whole, and take none larger. */
export const mostHeldBytes = 256 * 1024 ** 2;
/** Most bytes of one file in a state: MessagePack's limit. */
export const mostFileBytes = 2 ** 32 - 1;
/** Most files in a state. */
export const mostStateFiles = 10_000;
/**
 * If a run's files have at most this many bytes together, they travel in one message from the runner to its worker.
 * Earlier versions left out the files of a run that had more, so a coordinator that names no limit of its own takes no
 * more.
 */
export const mostInlineBytes = 32 * 1024 ** 2;

/** A checkpoint's place as its maker says it; the message's subject and body name worker and attempt. */
export type StateSum = Omit<CheckpointPlace, "worker" | "attempt">;

const sumFields = {
  stage: check.whole(1),
  iters: check.whole(),
  blob: check.matching<string>(isBlobName, "a blob's name"),
  key: sealingKey,
  size: check.whole(1),
  sha256: check.sha256,
  chunks: check.whole(1),
};
const sumShape = check.shape(sumFields);
const placeShape = check.shape({ ...sumFields, worker, attempt: check.whole(1) });

function sound<T extends StateSum>(sum: T, at: string): T {
  if (sum.size > mostCheckpointBytes)
    throw new check.BadMessage(`${at}.size: ${sum.size} bytes; at most ${mostCheckpointBytes}`);
  if (sum.chunks !== chunkCount(sum.size))
    throw new check.BadMessage(`${at}: ${sum.size} bytes do not make ${sum.chunks} pieces`);
  return sum;
}

export const stateSum: check.Check<StateSum> = (value, at) => sound(sumShape(value, at), at);
export const checkpointPlace: check.Check<CheckpointPlace> = (value, at) => sound(placeShape(value, at), at);
