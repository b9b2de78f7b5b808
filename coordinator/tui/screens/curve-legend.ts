import { usedSettings } from "../../../shared/domain/conditions/activity.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { settingText } from "../../../shared/domain/hyperparameter.ts";
import { widthOf } from "../../words/cell-width.ts";
import { clip, narrow } from "../../words/narrow.ts";
import { type Line, type Span, type Style, span } from "../terminal/styled.ts";

/** A curve in the legend. */
export interface LegendEntry {
  /** `#3 2 runs`: what the legend shows if there is no room for more. */
  readonly label: string;
  /** What stands at the curve's end: `#3`; "" if it is the only one. */
  readonly mark: string;
  readonly style: Style;
  /** Settings that tell it from the others: `lr=0.002 disc=0.9`; "" if none are known. */
  readonly settings: string;
}

/** The lowest chart that spares a line for each curve. */
const roomyHeight = 14;

/**
 * The lines above a chart: the metric, each curve with its configuration, and what else is drawn. All in one line if it fits; else a
 * line for each curve, where the chart is high enough; else the marks alone, which stand at the curves' ends too.
 */
export function legendLines(
  { metric, entries, said }: { metric: string; entries: readonly LegendEntry[]; said: string },
  width: number,
  height: number,
): Line[] {
  const name = `  ${metric === "" ? "" : `${metric}   `}`;
  const whole = entries.map(({ label, settings }) => (settings === "" ? label : `${label}  ${settings}`));
  const used = (labels: readonly string[]): number =>
    labels.reduce((sum, label) => sum + widthOf(label) + 6, widthOf(name) + said.length);
  const inOne = (labels: readonly string[]): Line => [
    span(name, "bold"),
    ...entries.flatMap(({ style }, i): Span[] => [span("── ", style), span(`${labels[i] ?? ""}   `)]),
    span(said, "dim"),
  ];
  if (used(whole) <= width) return [inOne(whole)];
  if (height >= roomyHeight + entries.length) {
    const lines = entries.map(({ style }, i): Line => [span("  ── ", style), span(clip(whole[i] ?? "", width - 5))]);
    const head: Line = [span(name, "bold"), span(said, "dim")];
    return metric === "" && said === "" ? lines : [head, ...lines];
  }
  const labels = entries.map(({ label }) => clip(label, 24));
  return [inOne(used(labels) <= width ? labels : entries.map(({ mark }, i) => mark || (labels[i] ?? "")))];
}

/** For each configuration the settings in which they differ; all settings if there is only one. */
export function distinctSettings(table: RunTable, configurations: readonly (readonly number[])[]): string[] {
  const { hyperparameters } = table.submitted;
  const used = configurations.map((configuration) => usedSettings(hyperparameters, configuration));
  const dials = hyperparameters.flatMap(({ name, values }, i) => {
    const differs = used.some((settings) => settings[i] !== used[0]?.[i]);
    return values.length > 1 && (differs || configurations.length === 1) ? [{ name, i }] : [];
  });
  return used.map((settings) => narrow(dials.map(({ name, i }) => `${name}=${settingText(settings[i])}`).join(" ")));
}
