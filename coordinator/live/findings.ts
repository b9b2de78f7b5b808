import { completedRuns } from "../../shared/domain/evaluation/completed-runs.ts";
import { evaluate } from "../../shared/domain/evaluation/evaluated.ts";
import type { HistoryRow } from "../../shared/domain/evaluation/history.ts";
import type { Verdict } from "../../shared/domain/evaluation/verdict.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import { configurationKey } from "../../shared/domain/hyperparameter.ts";
import type { JobName } from "../../shared/domain/names.ts";

/** What `nexus eval` and `nexus plot summary` say of a search, at some moment of it. Plain data: a thread makes it. */
export interface Findings {
  readonly job: JobName;
  /** The job's own completed runs, on which the findings rest. */
  readonly completed: number;
  /** All feasible completed runs at that moment, those of earlier searches included. */
  readonly counted: number;
  readonly verdict: Omit<Verdict, "estimates">;
  /** `configurationKey` of the verdict's leader. */
  readonly leader: string;
  /** Which configuration led when, the oldest first. */
  readonly rows: readonly HistoryRow[];
  /** Some of the completed runs, evenly chosen. */
  readonly dots: readonly { readonly x: number; readonly y: number }[];
}

const mostDots = 300;

/** Whether there is something to find: more than one configuration, and a result. */
export const isEvaluable = ({ submitted: { settings, hyperparameters }, runSets }: RunTable): boolean =>
  settings.hpTuning !== false && hyperparameters.some(({ values }) => values.length > 1) && runSets.best() !== null;

/** Null if there is nothing to find. Takes part of a second, seconds for ten thousand runs. */
export function findingsOf(table: RunTable): Findings | null {
  const found = isEvaluable(table) ? evaluate(table) : null;
  if (!found) return null;
  const { estimates: _, ...verdict } = found.verdict;
  const { hpmax } = completedRuns(table);
  const step = Math.max(1, hpmax.length / mostDots);
  return {
    job: table.job,
    completed: found.history.completed,
    counted: table.runSets.totals.completed,
    verdict,
    leader: configurationKey(verdict.leader),
    rows: found.history.rows,
    dots: Array.from({ length: Math.min(hpmax.length, mostDots) }, (_, i) => {
      const at = Math.floor(i * step);
      return { x: at + 1, y: hpmax[at] ?? Number.NaN };
    }),
  };
}
