import type { JobChanges } from "../../../shared/domain/fold/events.ts";
import { changesText, editJob } from "../../../shared/domain/fold/job-changes.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { type Goal, maximised } from "../../../shared/domain/goal.ts";
import {
  type Hyperparameter,
  infinityIn,
  type Range,
  rangeScales,
  type Setting,
} from "../../../shared/domain/hyperparameter.ts";
import { isLog } from "../../../shared/domain/ranges/range.ts";
import { isCheckpointLimit } from "../../../shared/domain/runspec/job-settings.ts";
import {
  parseBytes,
  parseInstant,
  parseStopRule,
  typedSeconds,
  typedSecondsForms,
} from "../../../shared/domain/runspec/quantities.ts";
import { nearestScale, rangeProblems } from "../../../shared/domain/runspec/range-line.ts";
import { UsageError } from "../../../shared/errors.ts";
import { newOrderId } from "../../operator/give-order.ts";
import { ordering, type Session } from "../../operator/session.ts";
import { checkStages } from "../submit/check-stages.ts";
import { agreed, type ControlOptions, giveAll } from "./control.ts";
import { checkWords, namedTargets } from "./control-targets.ts";

export interface EditOptions extends ControlOptions {
  readonly totalRuns?: string | undefined;
  readonly computeNodes?: string | undefined;
  readonly runsPerNode?: string | undefined;
  readonly priority?: string | undefined;
  readonly retries?: string | undefined;
  readonly checkpointLimit?: string | undefined;
  readonly grace?: string | undefined;
  readonly maxRunTime?: string | undefined;
  readonly maxJobTime?: string | undefined;
  readonly deadline?: string | undefined;
  readonly stopWhen?: string | undefined;
  readonly maxFailuresInARow?: string | undefined;
  readonly maxFailuresAtStart?: string | undefined;
  readonly addValue?: readonly string[] | undefined;
  readonly addRange?: readonly string[] | undefined;
}

/** `nexus edit job3 --total-runs 800 --add-value lr=0.01`. */
export async function editJobs(session: Session, words: readonly string[], options: EditOptions): Promise<void> {
  const { flags } = session.scope;
  const { name: workspace } = session.scope.paths;
  // Checked before connecting: most mistakes are in the words.
  changesOf(options, [], Date.now(), null);
  checkWords(words, (each, state) => namedTargets(each, state, workspace, flags));
  await ordering(session, async (reader) => {
    const tables = namedTargets(words, reader.state, workspace, flags).map((named) => {
      if (named.kind === "job") return named.table;
      const name = named.kind === "worker" ? named.worker : named.trials[0]?.run;
      throw new UsageError(`${name} cannot be edited; expected a job such as job1`);
    });
    const orders = tables.map((table) => {
      const changes = changesOf(options, table.submitted.hyperparameters, Date.now(), table.goal);
      return { table, order: { kind: "edit", op: newOrderId(), job: table.job, changes } as const };
    });
    for (const { table, order } of orders) {
      const { file, text, sources, commandLine } = table.submitted;
      const added = newValues(table, order.changes);
      if (added) await checkStages({ file, text, sources, commandLine, added }, "nothing was changed", session.output);
    }
    const effects = orders.flatMap(({ table, order }) => lasting(table, order.changes));
    if (!(await agreed(session, { verb: "edit", effects, isGrave: false, ...options }))) return;
    const named = orders.map(({ table, order }) => ({ name: table.job, order }));
    await giveAll(reader, named, options);
  });
}

/** The changes that a later edit cannot undo, or that end the search: the command asks about those. */
function lasting(table: RunTable, changes: JobChanges): string[] {
  const effects: string[] = [];
  const begun = table.ended + table.open;
  if (changes.totalRuns !== undefined && changes.totalRuns <= begun) {
    const after = `${table.ended} have ended and ${table.open} are open: no run starts any more, the open ones are finished`;
    effects.push(`${table.job}: total_runs ${changes.totalRuns}; ${after}`);
  }
  const { addValues, addRanges } = changes;
  if (addRanges)
    effects.push(
      `${table.job}: ${changesText({ addRanges }, table.goal).join(", ")}; a range cannot be made narrower again`,
    );
  if (addValues)
    effects.push(`${table.job}: ${changesText({ addValues }, table.goal).join(", ")}; values cannot be removed`);
  return effects;
}

/** The values that the changes add, by hyperparameter. Undefined if none, or if the coordinator will refuse them. */
function newValues(table: RunTable, changes: JobChanges): Record<string, readonly Setting[]> | undefined {
  if (!changes.addValues && !changes.addRanges) return undefined;
  const edited = editJob(table.submitted, table.trials.length, changes);
  if (!edited.ok) return undefined;
  const before = table.submitted.hyperparameters;
  return Object.fromEntries(
    edited.hyperparameters.map(({ name, values }, i) => [name, values.slice(before[i]?.values.length ?? 0)]),
  );
}

/**
 * The changes that the options ask for.
 *
 * @param hyperparameters  the job's, whose values show how to read a new one; may be empty
 * @param goal             the job's; null: not known yet
 * @throws UsageError that says what an option may be
 */
export function changesOf(
  options: EditOptions,
  hyperparameters: RunTable["submitted"]["hyperparameters"],
  now: number,
  goal: Goal | null = maximised,
): JobChanges {
  const changes: { -readonly [K in keyof JobChanges]: JobChanges[K] } = {};
  const { totalRuns, computeNodes, runsPerNode, priority, retries, maxRunTime, maxJobTime, deadline, stopWhen } =
    options;
  if (totalRuns !== undefined) changes.totalRuns = whole("--total-runs", totalRuns, 1);
  if (computeNodes !== undefined)
    changes.computeNodes = orNone("all", computeNodes, (text) => whole("--compute-nodes", text, 1, "all"));
  if (runsPerNode !== undefined)
    changes.runsPerNode = orNone("all", runsPerNode, (text) => whole("--runs-per-node", text, 1, "all"));
  if (priority !== undefined) changes.priority = positive("--priority", priority);
  if (retries !== undefined) changes.retries = whole("--retries", retries, 0);
  const { checkpointLimit, grace } = options;
  if (checkpointLimit !== undefined) changes.checkpointLimit = size("--checkpoint-limit", checkpointLimit);
  if (grace !== undefined) changes.graceSeconds = orNone("none", grace, (text) => span("--grace", text));
  if (maxRunTime !== undefined)
    changes.maxRunSeconds = orNone("none", maxRunTime, (text) => span("--max-run-time", text));
  if (maxJobTime !== undefined)
    changes.maxJobSeconds = orNone("none", maxJobTime, (text) => span("--max-job-time", text));
  if (deadline !== undefined) changes.deadline = orNone("none", deadline, (text) => instant(text, now));
  if (stopWhen !== undefined) {
    changes.stopWhen = orNone("none", stopWhen, (text) => {
      const rule = parseStopRule(text, goal);
      if (rule) return rule;
      throw new UsageError(
        `--stop-when is "${text}"; expected a rule such as "${goal?.isLow ? `${goal.name} <=` : "hpmax >="} 0.05" or "best_for > 200", or none`,
      );
    });
  }
  const { maxFailuresInARow, maxFailuresAtStart } = options;
  const orNever = (option: string, text: string): number | null =>
    orNone("never", text, (typed) => whole(option, typed, 1, "never"));
  if (maxFailuresInARow !== undefined)
    changes.maxFailuresInARow = orNever("--max-failures-in-a-row", maxFailuresInARow);
  if (maxFailuresAtStart !== undefined)
    changes.maxFailuresAtStart = orNever("--max-failures-at-start", maxFailuresAtStart);
  const added = (options.addValue ?? []).map((text) => addedValue(text, hyperparameters));
  if (added.length > 0) {
    const addValues: Record<string, Setting[]> = {};
    for (const { name, value } of added) addValues[name] = [...(addValues[name] ?? []), value];
    changes.addValues = addValues;
  }
  const ranges = (options.addRange ?? []).map((text) => addedRange(text, hyperparameters));
  if (ranges.length > 0) changes.addRanges = Object.fromEntries(ranges.map(({ name, range }) => [name, range]));
  if (Object.keys(changes).length === 0)
    throw new UsageError("nothing to change; to see what can be: nexus edit --help");
  return changes;
}

const orNone = <T>(none: string, text: string, read: (text: string) => T): T | null =>
  text === none ? null : read(text);

function whole(option: string, text: string, least: number, none?: string): number {
  if (/^\d{1,7}$/.test(text) && Number(text) >= least && Number(text) <= 1_000_000) return Number(text);
  const orAll = none === undefined ? "" : `, or ${none}`;
  throw new UsageError(`${option} is "${text}"; expected a whole number from ${least} to 1,000,000${orAll}`);
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value > 0 && Number.isFinite(value)) return value;
  throw new UsageError(`${option} is "${text}"; expected a number above 0; 2 gets twice the share of 1`);
}

function size(option: string, text: string): number {
  const bytes = parseBytes(/^\d+$/.test(text) ? Number(text) : text);
  if (bytes !== undefined && isCheckpointLimit(bytes)) return bytes;
  throw new UsageError(`${option} is "${text}"; expected a size from "1 KB" to "64 GiB", such as "2 GB"`);
}

function span(option: string, text: string): number {
  const seconds = typedSeconds(text) ?? 0;
  if (seconds > 0) return seconds;
  throw new UsageError(`${option} is "${text}"; expected a time such as ${typedSecondsForms}, or none`);
}

/** `2026-12-01T18:00Z`, `2026-12-01 18:00` of this machine's clock, `18:00` (the next), `+8h`. */
function instant(text: string, now: number): number {
  const zoned = parseInstant(text);
  if (zoned !== undefined) return zoned;
  const [, day, time] = /^(?:(\d{4}-\d\d-\d\d)[T ])?(\d\d:\d\d(?::\d\d)?)$/.exec(text.trim()) ?? [];
  if (day !== undefined) {
    const at = new Date(`${day}T${time}`).getTime();
    // Checked in UTC, so that a day that does not exist is refused in every zone.
    if (!Number.isNaN(at) && parseInstant(`${day}T${time}Z`) !== undefined) return at;
  } else if (time !== undefined) {
    const [hours = 0, minutes = 0, seconds = 0] = time.split(":").map(Number);
    const at = new Date(now);
    at.setHours(hours, minutes, seconds, 0);
    if (at.getTime() <= now) at.setDate(at.getDate() + 1);
    if (hours < 24 && minutes < 60 && seconds < 60) return at.getTime();
  } else if (text.startsWith("+")) {
    const seconds = typedSeconds(text.slice(1)) ?? 0;
    if (seconds > 0) return now + seconds * 1000;
  }
  const forms = '2026-12-01T18:00Z, "2026-12-01 18:00" (of this machine\'s clock), 18:00, +8h, or none';
  throw new UsageError(`--deadline is "${text}"; expected a time such as ${forms}`);
}

/** `lr=0.01`; the value is text if it is quoted, or if all values of the hyperparameter are text. */
function addedValue(
  text: string,
  hyperparameters: RunTable["submitted"]["hyperparameters"],
): { readonly name: string; readonly value: Setting } {
  const at = text.indexOf("=");
  if (at <= 0 || at === text.length - 1) {
    throw new UsageError(`--add-value is "${text}"; expected a hyperparameter and a value, such as lr=0.01`);
  }
  const name = text.slice(0, at);
  const typed = text.slice(at + 1);
  const quoted = /^(["'])(.*)\1$/s.exec(typed)?.[2];
  const values = hyperparameters.find((each) => each.name === name)?.values ?? [];
  const isText = values.length > 0 && values.every((value) => typeof value === "string");
  if (quoted !== undefined || isText) return { name, value: quoted ?? typed };
  const words: Record<string, Setting> = { true: true, false: false, null: null };
  if (Object.hasOwn(words, typed)) return { name, value: words[typed] ?? null };
  const number = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(typed) ? Number(typed) : Number.NaN;
  return { name, value: Number.isFinite(number) ? number : (infinityIn(typed) ?? typed) };
}

const number = String.raw`[-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:e[-+]?\d+)?`;
const form = new RegExp(String.raw`^([^=]+)=(${number})\.\.(${number})(?::([\w-]+)(,zero)?)?$`, "i");

/**
 * `lr=1e-5..1e-2:log`, `clip=0.1..100:log,zero`, `lr=1e-6..1e-1`.
 *
 * @param hyperparameters  the job's: a widened range keeps its scale unless one is named, and its 0 on a log scale
 * @throws UsageError that says what the option may be
 */
function addedRange(
  text: string,
  hyperparameters: readonly Hyperparameter[],
): { readonly name: string; readonly range: Range } {
  const [, name, from, to, word, zero] = form.exec(text.trim()) ?? [];
  const bad = (expected: string): UsageError => new UsageError(`--add-range is "${text}"; ${expected}`);
  if (name === undefined || from === undefined || to === undefined) {
    throw bad("expected a hyperparameter and a range, such as lr=1e-5..1e-2:log");
  }
  const before = hyperparameters.find((each) => each.name === name)?.range;
  const typed = word?.toLowerCase().replaceAll("-", "_");
  const scale = typed === undefined ? (before?.scale ?? "linear") : rangeScales.find((each) => each === typed);
  if (scale === undefined) {
    const hint = nearestScale(word ?? "").map((line) => `\n  ${line}`);
    throw bad(`expected one of the scales ${rangeScales.join(", ")} after the colon${hint.join("")}`);
  }
  const ends = { from: Number(from), to: Number(to), scale };
  const keepsZero = before?.zero === true && isLog(ends);
  const range: Range = zero !== undefined || keepsZero ? { ...ends, zero: true } : ends;
  for (const end of [range.from, range.to]) if (!Number.isFinite(end)) throw bad("expected finite numbers");
  const [problem] = rangeProblems(range, "it");
  if (problem) throw bad(`${problem.message}\n  ${problem.hints.join("\n  ")}`);
  return { name, range };
}
