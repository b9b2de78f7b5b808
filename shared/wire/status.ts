import type { JobName, WorkerId } from "../domain/names.ts";
import * as check from "./check.ts";
import { attempt, job, open, seal, term, worker } from "./envelope.ts";

/** What only the leader knows, told to whoever looks, about once a second; never stored, and nothing rests on it. */
export interface Status {
  readonly term: number;
  readonly leader: string;
  readonly leaseMs: number;
  readonly workers: readonly WorkerStatus[];
  readonly leases: readonly LeaseStatus[];
}

export interface WorkerStatus {
  readonly worker: WorkerId;
  /** Milliseconds since it was last heard. */
  readonly silentMs: number;
  readonly slots: number;
  readonly opportunistic: boolean;
  /** It takes no jobs that bring code along. */
  readonly noCode: boolean;
  /** Pools that it serves; empty: all. */
  readonly targets: readonly string[];
  /** Of its program; null where the leader does not say, as older ones do. */
  readonly version: string | null;
  /**
   * Milliseconds by which its wall clock is ahead of the leader's, negative: behind; null: none worth a word, or not known. The
   * time that its message took is in it.
   */
  readonly skewMs: number | null;
}

export interface LeaseStatus {
  readonly job: JobName;
  readonly n: number;
  readonly attempt: number;
  /** Milliseconds until the trial goes to another worker; negative where it is about to. */
  readonly leftMs: number;
  /** Of the current stage, as the worker said when it last renewed. */
  readonly iters: number;
}

const statusShape = check.shape({
  term,
  leader: check.text(256),
  leaseMs: check.whole(1),
  workers: check.list(
    check.shape({
      worker,
      silentMs: check.number,
      slots: check.whole(),
      opportunistic: check.flag,
      noCode: (value, at) => (value === undefined ? false : check.flag(value, at)), // earlier leaders do not say
      targets: check.list(check.text(64), 100),
      version: check.nullable(check.text(64)),
      skewMs: check.nullable(check.number),
    }),
  ),
  leases: check.list(check.shape({ job, n: check.whole(1), attempt, leftMs: check.number, iters: check.whole() })),
});

export const encodeStatus = (status: Status): Uint8Array => seal(status);
export const decodeStatus = (bytes: Uint8Array): Status => open(bytes, statusShape);
