import { leaderOf } from "../../shared/domain/evaluation/lead.ts";
import { lossOutcomes } from "../../shared/domain/fold/events.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import { type Setting, settingsOf, settingText } from "../../shared/domain/hyperparameter.ts";
import { type Standing, standings } from "../../shared/domain/run-sets/standings.ts";
import { decimalsFor, formatDecimal } from "./number-format.ts";
import { tableColumn, tableLines } from "./table.ts";
import { waitingText } from "./waiting.ts";

/** How a search stands, as text for people: one line while it goes on, a table at its end. */

/** The estimate of the time left looks back on this many ended runs. */
const recentEnds = 64;

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
  const left = millisecondsLeft(table, now);
  const elapsed = duration((table.endedAt ?? now) - table.submitted.at);
  const head = `${table.job}  ${countsText(table)}`;
  const time = left === undefined ? elapsed : `${elapsed}, ${duration(left)} left`;
  const best = leader === null ? "" : `best ${estimateText(leader, " ±")} (n=${leader.completed})`;
  const settings =
    leader === null
      ? []
      : settingsWithNames(table, leader.runSet.configuration).map(({ name, value }) => `${name}=${settingText(value)}`);
  for (let shown = settings.length; shown >= 0; shown -= 1) {
    const parts = [head, hint, [best, ...settings.slice(0, shown)].join(" "), time];
    const line = parts.filter((part) => part !== "").join("  ");
    if (line.length <= width) return line;
  }
  for (const parts of [
    [head, hint, best],
    [head, hint === "" ? best : hint],
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

/** `0.0492 ±0.0011`: what a new run is expected to reach, with the digits that its standard deviation leaves certain. */
export function estimateText({ estimate, stDev }: Pick<Standing, "estimate" | "stDev">, plusMinus: string): string {
  const decimals = decimalsFor(stDev === null || stDev === 0 ? [estimate] : [stDev]);
  const spread = stDev === null ? "" : `${plusMinus}${formatDecimal(stDev, decimals)}`;
  return `${formatDecimal(estimate, decimals)}${spread}`;
}

export function settingsWithNames(
  table: RunTable,
  configuration: readonly number[],
): { readonly name: string; readonly value: Setting }[] {
  const { hyperparameters } = table.submitted;
  const settings = settingsOf(hyperparameters, configuration);
  return hyperparameters.flatMap(({ name, values }, i) =>
    values.length > 1 ? [{ name, value: settings[i] ?? null }] : [],
  );
}

/** Estimated from the pace of the latest runs; undefined if that says nothing, as for a paused job. */
export function millisecondsLeft(table: RunTable, now: number): number | undefined {
  if (table.isOver || table.state === "paused" || table.running === 0) return undefined;
  const ends: number[] = [];
  for (let i = table.trials.length - 1; i >= 0 && i >= table.trials.length - 4 * recentEnds; i -= 1) {
    const endedAt = table.trial(i + 1)?.endedAt ?? 0;
    if (endedAt > 0) ends.push(endedAt);
  }
  const recent = ends.sort((a, b) => b - a).slice(0, recentEnds);
  // Before the second end the start of the job stands in for the first.
  const since = recent.length < recentEnds ? table.submitted.at : (recent.at(-1) ?? table.submitted.at);
  const remaining = table.state === "searching" ? table.submitted.settings.totalRuns - table.ended : table.open;
  if (recent.length === 0 || remaining <= 0 || now <= since) return undefined;
  return (remaining * (now - since)) / recent.length;
}

/** `12s`, `1m23s`, `2h14m`, `3d04h`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const two = (value: number): string => String(value).padStart(2, "0");
  const [minutes, hours, days] = [Math.floor(seconds / 60), Math.floor(seconds / 3600), Math.floor(seconds / 86_400)];
  if (days > 0) return `${days}d${two(hours % 24)}h`;
  if (hours > 0) return `${hours}h${two(minutes % 60)}m`;
  return minutes > 0 ? `${minutes}m${two(seconds % 60)}s` : `${seconds}s`;
}

/**
 * The best run sets, the best first: estimated hpmax of a new run, its standard deviation, completed runs, the best of them, and
 * the settings of every hyperparameter with more than one value.
 */
export function standingsTable(table: RunTable, top = 10): string[] {
  const { hyperparameters } = table.submitted;
  const rows = standings(table.runSets, hyperparameters, { top });
  if (rows.length === 0) return ["no run has completed, so there are no standings"];
  const dials = hyperparameters.flatMap(({ name, values }, i) => (values.length > 1 ? [{ name, i }] : []));
  const columns = [
    tableColumn(
      "rank",
      "count",
      rows.map(({ rank }) => rank),
    ),
    tableColumn(
      "hpmax",
      "measure",
      rows.map(({ estimate }) => estimate),
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
      tableColumn(
        name,
        "setting",
        rows.map(({ settings }) => settings[i]),
      ),
    ),
  ];
  const tried = measuredSets(table);
  const total =
    tried > rows.length ? [`the best ${rows.length} of ${tried} configurations measured, by hpmax less sd`] : [];
  return [...tableLines(columns), ...(total.length > 0 ? ["", ...total] : [])];
}

function measuredSets(table: RunTable): number {
  let count = 0;
  for (const { completed } of table.runSets) if (completed > 0) count += 1;
  return count;
}
