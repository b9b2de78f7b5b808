import type { WorkerId } from "../names.ts";
import type { Actor, JobEdited, JobStateName, JobSubmitted } from "./events.ts";
import type { ParentRun } from "./parent-runs.ts";
import { RunTable } from "./run-table.ts";
import { lastAttempt, type Trial } from "./trial.ts";
import type { SavedTrials } from "./trial-list.ts";

/** A job's table as plain data: what does not follow from its trials. */
export interface SavedTable {
  readonly submitted: JobSubmitted;
  readonly edits: readonly JobEdited[];
  readonly state: JobStateName;
  readonly reason: string;
  readonly stateBy: string;
  readonly stateActor: Actor | null;
  readonly endedAt: number | null;
  readonly completions: Uint32Array<ArrayBuffer>;
  /** Positions of the run sets' configurations, run sets * hyperparameters, row-major, by number of the run set. */
  readonly configurations: Uint32Array<ArrayBuffer>;
  /** How many run sets there are. */
  readonly runSets: number;
  readonly parents: readonly ParentRun[];
  readonly columns: readonly string[];
  readonly waiting: readonly number[];
  readonly paused: readonly number[];
  readonly condemned: readonly number[];
  readonly holding: readonly (readonly [WorkerId, number])[];
  readonly lost: number;
  readonly reclaimed: number;
  readonly late: number;
  readonly reopened: number;
  readonly completedBy: readonly (readonly [WorkerId, number])[];
  /** Trials that failed, and the workers on which they did, in the order of the trials. */
  readonly failedOn: readonly (readonly [number, WorkerId])[];
}

export function saveTable(table: RunTable): SavedTable {
  const { submitted, edits, state, reason, stateBy, stateActor, endedAt, parents, columns, runSets } = table;
  const { lost, reclaimed, late, reopened } = table;
  return {
    ...{
      submitted,
      edits,
      state,
      reason,
      stateBy,
      stateActor,
      endedAt,
      parents,
      columns,
      lost,
      reclaimed,
      late,
      reopened,
    },
    completions: Uint32Array.from(table.completions),
    configurations: runSets.configurations.rows.slice(),
    runSets: runSets.size,
    waiting: [...table.waiting],
    paused: [...table.paused],
    condemned: [...table.condemned],
    holding: [...table.holding],
    completedBy: [...table.completedBy],
    failedOn: [...table.failedOn],
  };
}

/** The table that was saved; it keeps the trials. The counts and the run sets' numbers follow from them. */
export function restoreTable(saved: SavedTable, trials: SavedTrials): RunTable {
  const table = new RunTable({ ...saved.submitted, parents: 0 }, saved.columns);
  const { submitted, state, reason, stateBy, stateActor, endedAt, lost, reclaimed, late, reopened } = saved;
  Object.assign(table, { submitted, state, reason, stateBy, stateActor, endedAt, lost, reclaimed, late, reopened });
  table.edits.push(...saved.edits);
  for (const parent of saved.parents) table.parentRuns.keep({ ...parent });
  for (const n of saved.waiting) table.waiting.add(n);
  for (const n of saved.paused) table.paused.add(n);
  for (const n of saved.condemned) table.condemned.add(n);
  for (const [worker, count] of saved.holding) table.holding.set(worker, count);
  for (const [worker, count] of saved.completedBy) table.completedBy.set(worker, count);
  for (const [n, worker] of saved.failedOn) table.failedOn.set(n, worker);
  table.runSets.configurations.restore(saved.configurations, saved.runSets);
  table.trials.restore(trials);
  for (const runSet of trials.runSets) table.runSets.started(runSet);
  for (const trial of trials.others) count(table, trial);
  table.outcomes.completed += trials.columns.size;
  table.ended += trials.columns.size;
  for (const n of saved.completions) {
    table.completions.push(n);
    table.runSets.completed(table.trials.runSetOf(n), table.trials.hpmaxOf(n) ?? Number.NaN, table.trials.runOf(n));
  }
  return table;
}

/** Counts a trial whose run set has it in flight; completions are told to the run sets in their own order. */
function count(table: RunTable, trial: Trial): void {
  const { n, status } = trial;
  const runSet = table.trials.runSetOf(n);
  if (status === "running" || status === "waiting") {
    table.open += 1;
    return;
  }
  table.outcomes[status] += 1;
  if (status === "cancelled") {
    table.runSets.released(runSet);
    return;
  }
  table.ended += 1;
  if (status === "failed") table.runSets.failed(runSet, table.failedOn.get(n) ?? lastAttempt(trial).worker);
  else if (status !== "completed") table.runSets.endedOtherwise(runSet);
}
