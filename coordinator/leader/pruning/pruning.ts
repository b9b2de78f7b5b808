import type { EndedWithout } from "../../../shared/domain/fold/events.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { isOpen, lastAttempt, type Trial } from "../../../shared/domain/fold/trial.ts";
import type { JobName } from "../../../shared/domain/names.ts";
import { KeptBeliefs } from "../../../shared/domain/pruning/beliefs.ts";
import { JobPruner } from "../../../shared/domain/pruning/job-pruner.ts";
import { lastStageOf } from "../../../shared/domain/runspec/carried-spec.ts";
import type { ReportRow } from "../../../shared/wire/messages.ts";
import type { Reign } from "../reign/reign.ts";

/**
 * Pruning: as reports arrive in EV, the job's pruner (shared/domain/pruning/) says which run is to stop. That is one
 * record, `ended` as `pruned` with the reason, so a dying leader can lose nothing between the decision and the end. The
 * worker is told to ask at once, and hears that its run has ended. What it still delivers is late.
 *
 * The curves are the leader's alone. After a take-over they are read again from EV (recall-curves.ts).
 */

/** Jobs that are over whose curves are kept, about 2 MB each: any of them may be opened again. */
const mostOver = 8;

/** The job's pruner; undefined if nothing is pruned. */
export function prunerOf(reign: Reign, table: RunTable): JobPruner | undefined {
  const { pruning, hpTuning } = table.submitted.settings;
  // Without tuning all runs share one configuration: they are repeated in order to measure it.
  if (pruning === "none" || hpTuning === false || table.isOver) return undefined;
  let pruner = reign.pruners.get(table.job);
  if (!pruner) {
    const beliefs = new KeptBeliefs(() => table.model.now);
    pruner = new JobPruner(pruning, table.submitted.seed, {
      stage: lastStageOf(table.submitted),
      configurationOf: (n) => table.runSets.configurations.configuration(table.trials.runSetOf(n)),
      beliefs: () => beliefs.now(table.ended, table.submitted.hyperparameters, table.verdicts),
    });
    pruner.judged(table.rejected);
    reign.pruners.set(table.job, pruner);
  }
  return pruner;
}

/** The job is over: its curves are kept until enough other jobs are over. */
export function retirePruner({ pruners, state }: Reign, job: JobName): void {
  const pruner = pruners.get(job);
  if (!pruner) return;
  pruner.keep(() => false);
  // To the end of the map: those that ended first come first.
  pruners.delete(job);
  pruners.set(job, pruner);
  const over = [...pruners.keys()].filter((each) => state.jobs.get(each)?.isOver !== false);
  for (const each of over.slice(0, -mostOver)) pruners.delete(each);
}

/** Keeps the reports of an open run, given in the order of the stream. @returns its pruner; undefined if it has none */
export function keepReports(
  reign: Reign,
  table: RunTable,
  trial: Trial,
  reports: readonly ReportRow[],
): JobPruner | undefined {
  const pruner = prunerOf(reign, table);
  if (!pruner || reports.length === 0 || !isOpen(trial)) return undefined;
  pruner.report(trial.n, reports);
  return pruner;
}

/** Run `n` has completed: others are compared with it, unless it is infeasible. */
export function keepCurve({ pruners }: Reign, { job, trials, feasibility }: RunTable, n: number, hpmax: number): void {
  const pruner = pruners.get(job);
  const trial = pruner && trials.glance(n);
  // A rejected result is judged as well, because it may be accepted again.
  if (trial && feasibility.isFeasible({ ...trial, ...trial.rejected })) pruner.completed(n, hpmax);
  else pruner?.forget(n);
}

/** Reports of a run have arrived, which may be its last. */
export function hearReports(reign: Reign, table: RunTable, trial: Trial, reports: readonly ReportRow[]): void {
  const pruner = keepReports(reign, table, trial, reports);
  // What a person has paused waits for that person.
  if (trial.status !== "running" || trial.order !== "") return;
  const verdict = pruner?.judge(trial.n);
  if (verdict) pruneRun(reign, table, trial, verdict);
}

/** Ends a running run as pruned, by the coordinator's own decision. */
export function pruneRun(
  reign: Reign,
  table: RunTable,
  trial: Trial,
  { reason, ...rest }: Pick<EndedWithout, "reason" | "iters" | "predicted">,
): void {
  const { job } = table;
  const { n } = trial;
  const { attempt, worker } = lastAttempt(trial);
  void reign.record({
    type: "ended",
    job,
    n,
    attempt,
    worker,
    outcome: "pruned",
    prunedBy: "rule",
    reason,
    ev: 0,
    ...rest,
  });
  reign.tellToRenew(worker);
}
