import { type JobChanged, ownDecision } from "../../../shared/domain/fold/events.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { StopRule } from "../../../shared/domain/runspec/job-settings.ts";
import { stopRuleText } from "../../../shared/domain/runspec/quantities.ts";
import type { BestsSoFar } from "../reign/bests-so-far.ts";
import type { Reign } from "../reign/reign.ts";
import { startFailing } from "./first-failures.ts";
import { pauseWords } from "./pause-words.ts";

/** Characters of a run's own words in the reason for which its job pauses. */
const mostCause = 120;

/** Ends a job that has no open trial and may start no more. */
export function closeIfDone(reign: Reign, table: RunTable): void {
  if (table.isOver || table.open > 0) return;
  const end = endOf(table);
  if (end) move(reign, table, end);
}

type Move = Pick<JobChanged, "state" | "reason" | "cause" | "told">;

function move(reign: Reign, { job }: RunTable, to: Move): void {
  void reign.record({ type: "job-state", job, ...to, ...ownDecision });
}

/** What becomes of a job without open trials; undefined: it continues. */
function endOf(table: RunTable): Move | undefined {
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
    const words = pauseWords(table.job, table.reason, ["nothing runs any more"], "to search on");
    return { state: "paused", cause: "drained", ...words };
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
  move(reign, table, { state: "stopping", reason });
}

/** After an edit, continues a search that the coordinator itself had stopped by one of its rules. */
export function goOnIfLifted(reign: Reign, table: RunTable, user: string): void {
  if (table.state !== "stopping" || table.stateActor !== "coordinator") return;
  move(reign, table, { state: "searching", reason: `changed by ${user}` });
}

/**
 * Stops a search whose stop_when holds; pauses one whose runs do nothing but fail. One whose time is over is stopped even if the
 * coordinator itself has paused it: whoever waits for its end would wait for ever. A person's pause lasts.
 */
export function stopIfReached(reign: Reign, table: RunTable): void {
  const isSearching = table.state === "searching";
  if (!isSearching && (table.state !== "paused" || table.stateActor !== "coordinator")) return;
  const reason = timeOver(table, reign) ?? (isSearching ? reached(table, reign) : undefined);
  if (reason !== undefined) {
    move(reign, table, { state: "stopping", reason });
    return;
  }
  if (!isSearching) return;
  const failing = failsAgainAndAgain(table) ? failingWords(table) : startFailing(reign, table);
  if (failing) move(reign, table, { state: "paused", cause: "failures", ...failing });
}

/** A machine was at fault for failures, which are taken back: a search that paused for them goes on. */
export function goOnIfMachineFailed(reign: Reign, table: RunTable, why: string): void {
  if (table.pauseCause !== "failures" || isRowFull(table)) return;
  const reason = `the runs that had failed in a row go to other machines: ${why}`;
  move(reign, table, { state: "searching", reason });
}

/** A rule about the same in stop_when takes the place of max_failures_in_a_row. The last runs of a job are not worth a pause. */
function failsAgainAndAgain(table: RunTable): boolean {
  return table.submitted.settings.stopWhen?.name !== "failures_in_a_row" && isRowFull(table) && table.hasRoom;
}

const isRowFull = ({ submitted, failingRow }: RunTable): boolean =>
  failingRow.size >= (submitted.settings.maxFailuresInARow ?? Number.POSITIVE_INFINITY);

function failingWords(table: RunTable): ReturnType<typeof pauseWords> {
  const { job, failingRow } = table;
  const last = table.trial([...failingRow].at(-1) ?? 0);
  const [cause = ""] = last?.reason.split("\n", 1) ?? [];
  const said = cause === "" ? "" : `: ${cause.slice(0, mostCause)}`;
  const details = last ? [`${last.run} was the last${said}`, `to see why: nexus view console ${last.run}`] : [];
  const row = failingRow.size === 1 ? "a run has failed" : `${failingRow.size} runs in a row have failed`;
  return pauseWords(job, `${row} (max_failures_in_a_row)`, details, "when fixed");
}

function timeOver(table: RunTable, { ages, ports }: Reign): string | undefined {
  const { deadline, maxJobSeconds } = table.submitted.settings;
  if (deadline !== null && ports.clock.wall() >= deadline) {
    return `the deadline ${new Date(deadline).toISOString()} has passed`;
  }
  if (maxJobSeconds !== null && ages.of(table) >= maxJobSeconds * 1000) {
    return `max_job_time is over: ${maxJobSeconds} s since it was submitted`;
  }
  return undefined;
}

function reached(table: RunTable, { ages, bests }: Reign): string | undefined {
  const { stopWhen } = table.submitted.settings;
  if (stopWhen === null || !holds(stopWhen, table, ages.of(table), bests)) return undefined;
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
