import type { LearnedModel } from "../model/search-model.ts";
import type { WorkerId } from "../names.ts";
import type { JobEdited } from "./events.ts";
import { pauseCauseOf } from "./job-state.ts";
import type { ParentRun } from "./parent-runs.ts";
import { countPrediction } from "./predicted-ends.ts";
import { RunTable } from "./run-table.ts";
import { lastAttempt, resultBy, type Trial } from "./trial.ts";
import type { SavedTrials } from "./trial-list.ts";

/** The fields of a table that are saved unchanged. */
const asItIs = [
  ...(["submitted", "state", "reason", "stateBy", "stateActor", "pauseCause", "pauseWords", "endedAt"] as const),
  ...(["lost", "reclaimed", "late", "reopened"] as const),
] as const;
type AsItIs = Readonly<Pick<RunTable, (typeof asItIs)[number]>>;

const pick = (from: AsItIs): AsItIs => Object.fromEntries(asItIs.map((key) => [key, from[key]])) as AsItIs; // it has these keys

/** A job's table as plain data, without its trials and what follows from them. */
export interface SavedTable extends AsItIs {
  readonly edits: readonly JobEdited[];
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
  readonly completedBy: readonly (readonly [WorkerId, number])[];
  /** Left out in snapshots of earlier versions. */
  readonly columnsBy?: readonly (readonly [WorkerId, number])[];
  /** Left out in snapshots of earlier versions. */
  readonly predictions?: readonly number[];
  /** Left out in snapshots of earlier versions, and before there was enough to learn from. */
  readonly learned?: LearnedModel;
  /** Failed trials, in the order of the trials, and the worker each failed on. */
  readonly failedOn: readonly (readonly [number, WorkerId])[];
  /** Left out in snapshots of earlier versions. */
  readonly failingRow?: readonly number[];
}

export function saveTable(table: RunTable): SavedTable {
  const { runSets } = table;
  return {
    ...pick(table),
    edits: table.edits,
    parents: table.parents,
    columns: table.columns,
    completions: Uint32Array.from(table.completions),
    configurations: runSets.configurations.rows.slice(),
    runSets: runSets.size,
    waiting: [...table.waiting],
    paused: [...table.paused],
    condemned: [...table.condemned],
    holding: [...table.holding],
    completedBy: [...table.completedBy],
    columnsBy: [...table.columnsBy],
    predictions: [...table.predictions],
    failedOn: [...table.failedOn],
    failingRow: [...table.failingRow],
    ...(table.model.learned ? { learned: table.model.learned } : {}),
  };
}

/** Rebuilds a table; its counts and run sets follow from the trials. The table owns the arrays of `trials` afterwards. */
export function restoreTable(saved: SavedTable, trials: SavedTrials): RunTable {
  const table = new RunTable({ ...saved.submitted, parents: 0 }, saved.columns);
  // Settings as the constructor completes them: a snapshot of an earlier version lacks those that came later.
  const { settings } = table.submitted;
  Object.assign(table, pick(saved));
  table.submitted = { ...saved.submitted, settings };
  table.pauseCause = pauseCauseOf(table, saved.pauseCause);
  table.edits.push(...saved.edits);
  for (const parent of saved.parents) table.parentRuns.keep({ ...parent });
  table.model.learned = saved.learned;
  for (const n of saved.waiting) table.waiting.add(n);
  for (const n of saved.paused) table.paused.add(n);
  for (const n of saved.condemned) table.condemned.add(n);
  for (const [worker, count] of saved.holding) table.holding.set(worker, count);
  for (const [worker, count] of saved.completedBy) table.completedBy.set(worker, count);
  for (const [n, worker] of saved.failedOn) table.failedOn.set(n, worker);
  for (const n of saved.failingRow ?? []) table.failingRow.add(n);
  table.runSets.restore(saved.configurations, saved.runSets);
  table.trials.restore(trials);
  for (const trial of trials.others) count(table, trial);
  for (const [worker, count] of saved.columnsBy ?? columnsBy(table, saved)) table.columnsBy.set(worker, count);
  table.outcomes.completed += trials.columns.size;
  table.ended += trials.columns.size;
  for (const n of saved.completions) {
    table.completions.push(n);
    const { trials: list, runSets } = table;
    runSets.ran(list.runSetOf(n), list.hpmaxOf(n) ?? Number.NaN, list.runOf(n), list.isFeasible(n));
  }
  for (const n of saved.predictions ?? []) countPrediction(table, n);
  return table;
}

/** How many columns each worker was the first to fill; snapshots of earlier versions lack these counts. */
function columnsBy({ trials }: RunTable, { completions, columns }: SavedTable): Map<WorkerId, number> {
  const filled = new Array<boolean>(columns.length).fill(false);
  const counts = new Map<WorkerId, number>();
  for (const n of completions) {
    const trial = trials.glance(n);
    for (const [i, value] of trial?.metrics.entries() ?? []) {
      if (!trial || filled[i] || Number.isNaN(value)) continue;
      filled[i] = true;
      counts.set(resultBy(trial), (counts.get(resultBy(trial)) ?? 0) + 1);
    }
  }
  return counts;
}

/** Counts a trial that is not in the columns. Completions reach the run sets later, in the order of completion. */
function count(table: RunTable, trial: Trial): void {
  const { n, status } = trial;
  const { runSets } = table;
  const runSet = table.trials.runSetOf(n);
  if (status === "running" || status === "waiting") {
    runSets.started(runSet);
    table.open += 1;
    return;
  }
  if (status === "rejected") {
    table.ended += 1;
    table.rejected.add(n);
    return;
  }
  table.outcomes[status === "infeasible" ? "completed" : status] += 1;
  if (status === "cancelled") return;
  table.ended += 1;
  if (status === "completed" || status === "infeasible") return;
  runSets.started(runSet);
  if (status === "failed") runSets.failed(runSet, table.failedOn.get(n) ?? lastAttempt(trial).worker);
  else runSets.endedOtherwise(runSet);
}
