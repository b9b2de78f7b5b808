import type { JobStateName } from "../events.ts";
import type { JobName, WorkerId } from "../names.ts";
import type { RunTable } from "../run-table.ts";
import { isOpen } from "../trial.ts";
import type { WorkspaceState } from "../workspace-state.ts";

/** A trial as the journal's records tell it, kept apart from the fold. */
export interface CheckedTrial {
  status: "running" | "waiting" | "over";
  /** How it ended; "" while it is open. */
  outcome: string;
  /** Of each attempt; attempt 1 is at 0. */
  readonly workers: WorkerId[];
  late: number;
  /** Iterations of its result; -1 while there is none, or none that is believed. */
  iters: number;
  /** Stage and iterations of each report seen, in turn, until the curve is known to be whole. */
  rows: number[];
  expectsCurve: boolean;
  hasWholeCurve: boolean;
}

export interface CheckedJob {
  /** Trial n is at n - 1. */
  readonly trials: CheckedTrial[];
  totalRuns: number;
  state: JobStateName;
  /** Whether a person or a rule ended the search before total_runs. */
  wasStopped: boolean;
  isOver: boolean;
  ended: number;
  open: number;
}

/** Where a fold, or a snapshot of one, says something else than the records. */
export function* foldDifferences(jobs: ReadonlyMap<JobName, CheckedJob>, state: WorkspaceState): Generator<string> {
  for (const name of state.jobs.keys()) if (!jobs.has(name)) yield `the fold has ${name}, which no record submits`;
  for (const [name, job] of jobs) {
    const table = state.jobs.get(name);
    if (table) yield* jobDifferences(name, job, table);
    else yield `the fold lacks ${name}`;
  }
}

function* jobDifferences(name: JobName, job: CheckedJob, table: RunTable): Generator<string> {
  const pairs: readonly (readonly [string, unknown, unknown])[] = [
    ["state", table.state, job.state],
    ["total_runs", table.submitted.settings.totalRuns, job.totalRuns],
    ["trials", table.trials.length, job.trials.length],
    ["ended", table.ended, job.ended],
    ["open", table.open, job.open],
    ["ended in the search's weights", table.runSets.totals.ended - table.imported.length, job.ended],
    ["open in the search's weights", table.runSets.totals.inFlight, job.open],
    ["late", table.late, job.trials.reduce((sum, { late }) => sum + late, 0)],
  ];
  for (const [what, folded, recorded] of pairs) {
    if (folded !== recorded) yield `${name}: ${what} is ${folded} in the fold, ${recorded} by the records`;
  }
  for (const [i, trial] of job.trials.entries()) {
    const folded = table.trial(i + 1);
    if (!folded) continue; // said by the counts
    const status = trial.status === "over" ? trial.outcome : trial.status;
    if (folded.status !== status)
      yield `${name} trial ${i + 1} is ${folded.status} in the fold, ${status} by the records`;
    const holders = folded.attempts.map(({ worker }) => worker);
    if (holders.length !== trial.workers.length || holders.some((worker, k) => worker !== trial.workers[k]))
      yield `${name} trial ${i + 1} was held by ${holders.join(", ")} in the fold, ${trial.workers.join(", ")} by the records`;
    if (isOpen(folded) !== (trial.status !== "over")) yield `${name} trial ${i + 1} is open in one of them only`;
  }
}
