import type { RunTable } from "../fold/run-table.ts";
import { isOpen } from "../fold/trial.ts";
import type { WorkspaceState } from "../fold/workspace-state.ts";
import type { JobName } from "../names.ts";
import type { CheckedJob } from "./checked-job.ts";

/** Differences between a fold, or a snapshot of one, and the records. */
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
    ["rejected", table.rejected.size, job.rejected],
    ["results that count", table.completions.length, job.completed - job.rejected],
    ["completed", table.outcomes.completed, job.completed - job.rejected],
    ["results in the run sets", resultsIn(table), job.completed - job.rejected],
    ["ended in the search's weights", table.runSets.totals.ended - table.imported.length, job.ended - job.rejected],
    ["open in the search's weights", table.runSets.totals.inFlight, job.open],
    ["late", table.late, [...job.trials.unsettled()].reduce((sum, [, { late }]) => sum + late, 0)],
  ];
  for (const [what, folded, recorded] of pairs) {
    if (folded !== recorded) yield `${name}: ${what} is ${folded} in the fold, ${recorded} by the records`;
  }
  for (let n = 1; n <= job.trials.length; n += 1) {
    const trial = job.trials.glance(n);
    const folded = table.trials.glance(n);
    if (!trial || !folded) continue; // said by the counts
    const status = trial.status === "over" ? trial.outcome : trial.status;
    // The records do not say which results are infeasible; the fold derives that from the metrics.
    const word = folded.status === "infeasible" ? "completed" : folded.status;
    if (word !== status) yield `${name} trial ${n} is ${folded.status} in the fold, ${status} by the records`;
    const { attempts } = folded;
    if (attempts.length !== trial.workers.length || attempts.some(({ worker }, k) => worker !== trial.workers[k])) {
      const holders = attempts.map(({ worker }) => worker).join(", ");
      yield `${name} trial ${n} was held by ${holders} in the fold, ${trial.workers.join(", ")} by the records`;
    }
    if (isOpen(folded) !== (trial.status !== "over")) yield `${name} trial ${n} is open in one of them only`;
  }
}

/** The job's own results in its run sets, infeasible ones too. */
function resultsIn({ runSets, imported }: RunTable): number {
  const { completed, infeasible } = runSets.totals;
  return completed + infeasible - imported.length;
}
