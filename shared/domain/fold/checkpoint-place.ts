import type { WorkerId } from "../names.ts";

/** Where the saved state of a run is, and the key that opens it. */
export interface CheckpointPlace {
  /** The worker that saved it, and in which attempt. */
  readonly worker: WorkerId;
  readonly attempt: number;
  /** The stage that the run had reached, and its iterations there. */
  readonly stage: number;
  readonly iters: number;
  /** Name of the attempt's blob. */
  readonly blob: string;
  readonly key: Uint8Array;
  /** Bytes before encryption, and their SHA-256. */
  readonly size: number;
  readonly sha256: string;
  readonly chunks: number;
}
