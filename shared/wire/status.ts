import * as check from "./check.ts";
import { rowsInColumns, toColumns } from "./columns.ts";
import { attempt, job, open, seal, term, worker } from "./envelope.ts";

/** The leader tells its status so often ... */
export const statusTickMs = 1000;
/** ... and a second later for each so many leases and workers: the message stays small against the work that it tells of. */
const rowsASecond = 2000;

/**
 * Milliseconds from one status to the next.
 *
 * @param rows  leases and workers that it tells of
 */
export const statusEveryMs = (rows: number): number => statusTickMs * (1 + Math.floor(rows / rowsASecond));

const workerRow = {
  worker,
  /** Milliseconds since it was last heard. */
  silentMs: check.number,
  slots: check.whole(),
  opportunistic: check.flag,
  /** It takes no jobs that bring code along. */
  noCode: check.flag,
  /** Pools that it serves; empty: all. */
  targets: check.list(check.text(64), 100),
  /** Of its program; null where the leader does not say, as older ones do. */
  version: check.nullable(check.text(64)),
  /**
   * Milliseconds by which its wall clock is ahead of the leader's, negative: behind; null: none worth a word, or not known. The
   * time that its message took is in it.
   */
  skewMs: check.nullable(check.number),
};
const leaseRow = {
  job,
  n: check.whole(1),
  attempt,
  /** Milliseconds until the trial goes to another worker; negative where it is about to. */
  leftMs: check.number,
  /** Of the current stage, as the worker said when it last renewed. */
  iters: check.whole(),
};
const statusShape = check.shape({
  term,
  leader: check.text(256),
  leaseMs: check.whole(1),
  workers: rowsInColumns(workerRow),
  leases: rowsInColumns(leaseRow),
});

export type WorkerStatus = check.Fields<typeof workerRow>;
export type LeaseStatus = check.Fields<typeof leaseRow>;
/** What only the leader knows, told to whoever looks, about once a second; never stored, and nothing rests on it. */
export type Status = check.Checked<typeof statusShape>;

const keysOf = <S extends object>(row: S): (keyof S & string)[] => Object.keys(row) as (keyof S & string)[]; // what it was made with

/** In columns: ten thousand workers and what they hold fit one message, at a quarter of the bytes. */
export const encodeStatus = ({ workers, leases, ...rest }: Status): Uint8Array =>
  seal({ ...rest, workers: toColumns(workers, keysOf(workerRow)), leases: toColumns(leases, keysOf(leaseRow)) });
export const decodeStatus = (bytes: Uint8Array): Status => open(bytes, statusShape);
