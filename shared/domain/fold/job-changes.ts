import { type Hyperparameter, type Setting, settingText } from "../hyperparameter.ts";
import { type JobSettings, mostRuns } from "../runspec/job-settings.ts";
import { didYouMean } from "../runspec/nearest-name.ts";
import type { JobChanges, JobSubmitted } from "./events.ts";

/** Values of one hyperparameter: a neighbourhood contains all values of an unordered one. */
const mostValues = 10_000;

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
  const { addValues = {}, ...settings } = changes;
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
  above0("priority", settings.priority, "a number above 0");
  above0("max_run_time", settings.maxRunSeconds, "seconds above 0");
  above0("max_job_time", settings.maxJobSeconds, "seconds above 0");
  above0("deadline", settings.deadline, "a time");
  const names = submitted.hyperparameters.map(({ name }) => name);
  for (const name of Object.keys(addValues)) {
    if (names.includes(name)) continue;
    const hint = didYouMean(name, names, `; it has ${names.join(", ") || "none"}`);
    problems.push(`the job has no hyperparameter "${name}"${hint}`);
  }
  const hyperparameters = submitted.hyperparameters.map((each) =>
    Object.hasOwn(addValues, each.name) ? grown(each, addValues[each.name] ?? [], started, problems) : each,
  );
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, settings: { ...submitted.settings, ...settings }, hyperparameters };
}

/** The hyperparameter with more values; the existing ones keep their positions. */
function grown(
  hyperparameter: Hyperparameter,
  added: readonly Setting[],
  started: number,
  problems: string[],
): Hyperparameter {
  const { name, ordered, values } = hyperparameter;
  const all = [...values];
  for (const value of added) {
    if (all.includes(value)) problems.push(`${name} already has the value ${settingText(value)}`);
    else if (typeof value === "number" && !Number.isFinite(value)) problems.push(`${name}: ${value} is not a value`);
    else all.push(value);
  }
  if (all.length > mostValues) problems.push(`${name} would have ${all.length} values; at most ${mostValues}`);
  if (all.length === values.length) return hyperparameter;
  const growth = [...(hyperparameter.grown ?? []), { from: values.length, after: started }];
  const more = { ...hyperparameter, values: all, grown: growth };
  return ordered ? { ...more, dial: dialWith(hyperparameter, all) } : more;
}

/**
 * Positions in `values` in the order of the dial. If the dial holds numbers that only rise or only fall, an added number goes
 * between its neighbours; otherwise added values come after all others, in the order given.
 */
function dialWith(before: Hyperparameter, values: readonly Setting[]): number[] {
  const dial = [...(before.dial ?? before.values.keys())];
  for (let position = before.values.length; position < values.length; position += 1) {
    const value = values[position];
    const numbers = dial.map((each) => values[each]);
    const sign = direction(numbers);
    const at =
      sign === 0 || typeof value !== "number"
        ? -1
        : numbers.findIndex((each) => typeof each === "number" && (each - value) * sign > 0);
    dial.splice(at < 0 ? dial.length : at, 0, position);
  }
  return dial;
}

/** 1 for rising numbers or a single one, -1 for falling numbers, 0 for anything else. */
function direction(values: readonly (Setting | undefined)[]): -1 | 0 | 1 {
  if (!values.every((value) => typeof value === "number")) return 0;
  const isRising = values.every((value, i) => i === 0 || value > (values[i - 1] ?? Number.NaN));
  const isFalling = values.every((value, i) => i === 0 || value < (values[i - 1] ?? Number.NaN));
  return isRising ? 1 : isFalling ? -1 : 0;
}

/** One text for each change: "total_runs 800", "lr also 0.01". */
export function changesText(changes: JobChanges): string[] {
  const { addValues = {}, stopWhen, deadline, maxRunSeconds, maxJobSeconds, ...numbers } = changes;
  const out: string[] = [];
  const say = (name: string, value: unknown): void => {
    if (value !== undefined) out.push(`${name} ${value === null ? "none" : String(value)}`);
  };
  say("total_runs", numbers.totalRuns);
  say("compute_nodes", numbers.computeNodes === null ? "all" : numbers.computeNodes);
  say("runs_per_node", numbers.runsPerNode === null ? "as many as slots" : numbers.runsPerNode);
  say("priority", numbers.priority);
  say("retries", numbers.retries);
  say("max_run_time", typeof maxRunSeconds === "number" ? `${maxRunSeconds} s` : maxRunSeconds);
  say("max_job_time", typeof maxJobSeconds === "number" ? `${maxJobSeconds} s` : maxJobSeconds);
  say("deadline", typeof deadline === "number" ? new Date(deadline).toISOString() : deadline);
  say("stop_when", stopWhen ? `${stopWhen.name} ${stopWhen.op} ${stopWhen.value}` : stopWhen);
  for (const [name, values] of Object.entries(addValues))
    out.push(`${name} also ${values.map((value) => settingText(value)).join(", ")}`);
  return out;
}
