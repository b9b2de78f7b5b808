import type { Trial } from "../../shared/domain/trial.ts";
import { chartRows, type Point, type Series } from "../chart/braille.ts";
import { meanCurve } from "./curve-store.ts";
import { clip, type Line, plain, type Span, type Style, span } from "./styled.ts";
import type { ViewModel } from "./view-model.ts";

/** Run sets that are shown where none is selected. */
const topSets = 5;
/** Of one run set so many runs are drawn, the newest. */
export const runsDrawn = 12;
const styles: readonly Style[] = ["accent", "good", "warn", "bad", "plain"];
/** In legends, for terminals without colours; curves of other run sets follow each other by rank. */
const dim: Style = "dim";

/** Curves that belong together: those of one run set, or all others. */
export interface CurveGroup {
  readonly label: string;
  readonly style: Style;
  readonly trials: readonly Trial[];
}

/** What the screen shows now: the selected run set, or the best ones. */
export function curveGroups(model: ViewModel): CurveGroup[] {
  const { rows, selectedKey } = model.lists.standings;
  const chosen = rows.find(({ key }) => key === selectedKey);
  const best = rows.filter(({ standing }, i) => i < topSets && standing !== undefined);
  const groups = (chosen ? [chosen] : best).map(({ key, standing }, i): CurveGroup => {
    const trials = model.runsOf(key).slice(0, runsDrawn);
    const count = trials.length === 1 ? "1 run" : `${trials.length} runs`;
    return {
      label: standing ? `#${standing.rank} ${count}` : count,
      style: styles[i % styles.length] ?? "plain",
      trials,
    };
  });
  if (groups.length > 0) return groups;
  const { table } = model;
  const running = table ? [...model.curves].flatMap(([n]) => table.trial(n) ?? []) : [];
  return running.slice(0, topSets).map((trial, i) => ({ label: trial.run, style: styles[i] ?? dim, trials: [trial] }));
}

export function curvesLines(model: ViewModel, width: number, height: number): readonly Line[] {
  const groups = curveGroups(model);
  const shown = new Set(groups.flatMap(({ trials }) => trials.map(({ n }) => n)));
  const isSingle = model.lists.standings.selectedKey !== null;
  // The rest, dim: no more than what was heard of lately, and only where it is a comparison.
  const rest = (): Point[][] => {
    const others = isSingle ? [] : [...model.curves].filter(([n]) => !shown.has(n)).slice(-20);
    return others.map(([, curve]) => curve.points(model.axis));
  };
  return chartLines(model, groups, rest, width, height);
}

/** A chart that only grows is drawn anew so often. */
const chartMs = 500;

/** A chart of groups, each the mean of its runs with a band of one standard deviation, under a legend. */
export function chartLines(
  model: ViewModel,
  groups: readonly CurveGroup[],
  rest: () => readonly (readonly Point[])[],
  width: number,
  height: number,
): readonly Line[] {
  const names = groups.map(({ label, trials }) => `${label} ${trials.map(({ n }) => n).join(" ")}`);
  const of = [model.job, width, height, model.axis, ...names].join("|");
  const { version } = model.curves;
  const { chart, now } = model;
  model.chartShownAt = now;
  if (chart && chart.of === of && (chart.version === version || (now >= chart.at && now - chart.at < chartMs)))
    return chart.lines;
  const lines = drawChart(model, groups, rest, width, height);
  model.chart = { of, version, at: now, lines };
  return lines;
}

function drawChart(
  model: ViewModel,
  groups: readonly CurveGroup[],
  rest: () => readonly (readonly Point[])[],
  width: number,
  height: number,
): Line[] {
  const series: { readonly series: Series; readonly style: Style }[] = [];
  const legend: Span[] = [span("  ")];
  for (const { label, style, trials } of groups) {
    const curves = trials.flatMap(({ n }) => {
      const points = model.curves.of(n)?.points(model.axis) ?? [];
      return points.length > 0 ? [points] : [];
    });
    if (curves.length === 0) continue;
    // A band for each of many sets would hide the curves.
    const mean = meanCurve(curves, 2 * width);
    const points = groups.length > 1 ? mean.map(({ x, y }) => ({ x, y })) : mean;
    series.push({ series: { points }, style });
    legend.push(span("── ", style), span(`${clip(label, 24)}   `));
  }
  for (const points of rest()) series.push({ series: { points }, style: dim });
  if (series.length === 0) return [plain("  no curves yet; they come with the first reports")];
  const rows = chartRows(
    series.map((each) => each.series),
    { width, height: height - 1, form: model.options.graph, xName: model.axis },
  );
  if (rows.length === 0) return [plain("  no room for a chart")];
  const isBanded = groups.length === 1 && (groups[0]?.trials.length ?? 0) > 1 && legend.length > 1;
  const first = isBanded ? " the band is one standard deviation around the mean" : "";
  return [
    [...legend, span(first, "dim")],
    ...rows.map(
      (row): Line => row.map(({ text, series: at }) => span(text, at < 0 ? "plain" : (series[at]?.style ?? "plain"))),
    ),
  ];
}
