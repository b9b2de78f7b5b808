import * as check from "./check.ts";
import { rowsInColumns, toColumns } from "./columns.ts";
import { attempt, job, open, seal, term, worker } from "./envelope.ts";
import { lendingWords, mostUntil, mostWhy } from "./lending.ts";
import { statusLimits } from "./limits.ts";
import { unfitJobs } from "./unfit.ts";

/** Milliseconds between two statuses of a small swarm. */
export const statusTickMs = 1000;
/** The interval grows by a second for each 2000 leases and workers, so that statuses are a small part of traffic. */
const rowsASecond = 2000;

/**
 * Milliseconds from one status to the next.
 *
 * @param rows  number of leases and workers in the status
 */
export const statusEveryMs = (rows: number): number => statusTickMs * (1 + Math.floor(rows / rowsASecond));

/** Milliseconds that the broker may take to say that nobody hears the status. */
export const hearersMs = 100;

/**
 * Sent instead of a status while nobody is known to listen: a question that only the broker answers, if nobody listens.
 * Listeners ignore it, and a status follows.
 */
export const whoHears = new Uint8Array(0);
export const asksWhoHears = (bytes: Uint8Array): boolean => bytes.length === 0;

/** Milliseconds after which a reader sees no leader: one interval, a question, and 900 ms for a busy machine. */
export const statusPatienceMs = (rows: number): number => statusEveryMs(rows) + hearersMs + 900;

const workerRow = {
  worker,
  /** Milliseconds since the worker was last heard. */
  silentMs: check.number,
  slots: check.whole(),
  opportunistic: check.flag,
  /** Whether the worker takes no jobs that bring code of their own. */
  noCode: check.flag,
  /** GPUs that the worker lends; null from an older leader, and for a worker that lends none. */
  gpus: check.optional(check.nullable(check.whole()), null),
  /** Pools that the worker serves; empty: all. */
  targets: check.list(check.text(64), 100),
  /** Whether the worker fetches jobs' code and data in pieces; null: no. */
  fetches: check.optional(check.nullable(check.flag), null),
  /** Jobs that the worker cannot run, and why; null: none. */
  unfit: check.optional(check.nullable(unfitJobs), null),
  /** Version of the worker's program; null from an older leader. */
  version: check.nullable(check.text(64)),
  /**
   * Milliseconds that the worker's clock is ahead of the leader's, including travel time; negative: behind; null: small
   * or unknown.
   */
  skewMs: check.nullable(check.number),
  /** Free resources of the worker's machine (machine.ts); null: unknown. */
  diskFree: check.optional(check.nullable(check.number), null),
  memoryFree: check.optional(check.nullable(check.number), null),
  load: check.optional(check.nullable(check.number), null),
  /** Percent of the machine's processors, memory and lent GPUs in use (machine.ts). */
  cpu: check.optional(check.nullable(check.number), null),
  memory: check.optional(check.nullable(check.number), null),
  gpu: check.optional(check.nullable(check.number), null),
  /** Whether the worker ended in good order; null: no, or unknown. */
  left: check.optional(check.nullable(check.flag), null),
  /** What the machine's owner allows now, why and until when; null: it takes runs, or the worker does not say. */
  lending: check.optional(check.nullable(check.oneOf(...lendingWords)), null),
  lendingWhy: check.optional(check.nullable(check.text(mostWhy)), null),
  lendingUntil: check.optional(check.nullable(check.text(mostUntil)), null),
  lendingMs: check.optional(check.nullable(check.whole()), null),
  /** Why the leader gave the worker nothing when it last asked; null: it got something, or the journal says why. */
  refusal: check.optional(check.nullable(check.text(300)), null),
};
const leaseRow = {
  job,
  n: check.whole(1),
  attempt,
  /** Milliseconds until the trial goes to another worker; negative when it is about to. */
  leftMs: check.number,
  /** Iterations of the current stage at the worker's last renewal. */
  iters: check.whole(),
};
const statusShape = check.shape({
  term,
  leader: check.text(256),
  leaseMs: check.whole(1),
  /** Whether workers hold back reports and checkpoints to keep EV's room for results; null: no, or an older leader. */
  onlyResults: check.optional(check.nullable(check.flag), null),
  workers: rowsInColumns(workerRow),
  leases: rowsInColumns(leaseRow),
});

export type WorkerStatus = check.Fields<typeof workerRow>;
export type LeaseStatus = check.Fields<typeof leaseRow>;
/** What only the leader knows, published about once a second while views listen; never stored or relied on. */
export type Status = check.Checked<typeof statusShape>;

const keysOf = <S extends object>(row: S): (keyof S & string)[] => Object.keys(row) as (keyof S & string)[]; // its own keys

/** Encoded in columns, which take a quarter of the bytes: ten thousand workers and their leases fit in one message. */
export const encodeStatus = ({ workers, leases, ...rest }: Status): Uint8Array =>
  seal({ ...rest, workers: toColumns(workers, keysOf(workerRow)), leases: toColumns(leases, keysOf(leaseRow)) });
export const decodeStatus = (bytes: Uint8Array): Status => open(bytes, statusShape, statusLimits);
