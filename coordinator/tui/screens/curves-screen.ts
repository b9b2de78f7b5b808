import { isOpen, type Trial } from "../../../shared/domain/fold/trial.ts";
import { chartRows, type Point, type Series } from "../../chart/braille.ts";
import { type CurveAxis, type LiveCurve, meanCurve, rangeCurves } from "../../live/curve-store.ts";
import type { WantedEvidence } from "../../live/feed.ts";
import type { LiveSearch } from "../../live/live-search.ts";
import { type Line, plain, type Style, span } from "../terminal/styled.ts";
import { runSetsOf, type ViewModel } from "../view-model.ts";
import { distinctSettings, type LegendEntry, legendLines } from "./curve-legend.ts";

/** The most runs drawn of one run set: its newest. */
const runsDrawn = 12;
/** The most other runs drawn for comparison: those that reported last. */
const othersDrawn = 20;
const styles: readonly Style[] = ["accent", "good", "warn", "bad", "plain"];
/** For curves that are shown only for comparison. */
const dim: Style = "dim";

/** Runs that are drawn as one curve: those of a run set, or one run. */
export interface CurveGroup {
  /** For the legend. */
  readonly label: string;
  /** Written at the curve's end; "" if it is the only one. */
  readonly mark: string;
  readonly style: Style;
  readonly trials: readonly Trial[];
  /** What the legend names; undefined: the label says it. */
  readonly configuration?: readonly number[];
}

/** The runs of a run set whose curves are drawn. Rejected runs do not count, so they are left out. */
export const drawnRuns = (search: LiveSearch, key: string): readonly Trial[] =>
  search
    .runsOf(key)
    .filter(({ status }) => status !== "rejected")
    .slice(0, runsDrawn);

/** What is drawn now: the selected run set, or else the best ones, as many as `--top` says. */
export function curveGroups(model: ViewModel): CurveGroup[] {
  const { rows, selectedKey } = model.lists.standings;
  const { top } = model.options;
  const chosen = rows.find(({ key }) => key === selectedKey);
  const best = rows.filter(({ standing }) => standing !== undefined).slice(0, top);
  const groups = (chosen ? [chosen] : best).map(({ key, standing, runSet }, i): CurveGroup => {
    const trials = drawnRuns(model.search, key);
    const runs = trials.length === 1 ? (trials[0]?.run ?? "") : `${trials.length} runs`;
    const rank = standing ? `#${standing.rank}` : "";
    const { configuration } = runSet;
    const style = styles[i % styles.length] ?? "plain";
    return { label: `${rank} ${runs}`.trim(), mark: rank, style, trials, configuration };
  });
  if (groups.length > 0) return groups;
  const { table } = model.search;
  const running = table ? [...model.search.curves].flatMap(([n]) => table.trial(n) ?? []) : [];
  return running.slice(0, top).map((trial, i) => ({
    label: trial.run,
    mark: trial.run,
    style: styles[i % styles.length] ?? dim,
    trials: [trial],
    configuration: trial.configuration,
  }));
}

export function curvesLines(model: ViewModel, width: number, height: number): readonly Line[] {
  const groups = curveGroups(model);
  const shown = new Set(groups.flatMap(({ trials }) => trials.map(({ n }) => n)));
  const isSingle = model.lists.standings.selectedKey !== null;
  const rejected = model.search.table?.rejected;
  const others = (): LiveCurve[] =>
    [...model.search.curves].flatMap(([n, curve]) => (shown.has(n) || rejected?.has(n) ? [] : curve));
  return chartLines(model, groups, width, height, isSingle ? undefined : () => others().slice(-othersDrawn));
}

/** The shortest interval between two drawings of a chart that only grows. */
const chartMs = 500;

/**
 * A chart of groups under a legend: each the mean of its runs, with a band of one standard deviation.
 *
 * @param others  curves to compare with, drawn dim
 */
export function chartLines(
  model: ViewModel,
  groups: readonly CurveGroup[],
  width: number,
  height: number,
  others: () => readonly LiveCurve[] = () => [],
): readonly Line[] {
  const names = groups.map(({ label, trials }) => `${label} ${trials.map(({ n }) => n).join(" ")}`);
  const of = [model.search.job, width, height, model.axis, ...names].join("|");
  const { chart, search } = model;
  const { now, curves } = search;
  const { version } = curves;
  model.chartShownAt = now;
  if (chart && chart.of === of && (chart.version === version || (now >= chart.at && now - chart.at < chartMs)))
    return chart.lines;
  const lines = drawChart(model, groups, others(), width, height);
  model.chart = { of, version, at: now, lines };
  return lines;
}

function drawChart(
  model: ViewModel,
  groups: readonly CurveGroup[],
  others: readonly LiveCurve[],
  width: number,
  height: number,
): Line[] {
  const series: { readonly series: Series; readonly style: Style }[] = [];
  const drawn: CurveGroup[] = [];
  let stage = 0;
  for (const group of groups) {
    const { mark, style, trials } = group;
    const curves = trials.flatMap(({ n }) => model.search.curves.of(n) ?? []).filter(({ length }) => length > 0);
    if (curves.length === 0) continue;
    stage = Math.max(stage, ...curves.map((curve) => curve.stage));
    const points = pointsOf(curves, model.axis, groups.length > 1, 2 * width);
    series.push({ series: { points, label: groups.length > 1 ? mark : "" }, style });
    drawn.push(group);
  }
  const dims = others.map((curve) => curve.points(model.axis));
  for (const points of dims.length < 3 ? dims : rangeCurves(dims, 2 * width))
    series.push({ series: { points }, style: dim });
  if (series.length === 0) return [plain(`  ${whyNoCurve(model, groups)}`)];
  const metric = model.search.metricOf(Math.max(1, stage));
  const isBanded = groups.length === 1 && (groups[0]?.trials.length ?? 0) > 1 && drawn.length > 0;
  const what = [
    ...(isBanded ? ["the band is one standard deviation around the mean"] : []),
    ...(others.length > 0 ? [`dim: ${othersText(others.length)}`] : []),
  ];
  const legend = legendLines({ metric, entries: entriesOf(model, drawn), said: what.join("; ") }, width, height);
  const rows = chartRows(
    series.map((each) => each.series),
    {
      width,
      height: height - legend.length,
      form: model.options.graph,
      xName: model.axis,
      isWhole: model.axis !== "hours",
    },
  );
  if (rows.length === 0) return [plain("  no room for a chart")];
  return [
    ...legend,
    ...rows.map(
      (row): Line => row.map(({ text, series: at }) => span(text, at < 0 ? "plain" : (series[at]?.style ?? "plain"))),
    ),
  ];
}

function entriesOf({ search: { table } }: ViewModel, groups: readonly CurveGroup[]): LegendEntry[] {
  const named = groups.flatMap(({ configuration }) => (configuration ? [configuration] : []));
  const texts = table ? distinctSettings(table, named) : [];
  return groups.map(({ label, mark, style, configuration }) => ({
    label,
    mark,
    style,
    settings: (configuration && texts[named.indexOf(configuration)]) ?? "",
  }));
}

function whyNoCurve(model: ViewModel, groups: readonly CurveGroup[]): string {
  const trials = groups.flatMap((group) => group.trials);
  if (trials.some(({ n }) => model.search.isCurveToCome(n)))
    return trials.length === 1 ? "reading its reports..." : "reading their reports...";
  if (trials.length > 0 && trials.every((trial) => !isOpen(trial))) return "no curve: nothing was reported";
  return "no curves yet; they come with the first reports";
}

function othersText(count: number): string {
  if (count === 1) return "another run";
  return count < 3 ? `${count} other runs` : `range of ${count} other runs`;
}

/** A single run with its extremes; several runs as their mean, with a band unless that would hide other curves. */
function pointsOf(curves: readonly LiveCurve[], axis: CurveAxis, isOneOfMany: boolean, places: number): Point[] {
  const [only] = curves;
  if (only && curves.length === 1) return only.envelope(axis);
  const all = curves.map((curve) => curve.points(axis));
  return meanCurve(all, places).map(({ x, y, spread = 0 }) => (isOneOfMany ? { x, y } : { x, y, spread }));
}

/** A chart that was drawn longer ago than this is no longer on the screen. */
const chartSeenMs = 2500;

/** The runs whose curves or console are on the screen now. */
export function evidenceShown(model: ViewModel): WantedEvidence {
  const { page, search } = model;
  if (page?.kind === "run") {
    return { trials: [search.table?.trial(page.n)].flatMap((trial) => trial ?? []), hasConsole: true };
  }
  if (page?.kind === "run set")
    return { trials: runSetsOf(page).flatMap((key) => drawnRuns(search, key)), hasConsole: false };
  const isChartShown = search.now - model.chartShownAt <= chartSeenMs;
  return { trials: isChartShown ? curveGroups(model).flatMap(({ trials }) => trials) : [], hasConsole: false };
}
