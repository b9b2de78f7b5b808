import { type JobStateName, ownDecision } from "../../../shared/domain/fold/events.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { StopRule } from "../../../shared/domain/runspec/job-settings.ts";
import { stopRuleText } from "../../../shared/domain/runspec/quantities.ts";
import type { BestsSoFar } from "../reign/bests-so-far.ts";
import type { Reign } from "../reign/reign.ts";
import { startFailing } from "./first-failures.ts";

/** Characters of a run's own words in the reason for which its job pauses. */
const mostCause = 120;

/** Ends a job that has no open trial and may start no more. */
export function closeIfDone(reign: Reign, table: RunTable): void {
  if (table.isOver || table.open > 0) return;
  const end = endOf(table);
  if (!end) return;
  move(reign, table, end.state, end.reason);
}

function move(reign: Reign, { job, state: was }: RunTable, state: JobStateName, reason: string): void {
  const cause = was === "draining" ? "drained" : "failures";
  void reign.record({ type: "job-state", job, state, reason, ...(state === "paused" && { cause }), ...ownDecision });
}

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

/**
 * Stops a search that has nothing left to try.
 *
 * @param once  why no configuration runs twice; null if every one that is left has failed too often
 */
export function stopExhausted(reign: Reign, table: RunTable, once: string | null): void {
  if (table.state !== "searching") return;
  const reason =
    once === null
      ? "every configuration that is left has failed too often"
      : `every configuration has been tried, and none runs twice: ${once}`;
  move(reign, table, "stopping", reason);
}

/** After an edit, continues a search that the coordinator itself had stopped by one of its rules. */
export function goOnIfLifted(reign: Reign, table: RunTable, user: string): void {
  if (table.state !== "stopping" || table.stateActor !== "coordinator") return;
  move(reign, table, "searching", `changed by ${user}`);
}

/** Stops a search whose stop_when holds, or whose time is over; pauses one whose runs do nothing but fail. */
export function stopIfReached(reign: Reign, table: RunTable): void {
  if (table.state !== "searching") return;
  const reason = reached(table, reign);
  if (reason !== undefined) {
    move(reign, table, "stopping", reason);
    return;
  }
  const failing = failsAgainAndAgain(table) ? failingReason(table) : startFailing(reign, table);
  if (failing !== undefined) move(reign, table, "paused", failing);
}

/** A machine was at fault for failures, which are taken back: a search that paused for them goes on. */
export function goOnIfMachineFailed(reign: Reign, table: RunTable, why: string): void {
  if (table.pauseCause !== "failures" || isRowFull(table)) return;
  move(reign, table, "searching", `the runs that had failed in a row go to other machines: ${why}`);
}

/** A rule about the same in stop_when takes the place of max_failures_in_a_row. The last runs of a job are not worth a pause. */
function failsAgainAndAgain(table: RunTable): boolean {
  return table.submitted.settings.stopWhen?.name !== "failures_in_a_row" && isRowFull(table) && table.hasRoom;
}

const isRowFull = ({ submitted, failingRow }: RunTable): boolean =>
  failingRow.size >= (submitted.settings.maxFailuresInARow ?? Number.POSITIVE_INFINITY);

function failingReason(table: RunTable): string {
  const { job, failingRow } = table;
  const last = table.trial([...failingRow].at(-1) ?? 0);
  const [cause = ""] = last?.reason.split("\n", 1) ?? [];
  const how = last ? `; ${last.run} was the last${cause === "" ? "" : `: ${cause.slice(0, mostCause)}`}` : "";
  const look = last ? `to see why: nexus view console ${last.run}; ` : "";
  const row = failingRow.size === 1 ? "a run has failed" : `${failingRow.size} runs in a row have failed`;
  return `${row} (max_failures_in_a_row)${how}; ${look}when fixed: nexus resume ${job}`;
}

function reached(table: RunTable, { ages, bests, ports }: Reign): string | undefined {
  const now = ports.clock.wall();
  const ageMs = ages.of(table);
  const { stopWhen, deadline, maxJobSeconds } = table.submitted.settings;
  if (deadline !== null && now >= deadline) return `the deadline ${new Date(deadline).toISOString()} has passed`;
  if (maxJobSeconds !== null && ageMs >= maxJobSeconds * 1000) {
    return `max_job_time is over: ${maxJobSeconds} s since it was submitted`;
  }
  if (stopWhen === null || !holds(stopWhen, table, ageMs, bests)) return undefined;
  return `stop_when is reached: ${stopRuleText(stopWhen, table.goal)}`;
}

function holds(rule: StopRule, table: RunTable, ageMs: number, bests: BestsSoFar): boolean {
  return comparisons[rule.op](amountOf(rule, table, ageMs, bests), rule.value);
}

function amountOf({ name }: StopRule, table: RunTable, ageMs: number, bests: BestsSoFar): number {
  switch (name) {
    case "hpmax":
      return bests.of(table).mean;
    case "best_for":
      return bests.of(table).bestFor;
    case "runs":
      return table.ended;
    case "failures_in_a_row":
      return table.failingRow.size;
    case "hours":
      return ageMs / 3_600_000;
    default: {
      const never: never = name;
      throw new RangeError(`no stop rule about ${String(never)}`);
    }
  }
}

const comparisons: Readonly<Record<StopRule["op"], (a: number, b: number) => boolean>> = {
  ">=": (a, b) => a >= b,
  ">": (a, b) => a > b,
  "<=": (a, b) => a <= b,
  "<": (a, b) => a < b,
};
