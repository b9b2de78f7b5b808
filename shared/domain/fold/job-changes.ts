import type { Goal } from "../goal.ts";
import { type Hyperparameter, settingText } from "../hyperparameter.ts";
import { rangeText } from "../ranges/range.ts";
import { isCheckpointLimit, type JobSettings, mostCheckpointBytes, mostRuns } from "../runspec/job-settings.ts";
import { didYouMean } from "../runspec/nearest-name.ts";
import { stopRuleText } from "../runspec/quantities.ts";
import { sizeText } from "../size-text.ts";
import type { JobChanges, JobSubmitted } from "./events.ts";
import { overRange, withValues } from "./grown-dials.ts";

export type Edited =
  | { readonly ok: true; readonly settings: JobSettings; readonly hyperparameters: readonly Hyperparameter[] }
  | { readonly ok: false; readonly problems: readonly string[] };

/**
 * A job's settings and hyperparameters after the changes, or everything that is wrong with the changes.
 *
 * @param started  choices made so far; added values are available from the next choice on
 */
export function editJob(submitted: JobSubmitted, started: number, changes: JobChanges): Edited {
  const problems: string[] = [];
  const { addValues = {}, addRanges = {}, ...settings } = changes;
  const bad = (name: string, value: unknown, expected: string): void => {
    problems.push(`${name} is ${String(value)}; expected ${expected}`);
  };
  const whole = (name: string, value: number | null | undefined, least: number): void => {
    if (typeof value === "number" && (!Number.isInteger(value) || value < least || value > mostRuns))
      bad(name, value, `a whole number from ${least} to 1,000,000`);
  };
  const above0 = (name: string, value: number | null | undefined, what: string): void => {
    if (typeof value === "number" && !(value > 0 && Number.isFinite(value))) bad(name, value, what);
  };
  whole("total_runs", settings.totalRuns, 1);
  whole("compute_nodes", settings.computeNodes, 1);
  whole("runs_per_node", settings.runsPerNode, 1);
  whole("retries", settings.retries, 0);
  whole("max_failures_in_a_row", settings.maxFailuresInARow, 1);
  whole("max_failures_at_start", settings.maxFailuresAtStart, 1);
  above0("priority", settings.priority, "a number above 0");
  const { checkpointLimit } = settings;
  if (checkpointLimit !== undefined && !isCheckpointLimit(checkpointLimit))
    bad("checkpoint_limit", checkpointLimit, `bytes from 1000 to ${mostCheckpointBytes}`);
  above0("grace", settings.graceSeconds, "seconds above 0");
  above0("max_run_time", settings.maxRunSeconds, "seconds above 0");
  above0("max_job_time", settings.maxJobSeconds, "seconds above 0");
  above0("deadline", settings.deadline, "a time");
  const names = submitted.hyperparameters.map(({ name }) => name);
  for (const name of new Set([...Object.keys(addRanges), ...Object.keys(addValues)])) {
    if (names.includes(name)) continue;
    const hint = didYouMean(name, names, `; it has ${names.join(", ") || "none"}`);
    problems.push(`the job has no hyperparameter "${name}"${hint}`);
  }
  const hyperparameters = submitted.hyperparameters.map((each) => {
    const range = Object.hasOwn(addRanges, each.name) ? addRanges[each.name] : undefined;
    const ranged = range ? overRange(each, range, started, problems) : each;
    const values = Object.hasOwn(addValues, each.name) ? (addValues[each.name] ?? []) : [];
    return values.length > 0 ? withValues(ranged, values, started, problems) : ranged;
  });
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, settings: { ...submitted.settings, ...settings }, hyperparameters };
}

/** One text for each change: "total_runs 800", "lr also 0.01". */
export function changesText(changes: JobChanges, goal: Goal): string[] {
  const { addValues = {}, addRanges = {}, stopWhen, deadline, maxRunSeconds, maxJobSeconds, ...numbers } = changes;
  const out: string[] = [];
  const say = (name: string, value: unknown): void => {
    if (value !== undefined) out.push(`${name} ${value === null ? "none" : String(value)}`);
  };
  say("total_runs", numbers.totalRuns);
  say("compute_nodes", numbers.computeNodes === null ? "all" : numbers.computeNodes);
  say("runs_per_node", numbers.runsPerNode === null ? "as many as slots" : numbers.runsPerNode);
  say("priority", numbers.priority);
  say("retries", numbers.retries);
  say("checkpoint_limit", numbers.checkpointLimit === undefined ? undefined : sizeText(numbers.checkpointLimit));
  say("grace", typeof numbers.graceSeconds === "number" ? `${numbers.graceSeconds} s` : numbers.graceSeconds);
  say("max_run_time", typeof maxRunSeconds === "number" ? `${maxRunSeconds} s` : maxRunSeconds);
  say("max_job_time", typeof maxJobSeconds === "number" ? `${maxJobSeconds} s` : maxJobSeconds);
  say("deadline", typeof deadline === "number" ? new Date(deadline).toISOString() : deadline);
  say("stop_when", stopWhen ? stopRuleText(stopWhen, goal) : stopWhen);
  say("max_failures_in_a_row", numbers.maxFailuresInARow === null ? "never" : numbers.maxFailuresInARow);
  say("max_failures_at_start", numbers.maxFailuresAtStart === null ? "never" : numbers.maxFailuresAtStart);
  for (const [name, range] of Object.entries(addRanges)) out.push(`${name} over ${rangeText(range)}`);
  for (const [name, values] of Object.entries(addValues))
    out.push(`${name} also ${values.map((value) => settingText(value)).join(", ")}`);
  return out;
}
