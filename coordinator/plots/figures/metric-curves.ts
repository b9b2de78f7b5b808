import type { RunCurve } from "../data/curves-of-runs.ts";
import {
  type Axis,
  axisOver,
  type Datum,
  extent,
  type Figure,
  type Look,
  type Mark,
  type Panel,
  valuesAt,
} from "../figure.ts";
import type { Spread } from "../options.ts";
import { faintLook, grey } from "../palette.ts";
import { type edges, smoothed } from "./combine.ts";
import { type CurveOptions, filledIn, type Line, linesOf } from "./curve-lines.ts";
import { identity, legendOf, looksOf } from "./curve-looks.ts";
import { grouped } from "./grouped.ts";
import { columnsFor, titleAt } from "./panels.ts";

/** Curves of metrics against iterations or hours. */
export function metricCurves(curves: readonly RunCurve[], options: CurveOptions): Figure {
  const lines = linesOf(curves, options);
  const groups = grouped(lines, (line) => panelKey(line, options));
  const looks = looksOf(lines, groups, options);
  const drawn = [...groups].map(([key, among]) => ({ key, among, marks: marksOf(among, looks, options) }));
  const xs = curves.flatMap((curve) => [curve.xs[0] ?? Number.NaN, curve.xs.at(-1) ?? Number.NaN]);
  const xLabel = options.xLabel ?? (options.x === "iters" ? "iterations" : "time (hours)");
  const smallest = curves.flatMap(({ xs: each }) => each.find((x) => x > 0) ?? Number.NaN);
  const x = axisOver(xLabel, options.xScale === "log" ? [...xs, ...smallest] : xs, {
    scale: options.xScale,
    isWhole: options.x === "iters",
    room: 0.02,
    limits: options.xLimits,
  });
  // Panels with the same metrics share a y axis, so that they can be compared.
  const yAxes = new Map<string, Axis>();
  for (const [cols, alike] of grouped(drawn, ({ among }) => colsOf(among))) {
    const values = alike.flatMap(({ marks }) => marks.flatMap(heights));
    const label = options.yLabel ?? yLabelOf(alike[0]?.among ?? [], options);
    yAxes.set(cols, axisOver(label, values, { scale: options.yScale, limits: options.yLimits }));
  }
  const panels: Panel[] = drawn.flatMap(({ key, among, marks }, i) => {
    const y = yAxes.get(colsOf(among));
    if (!y) return [];
    const title = titleAt(options.panelTitles, i) ?? (groups.size > 1 ? key : "");
    return [{ title: filledIn(title, among[0]), x, y, marks }];
  });
  return {
    kind: "curves",
    data: () => lines.map((line) => curveData(line, options)),
    title: options.title,
    panels,
    columns: columnsFor(panels.length, options.layout),
    legend: legendOf(lines, looks, options),
    ramp: null,
    notes: notesOf(lines, looks, options),
  };
}

const panelKey = ({ col, group, curves }: Line, { breakOn }: CurveOptions): string =>
  breakOn.map((by) => ({ col, group, run: curves[0]?.run ?? "" })[by]).join(", ");

const colsOf = (lines: readonly Line[]): string => [...new Set(lines.map(({ col }) => col))].join(", ");

function yLabelOf(lines: readonly Line[], { aggregate }: CurveOptions): string {
  const cols = colsOf(lines);
  const words: Readonly<Record<string, string>> = {
    std: "standard deviation of ",
    var: "variance of ",
    sem: "standard error of ",
  };
  const titles = new Set(lines.flatMap(({ curves }) => curves.map(({ title }) => title)));
  const [title = ""] = titles.size === 1 ? titles : [];
  return `${words[aggregate] ?? ""}${cols}${title === "" ? "" : `: ${title}`}`;
}

function marksOf(lines: readonly Line[], looks: ReadonlyMap<string, Look>, options: CurveOptions): Mark[] {
  const behind: Mark[] = [];
  const bands: Mark[] = [];
  const front: Mark[] = [];
  for (const line of lines) {
    const look = looks.get(identity(line, options)) ?? faintLook(grey);
    const { xs, raw, band, bars } = line.values;
    const ys = smoothed(raw, options.smoothing);
    if (band) {
      const low = smoothed(band.low, options.smoothing);
      const high = smoothed(band.high, options.smoothing);
      bands.push({ kind: "band", look, xs, low, high, isStep: false });
    }
    if (options.shadow === "pre-smooth" && options.smoothing > 0) {
      behind.push({ kind: "line", look: { ...look, isFaint: true }, xs, ys: raw, isStep: false });
    }
    if (bars) {
      const { at, low, high } = thinned(xs, bars);
      front.push({ kind: "intervals", look, isUpright: true, at, low, high });
    }
    const main: Mark =
      options.plotType === "scatter" ? { kind: "dots", look, xs, ys } : { kind: "line", look, xs, ys, isStep: false };
    (look.isFaint ? behind : front).push(main);
    const alone = main.kind === "line" ? aloneIn(ys) : [];
    if (alone.length > 0) {
      front.push({ kind: "dots", look, xs: valuesAt(xs, alone), ys: valuesAt(ys, alone) });
    }
  }
  return [...behind, ...bands, ...front];
}

/** Reports with gaps on both sides: no line reaches them, so they are drawn as dots. */
function aloneIn(ys: readonly number[]): number[] {
  return ys.flatMap((y, at) =>
    Number.isFinite(y) && !Number.isFinite(ys[at - 1]) && !Number.isFinite(ys[at + 1]) ? [at] : [],
  );
}

/** More error bars along a line would run into each other. */
const mostBars = 25;

function thinned(xs: readonly number[], { low, high }: ReturnType<typeof edges>) {
  const every = Math.max(1, Math.ceil(xs.length / mostBars));
  const kept = xs.map((_, i) => i).filter((i) => (xs.length - 1 - i) % every === 0);
  return { at: valuesAt(xs, kept), low: valuesAt(low, kept), high: valuesAt(high, kept) };
}

function heights(mark: Mark): readonly number[] {
  switch (mark.kind) {
    case "line":
    case "dots":
      return mark.ys;
    case "band":
    case "intervals":
      return [...mark.low, ...mark.high];
    default:
      return [];
  }
}

/** A line as drawn: smoothed, with its band or error bars. */
function curveData(line: Line, options: CurveOptions): Datum {
  const { xs, raw, band, bars, counts } = line.values;
  const { smoothing, aggregate, groupBy, x } = options;
  const spread = band ?? bars;
  const [only] = line.curves;
  return {
    type: "curve",
    col: line.col,
    ...(aggregate === "none"
      ? { run: only?.run, job: only?.job, node: only?.node }
      : { [groupBy]: line.group, aggregate }),
    runs: line.curves.length,
    ...(counts ? { counts } : {}),
    [x]: xs,
    values: smoothed(raw, smoothing),
    ...(spread
      ? { low: smoothed(spread.low, band ? smoothing : 0), high: smoothed(spread.high, band ? smoothing : 0) }
      : {}),
  };
}

const spreadWords: Readonly<Record<Spread, string>> = {
  std: "± standard deviation over runs",
  var: "± variance over runs",
  sem: "± standard error of the mean",
  "min-max": "least to greatest run",
};

function notesOf(lines: readonly Line[], looks: ReadonlyMap<string, Look>, options: CurveOptions): string[] {
  const notes: string[] = [];
  const { shadow, errorBars, smoothing } = options;
  if (shadow === "pre-smooth") notes.push("pale: before smoothing");
  else if (shadow !== "none") notes.push(`band: ${spreadWords[shadow]}`);
  if (errorBars !== "none") notes.push(`bars: ${spreadWords[errorBars]}`);
  if (smoothing > 0) notes.push(`smoothed with factor ${smoothing}`);
  const pale = lines.filter((line) => looks.get(identity(line, options))?.isFaint).length;
  if (pale > 0 && options.groupBy === "run")
    notes.push(
      `named: the runs with the ${options.goal?.isLow ? "lowest" : "highest"} ${options.goal?.name ?? "hpmax"}`,
    );
  if (options.aggregate !== "none" && options.x === "hours")
    notes.push("runs read off at even places between their reports");
  const counts = lines.flatMap(({ values }) => values.counts ?? []).filter((count) => count > 0);
  if (lines.some(({ values, curves }) => values.counts?.some((count) => count > 0 && count < curves.length))) {
    const { from, to } = extent(counts);
    notes.push(`${from} to ${to} runs at a place: those that measured something; completed runs keep their last value`);
  }
  return notes;
}
