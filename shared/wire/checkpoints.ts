import type { CheckpointPlace } from "../domain/fold/events.ts";
import { isBlobName } from "./artifacts.ts";
import * as check from "./check.ts";
import { worker } from "./envelope.ts";
import { chunkCount, sealingKey } from "./sealed-chunks.ts";

/** No run's state may be larger: it is held in memory, sealed and opened, in one piece. */
export const mostStateBytes = 256 * 1024 ** 2;

/** What of a checkpoint's place its maker says; who made it, and in which attempt, the message's subject and body say. */
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
  if (sum.size > mostStateBytes) throw new check.BadMessage(`${at}.size: ${sum.size} bytes; at most ${mostStateBytes}`);
  if (sum.chunks !== chunkCount(sum.size))
    throw new check.BadMessage(`${at}: ${sum.size} bytes do not make ${sum.chunks} pieces`);
  return sum;
}

export const stateSum: check.Check<StateSum> = (value, at) => sound(sumShape(value, at), at);
export const checkpointPlace: check.Check<CheckpointPlace> = (value, at) => sound(placeShape(value, at), at);
