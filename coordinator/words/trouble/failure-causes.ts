import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { lastAttempt } from "../../../shared/domain/fold/trial.ts";
import { printable } from "../../../shared/domain/printable.ts";

/** Failures of one cause, whichever runs and workers had them. */
export interface FailureCause {
  /** The reason of the newest failure, as it was told. */
  readonly reason: string;
  readonly count: number;
  /** Wall clock. */
  readonly firstAt: number;
  readonly lastAt: number;
  /** Number of the trial with the newest failure. */
  readonly newest: number;
}

/** Why runs of a job failed or took too long, the most frequent cause first. */
export function failureCauses(table: RunTable): FailureCause[] {
  const byCause = new Map<string, FailureCause>();
  for (const trial of table.trials.glanceKept()) {
    if (trial.status !== "failed" && trial.status !== "timed out") continue;
    const { n, endedAt, reason } = trial;
    const key = causeOf(reason, lastAttempt(trial).worker);
    const known = byCause.get(key) ?? { reason, count: 0, firstAt: endedAt, lastAt: 0, newest: 0 };
    const isNewest = endedAt >= known.lastAt;
    byCause.set(key, {
      reason: isNewest ? printable(reason) : known.reason,
      count: known.count + 1,
      firstAt: Math.min(known.firstAt, endedAt),
      lastAt: Math.max(known.lastAt, endedAt),
      newest: isNewest ? n : known.newest,
    });
  }
  return [...byCause.values()].sort((a, b) => b.count - a.count || b.lastAt - a.lastAt);
}

/** The reason without what differs from run to run: the worker, amounts, addresses. An exit code stays. */
const causeOf = (reason: string, worker: string): string =>
  reason.replaceAll(worker, "a worker").replace(/0x[\da-f]+|\d+\.\d+|\d{4,}/gi, "#");

export const failuresOf = ({ outcomes }: RunTable): number => outcomes.failed + outcomes["timed out"];
