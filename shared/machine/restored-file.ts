import { rmSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../errors.ts";
import { fieldsOf, readIfThere, writeJsonFile, writeSecretFile } from "./secret-file.ts";
import { shellWord } from "./shell-word.ts";
import type { WorkspacePaths } from "./workspace.ts";

/**
 * A job, identified by the order that submitted it, whose id is random and stays in the journal. A broker's address can
 * be spelled in many ways (`lab`, `nats://lab:4222`, `10.0.0.5`), so it identifies no job.
 */
export interface OrderedJob {
  readonly job: string;
  /** Request id of the order; "" if unknown. */
  readonly op: string;
}

/** A restore of a store from a backup. */
export interface Restored {
  /** The workspace that was backed up, and when. */
  readonly from: string;
  readonly at: string;
  /** Jobs whose programs may not start. */
  readonly jobs: readonly OrderedJob[];
  /** Until the restore is whole nobody knows its jobs: no program may start but those of these jobs. Left out: it is whole. */
  readonly allBut?: readonly OrderedJob[];
}

type Dir = Pick<WorkspacePaths, "dir">;
const fileOf = ({ dir }: Dir): string => join(dir, "restored.json");

/**
 * What was restored on this machine, the newest last: `restored.json`. With it came programs that would run here (`hp_tuning: own`).
 * Whoever made the backup chose them, and has its keys. So none starts before a person has said so here. No backup holds this file.
 *
 * @throws UsageError if the file is damaged: nobody knows then which programs are barred, so no coordinator starts
 */
export function readRestored(paths: Dir): readonly Restored[] {
  const file = fileOf(paths);
  const text = readIfThere(file);
  if (text === undefined) return [];
  const { restored } = fieldsOf(text);
  if (Array.isArray(restored)) return restored as readonly Restored[]; // as it was written below
  throw new UsageError(
    `${file}: expected the list of jobs that came with backups, found something else\n` +
      "  their own searches may not start here, and which they are is no longer known\n" +
      `  if you trust the programs of every job of this workspace, delete the file: rm ${shellWord(file)}`,
  );
}

/** Records a restore. @returns a function that puts the former file back */
export function noteRestored(paths: Dir, { from, at, jobs }: Restored): () => void {
  const barred = jobs.map(({ job, op }) => ({ job, op }));
  return note(paths, [...without(whole(paths), jobs), { from, at, jobs: barred }]);
}

/** Before anything is restored where it could start at once; `noteRestored` then takes its place. @returns as there */
export const noteRestoring = (paths: Dir, { from, at }: Pick<Restored, "from" | "at">): (() => void) =>
  note(paths, [...whole(paths), { from, at, jobs: [], allBut: [] }]);

const whole = (paths: Dir): readonly Restored[] => readRestored(paths).filter(({ allBut }) => !allBut);

function note(paths: Dir, restored: readonly Restored[]): () => void {
  const file = fileOf(paths);
  const before = readIfThere(file);
  write(paths, restored);
  return () => (before === undefined ? rmSync(file, { force: true }) : writeSecretFile(file, before));
}

/** The backup that brought a job's program, if nobody has allowed the program to start yet. */
export const barredBy = (paths: Dir, wanted: OrderedJob): Restored | undefined =>
  readRestored(paths).findLast(({ jobs, allBut }) => has(jobs, wanted) || (allBut && !has(allBut, wanted)));

/** Lets the programs of these jobs start; call it only for a person on this machine. */
export function letStart(paths: Dir, started: readonly OrderedJob[]): void {
  if (started.some((job) => barredBy(paths, job))) write(paths, without(readRestored(paths), started));
}

const has = (jobs: readonly OrderedJob[], { job, op }: OrderedJob): boolean =>
  jobs.some((each) => each.job === job && each.op === op);

/** Keeps restores that no longer bar anything: the workspace's keys came with them (cli/store/own-backup.ts). */
const without = (restored: readonly Restored[], jobs: readonly OrderedJob[]): Restored[] =>
  restored.map((each) => ({
    ...each,
    jobs: each.jobs.filter((barred) => !has(jobs, barred)),
    ...(each.allBut && { allBut: [...each.allBut, ...jobs.map(({ job, op }) => ({ job, op }))] }),
  }));

const write = (paths: Dir, restored: readonly Restored[]): void => writeJsonFile(fileOf(paths), { restored });
