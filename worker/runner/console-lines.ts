import type { Setting } from "../../shared/domain/hyperparameter.ts";
import type { Metric, MetricReport } from "../../shared/domain/run.ts";
import { NexusError } from "../../shared/errors.ts";
import { StageFailure } from "../stages/stage.ts";

/** The lines that a run prints, in the format of the original program. */

const groupDigits = (whole: number): string => String(Math.trunc(whole)).replace(/\B(?=(\d{3})+$)/g, ",");

export function settingLines(settings: Readonly<Record<string, Setting>>): string[] {
  const names = Object.keys(settings);
  if (names.length === 0) return [];
  return ["Chosen hyperparameter values:", ...names.map((name) => `  ${name}: ${settings[name]}`), ""];
}

/** `%7.3f hrs  %12d iters`, then six spaces, value, space, short name for each metric. */
export function reportLine(report: MetricReport, metrics: readonly Metric[], note: string): string {
  const hours = report.hours.toFixed(3).padStart(7);
  const iters = groupDigits(report.iters).padStart(12);
  const values = metrics.map((metric, i) => `      ${decimal(report.values[i] ?? Number.NaN, metric)} ${metric.short}`);
  return `${hours} hrs  ${iters} iters${values.join("")}${note === "" ? "" : ` ${note}`}`;
}

export const stageTitle = (number: number, of: number): string => `Processing stage ${number} of ${of}`;

/** `RL_Proc` of `processors/RL_Proc`. */
export const shortName = (component: string): string => component.slice(component.lastIndexOf("/") + 1);

export const summaryLine = (metric: Metric, value: number): string =>
  `Stage summary (${metric.aggregation} ${metric.long}):  ${decimal(value, metric)}`;

/** As the original prints it. If the metric is minimised, which the original never does, the metric itself. */
export function hpmaxLine(hpmax: number, metric: Metric, inSearch: boolean): string {
  const verb = inSearch ? "being" : "that would be";
  const text = (name: string, value: number, done: string): string =>
    `Objective ${verb} ${done} by hyperparameter tuning (${name}):  ${decimal(value, metric)}`;
  return metric.higherIsBetter ? text("hpmax", hpmax, "maximized") : text(metric.short, 0 - hpmax, "minimized");
}

/** Console text for the error that ended a run: the message and, if code failed (the job's or ours), the stack. */
export function failureText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof StageFailure || error instanceof NexusError) return error.message;
  return error.stack ?? error.message;
}

/** @param without  what checkpoints leave out from now on; "": nothing, as what they left out is gone */
export const leftOutLine = (without: string): string =>
  `checkpoints leave out ${without === "" ? "nothing any more" : without}`;

export const closingLine = "All processing stages completed.";

function decimal(value: number, metric: Metric): string {
  return Number.isFinite(value) ? value.toFixed(metric.decimals) : String(value);
}
