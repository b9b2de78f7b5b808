import type { PiecedBundle } from "../code-bundle.ts";
import type { JobName, WorkerId } from "../names.ts";
import type { JobDeleted, WorkerPurged } from "./events.ts";
import { FoldError } from "./fold-error.ts";
import type { RunTable } from "./run-table.ts";

/** A purge that began and has no record of its end. */
export interface OpenPurge {
  readonly worker: WorkerId;
  readonly before: number;
  readonly all: boolean;
  readonly by: string;
}

/** The deletion of a job that began and has no record of its end. */
export interface OpenDeletion {
  readonly job: JobName;
  readonly before: number;
  readonly by: string;
  /** Its bundles; pieces that no other job uses are deleted. */
  readonly bundles: readonly PiecedBundle[];
}

/** What was deleted from EV on purpose: gaps no larger than this are not damage. */
export interface Purges {
  /** Messages deleted by all purges and deletions that are over. */
  messages: number;
  /** All of them stood before this sequence of EV. */
  before: number;
  readonly open: OpenPurge[];
  /** Deletions under way; apart from `open`, which earlier versions read too. */
  readonly deleting: OpenDeletion[];
}

export const noPurges = (): Purges => ({ messages: 0, before: 0, open: [], deleting: [] });

/** @param bundles  what a deleted job brought along; not needed where only the messages are counted */
export function foldPurge(
  purges: Purges,
  event: WorkerPurged | JobDeleted,
  bundles: readonly PiecedBundle[] = [],
): void {
  const { before, by, messages } = event;
  if (before > purges.before) purges.before = before;
  if (messages !== null) {
    purges.messages += messages;
    if (event.type === "job-deleted") drop(purges.deleting, ({ job }) => job === event.job);
    else drop(purges.open, (each) => each.worker === event.worker && each.before === before);
  } else if (event.type === "job-deleted") purges.deleting.push({ job: event.job, before, by, bundles });
  else purges.open.push({ worker: event.worker, before, all: event.all, by });
}

function drop<T>(list: T[], is: (each: T) => boolean): void {
  const place = list.findIndex(is);
  if (place >= 0) list.splice(place, 1);
}

/** What is known about a deleted job. Its number is not used again. */
export interface DeletedJob {
  readonly job: JobName;
  /** The file of its spec. */
  readonly file: string;
  /** How many runs it had. */
  readonly runs: number;
  /** Numbers of its parent runs. */
  readonly parents: readonly number[];
  readonly by: string;
  /** Wall-clock milliseconds. */
  readonly at: number;
}

/** @throws FoldError if its runs are not over */
export function deletedJob(table: RunTable, { job, by, at }: JobDeleted): DeletedJob {
  if (!table.isOver) throw new FoldError(`${job} was deleted, but it was ${table.state}`);
  const parents = table.parents.map(({ number }) => number);
  return { job, file: table.submitted.file, runs: table.trials.length, parents, by, at };
}

/** The answer to a question about a deleted job. */
export const deletedText = ({ job, by, at }: DeletedJob): string =>
  `${job} was deleted by ${by} on ${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;
