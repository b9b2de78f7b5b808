import * as check from "./check.ts";
import { rowsInColumns, toColumns } from "./columns.ts";
import { attempt, job, open, seal, term, worker } from "./envelope.ts";
import { lendingWords, mostUntil, mostWhy } from "./lending.ts";
import { statusLimits } from "./limits.ts";
import { unfitJobs } from "./unfit.ts";

/** How often the leader publishes its status ... */
export const statusTickMs = 1000;
/** ... and a second less often for each 2000 leases and workers, so that the status stays a small part of the traffic. */
const rowsASecond = 2000;

/**
 * Milliseconds from one status to the next.
 *
 * @param rows  leases and workers in it
 */
export const statusEveryMs = (rows: number): number => statusTickMs * (1 + Math.floor(rows / rowsASecond));

/** How long the broker may take to say that nobody hears the status. */
export const hearersMs = 100;

/**
 * What the leader sends instead while nobody is known to listen: a question that only the broker answers, saying so if there is
 * nobody. Listeners ignore it: the status follows.
 */
export const whoHears = new Uint8Array(0);
export const asksWhoHears = (bytes: Uint8Array): boolean => bytes.length === 0;

/** For so long a reader waits for a status before there is no leader: from one to the next, a question, and a busy machine. */
export const statusPatienceMs = (rows: number): number => statusEveryMs(rows) + hearersMs + 900;

const workerRow = {
  worker,
  /** Milliseconds since it was last heard. */
  silentMs: check.number,
  slots: check.whole(),
  opportunistic: check.flag,
  /** It takes no jobs that bring code along. */
  noCode: check.flag,
  /** GPUs that it lends; null from an older leader, and from one that lends none. */
  gpus: check.optional(check.nullable(check.whole()), null),
  /** Pools that it serves; empty: all. */
  targets: check.list(check.text(64), 100),
  /** Whether it fetches what jobs bring along in pieces; null: it does not. */
  fetches: check.optional(check.nullable(check.flag), null),
  /** Jobs that it cannot run, and why; null: none. */
  unfit: check.optional(check.nullable(unfitJobs), null),
  /** The version of its program; null from an older leader, which does not say. */
  version: check.nullable(check.text(64)),
  /** Milliseconds that its clock is ahead of the leader's, including travel time; negative: behind; null: small or unknown. */
  skewMs: check.nullable(check.number),
  /** What its machine has left (machine.ts); null: it does not say. */
  diskFree: check.optional(check.nullable(check.number), null),
  memoryFree: check.optional(check.nullable(check.number), null),
  load: check.optional(check.nullable(check.number), null),
  /** Percent of its processors, memory and lent GPUs in use (machine.ts). */
  cpu: check.optional(check.nullable(check.number), null),
  memory: check.optional(check.nullable(check.number), null),
  gpu: check.optional(check.nullable(check.number), null),
  /** Whether it ended in good order; null: no, or it does not say. */
  left: check.optional(check.nullable(check.flag), null),
  /** What its owner allows now, with why and until when, as the worker says; null: it takes runs, or does not say. */
  lending: check.optional(check.nullable(check.oneOf(...lendingWords)), null),
  lendingWhy: check.optional(check.nullable(check.text(mostWhy)), null),
  lendingUntil: check.optional(check.nullable(check.text(mostUntil)), null),
  lendingMs: check.optional(check.nullable(check.whole()), null),
  /** Why the leader gave it nothing when it last asked, where the journal does not say; null: it did, or the journal says. */
  refusal: check.optional(check.nullable(check.text(300)), null),
};
const leaseRow = {
  job,
  n: check.whole(1),
  attempt,
  /** Milliseconds until the trial goes to another worker; negative when it is about to. */
  leftMs: check.number,
  /** Iterations of the current stage, as the worker said when it last renewed. */
  iters: check.whole(),
};
const statusShape = check.shape({
  term,
  leader: check.text(256),
  leaseMs: check.whole(1),
  /** Whether workers hold reports and checkpoints back, since what is left of EV is kept for results; null: no, or an older leader. */
  onlyResults: check.optional(check.nullable(check.flag), null),
  workers: rowsInColumns(workerRow),
  leases: rowsInColumns(leaseRow),
});

export type WorkerStatus = check.Fields<typeof workerRow>;
export type LeaseStatus = check.Fields<typeof leaseRow>;
/** What only the leader knows, published about once a second while views hear it; never stored, and nothing depends on it. */
export type Status = check.Checked<typeof statusShape>;

const keysOf = <S extends object>(row: S): (keyof S & string)[] => Object.keys(row) as (keyof S & string)[]; // its own keys

/** In columns, which take a quarter of the bytes: ten thousand workers and their leases fit one message. */
export const encodeStatus = ({ workers, leases, ...rest }: Status): Uint8Array =>
  seal({ ...rest, workers: toColumns(workers, keysOf(workerRow)), leases: toColumns(leases, keysOf(leaseRow)) });
export const decodeStatus = (bytes: Uint8Array): Status => open(bytes, statusShape, statusLimits);
