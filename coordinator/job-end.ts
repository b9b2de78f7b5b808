import type { RunTable } from "../shared/domain/run-table.ts";
import type { StopRule } from "../shared/domain/spec.ts";
import type { Reign } from "./reign.ts";

/** Ends a job in which nothing is open and nothing more may start. */
export function closeIfDone(reign: Reign, table: RunTable): void {
  if (table.isOver || table.open > 0) return;
  const { totalRuns, hold } = table.submitted.settings;
  const all = table.ended >= totalRuns;
  if (!all && table.state !== "stopping") return;
  const reason = all ? `all ${totalRuns} runs have ended` : table.reason;
  const state = hold ? "held" : "completed";
  const { job } = table;
  void reign.record({ type: "job-state", job, state, reason, by: "coordinator", op: "", at: reign.ports.clock.wall() });
}

/** Ends a search that has nothing left to try: every configuration has failed too often. */
export function stopExhausted(reign: Reign, table: RunTable): void {
  if (table.state !== "searching") return;
  const { job } = table;
  const reason = "every configuration that is left has failed too often";
  const at = reign.ports.clock.wall();
  void reign.record({ type: "job-state", job, state: "stopping", reason, by: "coordinator", op: "", at });
  closeIfDone(reign, table);
}

/** Starts nothing more once the job's stop_when holds. */
export function stopIfReached(reign: Reign, table: RunTable): void {
  const rule = table.submitted.settings.stopWhen;
  if (rule === null || table.state !== "searching") return;
  const now = reign.ports.clock.wall();
  if (!holds(rule, table, now)) return;
  const reason = `stop_when is reached: ${rule.name} ${rule.op} ${rule.value}`;
  const { job } = table;
  void reign.record({ type: "job-state", job, state: "stopping", reason, by: "coordinator", op: "", at: now });
}

function holds(rule: StopRule, table: RunTable, now: number): boolean {
  const value = {
    hpmax: table.runSets.best()?.mean ?? Number.NaN,
    best_for: table.runSets.bestFor(),
    runs: table.ended,
    hours: (now - table.submitted.at) / 3_600_000,
  }[rule.name];
  switch (rule.op) {
    case ">=":
      return value >= rule.value;
    case ">":
      return value > rule.value;
    case "<=":
      return value <= rule.value;
    case "<":
      return value < rule.value;
    default: {
      const never: never = rule.op;
      throw new RangeError(`unknown comparison ${String(never)}`);
    }
  }
}
