import type { Summary } from "../../shared/domain/run.ts";
import { pathProblem } from "../../shared/wire/artifacts.ts";
import * as check from "../../shared/wire/check.ts";
import { mostHeldBytes, mostStateFiles } from "../../shared/wire/checkpoints.ts";
import { decode, encode } from "../../shared/wire/codec.ts";
import { fewShapes } from "../../shared/wire/limits.ts";
import type { MessageLimits } from "../../shared/wire/reader.ts";
import type { SavedFiles } from "./run-folder.ts";

/** Everything a run needs in order to continue elsewhere. */
export interface SavedRun {
  /** The current stage, from 1, and its iterations. */
  readonly stage: number;
  readonly iters: number;
  /** Hours of training in the run so far, over all attempts. */
  readonly hours: number;
  /** The summary of the current stage's first metric so far. */
  readonly summary: Summary;
  /** Last values by column, for all stages so far. */
  readonly metrics: Readonly<Record<string, number>>;
  /** The state that the stage handed over. */
  readonly state: Uint8Array;
}

const stateVersion = 1;

/** Up to 10,000 columns and 10,000 files (`mostStateFiles`), a name and a value each; contents are skipped. */
const stateLimits: MessageLimits = {
  bytes: 2 * mostHeldBytes,
  depth: 3,
  values: 40_100,
  lists: 8,
  mappings: 8,
  texts: 10_050,
  words: 20_050,
  ...fewShapes,
};

const savedShape = check.shape({
  v: check.whole(),
  stage: check.whole(1),
  iters: check.whole(),
  hours: check.number,
  summary: check.shape({ value: check.number, count: check.number }),
  metrics: check.record(check.number),
  state: check.bytes,
  files: check.record(check.bytes),
});

export const encodeRun = (run: SavedRun, files: SavedFiles): Uint8Array => encode({ v: stateVersion, ...run, files });

/**
 * The beginning of such a state. `later` more files follow it, each as its `fileHead` and its bytes: so a state of any size is
 * written, and read, piece by piece, and no reader can tell how it was written.
 */
export function encodeRunBefore(run: SavedRun, files: SavedFiles, later: number): Uint8Array {
  const entries = Object.entries(files);
  const count = entries.length + later;
  if (count > mostStateFiles) throw new RangeError(`${count} files; at most ${mostStateFiles}`);
  const whole = encodeRun(run, {});
  // It ends with the mapping of no files, which is written in one byte or in three.
  const parts = [whole.subarray(0, whole.at(-1) === 0x80 ? -1 : -3), mappingHead(count)];
  for (const [path, bytes] of entries) parts.push(fileHead(path, bytes.length), bytes);
  return Buffer.concat(parts);
}

const mappingHead = (count: number): Uint8Array => Uint8Array.of(0xde, count >> 8, count & 255);

/** A path and the length of what follows, as MessagePack writes them. */
export function fileHead(path: string, size: number): Uint8Array {
  const length = Buffer.alloc(5, 0xc6);
  length.writeUInt32BE(size, 1);
  return Buffer.concat([encode(path), length]);
}

/** Reads a state. Another worker made it, so it is checked like all data from outside. @throws BadMessage */
export function decodeRun(bytes: Uint8Array): { readonly run: SavedRun; readonly files: SavedFiles } {
  const { v, files, ...run } = savedShape(decode(bytes, stateLimits), "checkpoint");
  if (v !== stateVersion) {
    throw new check.BadMessage(
      `checkpoint version ${v}; this program reads version ${stateVersion}: update the older side`,
    );
  }
  for (const path of Object.keys(files)) {
    const problem = pathProblem(path);
    if (problem !== undefined) throw new check.BadMessage(`checkpoint.files: the path of a file: ${problem}`);
  }
  return { run, files };
}
