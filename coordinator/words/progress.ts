import { usedSettings } from "../../shared/domain/conditions/activity.ts";
import { counted } from "../../shared/domain/counted.ts";
import { leaderOf } from "../../shared/domain/evaluation/lead.ts";
import { lossOutcomes } from "../../shared/domain/fold/events.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import { boundText, type Goal, told } from "../../shared/domain/goal.ts";
import { type Setting, settingText } from "../../shared/domain/hyperparameter.ts";
import { type Standing, standings } from "../../shared/domain/model/standings.ts";
import { nearestName } from "../../shared/domain/runspec/nearest-name.ts";
import { duration } from "./duration.ts";
import { decimalsFor, formatDecimal } from "./number-format.ts";
import { laidTable, settingColumn, tableColumn } from "./table.ts";
import { hiddenColumnsNote } from "./table-layout.ts";
import { timeLeft, timeLeftText } from "./time-left.ts";
import { waitingText } from "./waiting.ts";

/** The standing of a search, as text for people: one line while it runs, a table at its end. */

export interface ProgressOptions {
  /** Characters; default: unlimited. */
  readonly width?: number;
  /** Why no run is running; "" if one is. */
  readonly hint?: string;
  readonly leader?: Standing | null;
}

/**
 * One line: job, runs, best configuration, time. If it is too long, the least important parts go first: the settings.
 *
 * @param now  wall clock, milliseconds
 */
export function progressLine(table: RunTable, now: number, options: ProgressOptions = {}): string {
  const { width = Number.POSITIVE_INFINITY, hint = waitingText(table), leader = leaderOf(table) } = options;
  const left = timeLeft(table, now);
  const elapsed = duration((table.endedAt ?? now) - table.submitted.at);
  const head = `${table.job}  ${countsText(table)}`;
  const time = left === undefined ? elapsed : `${elapsed}, ${timeLeftText(left)} left`;
  const best =
    leader === null ? "" : `best ${named(table)}${estimateText(table.goal, leader, " ±")} (n=${leader.completed})`;
  const settings =
    leader === null
      ? []
      : settingsWithNames(table, leader.runSet.configuration).map(({ name, value }) => `${name}=${settingText(value)}`);
  for (let shown = settings.length; shown >= 0; shown -= 1) {
    const parts = [head, hint, [best, ...settings.slice(0, shown)].join(" "), time];
    const line = parts.filter((part) => part !== "").join("  ");
    if (line.length <= width) return line;
  }
  const brief = `${table.job}  ${table.ended}/${table.submitted.settings.totalRuns} runs`;
  for (const parts of [
    [head, hint, best],
    [brief, hint, best],
    [brief, best],
    [head, hint],
  ]) {
    const line = parts.filter((part) => part !== "").join("  ");
    if (line.length <= width) return line;
  }
  return head.slice(0, Math.max(0, width));
}

/** `1204/5000 runs, 84 running, 2 queued, 7 failed`; zeros are left out, except for running. */
function countsText(table: RunTable): string {
  const { outcomes } = table;
  const lostAndQueued = [...table.waiting].filter((n) => {
    const cause = table.trial(n)?.attempts.at(-1)?.cause;
    return cause && lossOutcomes[cause] === "lost";
  }).length;
  const counts = [`${table.ended}/${table.submitted.settings.totalRuns} runs`];
  if (!table.isOver) counts.push(`${table.running} running`);
  const others: [number, string][] = [
    [table.waiting.size, "queued"],
    [table.runSets.totals.infeasible, "infeasible"],
    [table.rejected.size, "rejected"],
    [outcomes.failed, "failed"],
    [outcomes["timed out"], "timed out"],
    [outcomes.pruned, "pruned"],
    [outcomes.cancelled, "cancelled"],
    [table.lost - lostAndQueued, "lost and started again"],
    [lostAndQueued, "lost and queued"],
  ];
  for (const [count, word] of others) if (count > 0) counts.push(`${count} ${word}`);
  return table.state === "searching" ? counts.join(", ") : `${table.state}: ${counts.join(", ")}`;
}

/** `loss ` where lower is better, so that nobody takes the best for the worst; else "". */
export const named = ({ goal: { name, isLow } }: Pick<RunTable, "goal">): string => (isLow ? `${name} ` : "");

/** `0.0492 ±0.0011`: what a new run is expected to reach, with the digits that its standard deviation leaves certain. */
export function estimateText(
  goal: Goal,
  { estimate, stDev }: Pick<Standing, "estimate" | "stDev">,
  plusMinus: string,
): string {
  const decimals = decimalsFor(stDev === null || stDev === 0 ? [estimate] : [stDev]);
  const spread = stDev === null ? "" : `${plusMinus}${formatDecimal(stDev, decimals)}`;
  return `${formatDecimal(told(goal, estimate), decimals)}${spread}`;
}

/** The settings of hyperparameters with more than one value; undefined: inactive. */
export function settingsWithNames(
  table: RunTable,
  configuration: readonly number[],
): { readonly name: string; readonly value: Setting | undefined }[] {
  const { hyperparameters } = table.submitted;
  const settings = usedSettings(hyperparameters, configuration);
  return hyperparameters.flatMap(({ name, values }, i) => (values.length > 1 ? [{ name, value: settings[i] }] : []));
}

/**
 * The best run sets, the best first: the estimate of a new run, its standard deviation, completed runs, the best of them, and
 * the settings of every hyperparameter with more than one value.
 *
 * @param width  cells of a terminal; left out: a pipe, which gets everything
 */
export function standingsTable(table: RunTable, top = 10, width?: number): string[] {
  const { goal } = table;
  const { hyperparameters } = table.submitted;
  const rows = standings(table.model.now, table.runSets, { top });
  const notes = infeasibleLines(table);
  if (rows.length === 0 && notes.length > 0)
    return ["no feasible run has completed, so there are no standings", ...notes];
  if (rows.length === 0) return ["no run has completed, so there are no standings"];
  const dials = hyperparameters.flatMap(({ name, values }, i) => (values.length > 1 ? [{ name, i }] : []));
  const settings = rows.map(({ runSet }) => usedSettings(hyperparameters, runSet.configuration));
  const columns = [
    tableColumn(
      "rank",
      "count",
      rows.map(({ rank }) => rank),
    ),
    tableColumn(
      goal.name,
      "measure",
      rows.map(({ estimate }) => told(goal, estimate)),
    ),
    tableColumn(
      "sd",
      "measure",
      rows.map(({ stDev }) => stDev ?? undefined),
    ),
    tableColumn(
      "runs",
      "count",
      rows.map(({ completed }) => completed),
    ),
    tableColumn(
      "best",
      "text",
      rows.map(({ bestRun }) => bestRun ?? undefined),
    ),
    ...dials.map(({ name, i }) =>
      settingColumn(
        name,
        settings.map((row) => row[i]),
      ),
    ),
  ];
  const tried = measuredSets(table);
  const total =
    tried > rows.length ? [`the best ${rows.length} of ${tried} configurations measured, by ${boundText(goal)}`] : [];
  const { lines, hidden } = laidTable(columns, width);
  const unseen = hiddenColumnsNote(hidden, width).trimEnd();
  const below = [...total, ...notes, ...(unseen === "" ? [] : [unseen])];
  return [...lines, ...(below.length > 0 ? ["", ...below] : [])];
}

/** What infeasible runs there are and why, and which required metric no run reports; nothing if all is well. */
export function infeasibleLines(table: RunTable): string[] {
  const { infeasible } = table.runSets.totals;
  if (infeasible === 0) return [];
  const sets = [...table.runSets].filter(({ isFeasible }) => !isFeasible).length;
  const require = table.submitted.settings.require.join("; ");
  const unreported = unreportedText(table);
  return [
    `infeasible: ${counted(infeasible, "run")} (require: ${require})${sets === 0 ? "" : `; ${counted(sets, "configuration")} cannot be the best`}`,
    ...(unreported === "" ? [] : [unreported]),
  ];
}

/** Which required metrics no run reports, most likely because a name is misspelt, and what to do; "" if there are none. */
export function unreportedText({ job, columns, feasibility }: RunTable): string {
  const { unreported } = feasibility;
  if (unreported.length === 0) return "";
  const reported = columns.map((name) => name.replace(/^s\d+-/, ""));
  const meant = unreported.flatMap((name) => nearestName(name, reported) ?? []);
  const hint = meant.length === 0 ? "" : `; did you mean ${meant.join(" and ")}?`;
  return (
    `no run of ${job} reports ${unreported.join(" or ")}, so none can be feasible${hint}\n` +
    `  to go on with its results once the spec is right: nexus export ${job} --output runs.csv; nexus import runs.csv --spec spec.yaml`
  );
}

function measuredSets(table: RunTable): number {
  let count = 0;
  for (const { completed, isFeasible } of table.runSets) if (completed > 0 && isFeasible) count += 1;
  return count;
}
