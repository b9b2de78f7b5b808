import { type JobStateName, ownDecision } from "../../../shared/domain/fold/events.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { StopRule } from "../../../shared/domain/runspec/job-settings.ts";
import type { Reign } from "../reign/reign.ts";

/** Ends a job that has no open trial and may start no more. */
export function closeIfDone(reign: Reign, table: RunTable): void {
  if (table.isOver || table.open > 0) return;
  const end = endOf(table);
  if (!end) return;
  move(reign, table, end.state, end.reason);
}

const move = (reign: Reign, { job }: RunTable, state: JobStateName, reason: string): void =>
  void reign.record({ type: "job-state", job, state, reason, ...ownDecision });

/** What becomes of a job without open trials; undefined: it goes on. */
function endOf(table: RunTable): { readonly state: JobStateName; readonly reason: string } | undefined {
  const { totalRuns, hold } = table.submitted.settings;
  if (table.state === "cancelling") return { state: "cancelled", reason: table.reason };
  const over = hold ? "held" : "completed";
  if (table.ended >= totalRuns) {
    const lowered = table.ended > totalRuns ? `; total_runs was lowered to ${totalRuns}` : "";
    return {
      state: over,
      reason: `${table.ended === 1 ? "its only run has" : `all ${table.ended} runs have`} ended${lowered}`,
    };
  }
  if (table.state === "stopping") return { state: over, reason: table.reason };
  if (table.state === "draining") {
    return {
      state: "paused",
      reason: `${table.reason}; nothing runs any more; to search on: nexus resume ${table.job}`,
    };
  }
  return undefined;
}

/** Stops a search that has nothing left to try, since every configuration has failed too often. */
export function stopExhausted(reign: Reign, table: RunTable): void {
  if (table.state !== "searching") return;
  move(reign, table, "stopping", "every configuration that is left has failed too often");
}

/** After an edit, continues a search that the coordinator itself had stopped by one of its rules. */
export function goOnIfLifted(reign: Reign, table: RunTable, user: string): void {
  if (table.state !== "stopping" || table.stateActor !== "coordinator") return;
  move(reign, table, "searching", `changed by ${user}`);
}

/** Stops a search whose stop_when holds, or whose time is over. */
export function stopIfReached(reign: Reign, table: RunTable): void {
  if (table.state !== "searching") return;
  const reason = reached(table, reign.ports.clock.wall(), reign.ages.of(table));
  if (reason !== undefined) move(reign, table, "stopping", reason);
}

function reached(table: RunTable, now: number, ageMs: number): string | undefined {
  const { stopWhen, deadline, maxJobSeconds } = table.submitted.settings;
  if (deadline !== null && now >= deadline) return `the deadline ${new Date(deadline).toISOString()} has passed`;
  if (maxJobSeconds !== null && ageMs >= maxJobSeconds * 1000) {
    return `max_job_time is over: ${maxJobSeconds} s since it was submitted`;
  }
  if (stopWhen === null || !holds(stopWhen, table, ageMs)) return undefined;
  return `stop_when is reached: ${stopWhen.name} ${stopWhen.op} ${stopWhen.value}`;
}

function holds(rule: StopRule, table: RunTable, ageMs: number): boolean {
  const value = {
    hpmax: table.runSets.best()?.mean ?? Number.NaN,
    best_for: table.runSets.bestFor(),
    runs: table.ended,
    hours: ageMs / 3_600_000,
  }[rule.name];
  return comparisons[rule.op](value, rule.value);
}

const comparisons: Readonly<Record<StopRule["op"], (a: number, b: number) => boolean>> = {
  ">=": (a, b) => a >= b,
  ">": (a, b) => a > b,
  "<=": (a, b) => a <= b,
  "<": (a, b) => a < b,
};
