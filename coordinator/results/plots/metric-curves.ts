import { type Aggregate, aggregated, combine, edges, type Points, type Spread, smoothed } from "./combine.ts";
import {
  type Axis,
  axisOver,
  type Datum,
  type Figure,
  type LegendEntry,
  type Limits,
  type Look,
  type Mark,
  type Panel,
} from "./figure.ts";
import { arranged, type Layout } from "./layout.ts";
import { faintLook, grey, lookOf, mostNamed } from "./palette.ts";

/** What one run measured of one metric, and what it can be grouped by. */
export interface RunCurve extends Points {
  readonly run: string;
  readonly job: string;
  /** The machine that has it, or had it last. */
  readonly node: string;
  /** File of its job's runspec. */
  readonly experiment: string;
  readonly workspace: string;
  /** The metric: `s1-rew`. */
  readonly col: string;
  /** What decides which runs are named where there are too many; NaN: the last. */
  readonly hpmax: number;
}

export const groupings = ["run", "node", "job", "experiment", "workspace"] as const;
export type Grouping = (typeof groupings)[number];
export const breaks = ["run", "col", "group"] as const;
export type Break = (typeof breaks)[number];

export interface CurveOptions {
  readonly aggregate: Aggregate | "none";
  readonly groupBy: Grouping;
  readonly shadow: Spread | "pre-smooth" | "none";
  readonly errorBars: Spread | "none";
  readonly breakOn: readonly Break[];
  readonly plotType: "line" | "scatter";
  /** 0 to below 1. */
  readonly smoothing: number;
  readonly x: "iters" | "hours";
  readonly xLabel: string | undefined;
  readonly yLabel: string | undefined;
  readonly xLimits: Limits;
  readonly yLimits: Limits;
  readonly xScale: "linear" | "log";
  readonly yScale: "linear" | "log";
  readonly colours: readonly string[];
  readonly title: string;
  readonly panelTitles: readonly string[];
  readonly legendTitles: readonly string[];
  readonly layout: Layout | undefined;
}

/** One line of the plot: a run's curve, or a group's. */
interface Line {
  readonly group: string;
  readonly col: string;
  readonly curves: readonly RunCurve[];
  /** Decides who is named. */
  readonly rank: number;
}

/** Curves of metrics against iterations or hours. */
export function metricCurves(curves: readonly RunCurve[], options: CurveOptions): Figure {
  const lines = linesOf(curves, options);
  const groups = new Map<string, Line[]>();
  for (const line of lines) {
    const key = panelKey(line, options);
    const there = groups.get(key);
    if (there) there.push(line);
    else groups.set(key, [line]);
  }
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
  // Panels of the same metric are read side by side, so they have the same y axis.
  const yAxes = new Map<string, Axis>();
  for (const { among } of drawn) {
    const cols = colsOf(among);
    if (yAxes.has(cols)) continue;
    const alike = drawn.filter((each) => colsOf(each.among) === cols);
    const values = alike.flatMap(({ marks }) => marks.flatMap(heights));
    const label = options.yLabel ?? yLabelOf(among, options);
    yAxes.set(cols, axisOver(label, values, { scale: options.yScale, limits: options.yLimits }));
  }
  const panels: Panel[] = drawn.flatMap(({ key, among, marks }, i) => {
    const y = yAxes.get(colsOf(among));
    if (!y) return [];
    const title = options.panelTitles[i] ?? (groups.size > 1 ? key : "");
    return [{ title: filledIn(title, among[0]), x, y, marks }];
  });
  return {
    kind: "curves",
    data: () => lines.map((line) => curveData(line, options)),
    title: options.title,
    ...arranged(panels, options.layout),
    legend: legendOf(lines, looks, options),
    ramp: null,
    notes: notesOf(lines, looks, options),
  };
}

function linesOf(curves: readonly RunCurve[], { aggregate, groupBy }: CurveOptions): Line[] {
  if (aggregate === "none") {
    return curves.map((curve) => ({ group: curve[groupBy], col: curve.col, curves: [curve], rank: curve.hpmax }));
  }
  const byKey = new Map<string, RunCurve[]>();
  for (const curve of curves) {
    const key = JSON.stringify([curve[groupBy], curve.col]);
    const there = byKey.get(key);
    if (there) there.push(curve);
    else byKey.set(key, [curve]);
  }
  return [...byKey.values()].flatMap((members) => {
    const [first] = members;
    if (!first) return [];
    const known = members.map(({ hpmax }) => hpmax).filter(Number.isFinite);
    const rank = known.reduce((sum, hpmax) => sum + hpmax, 0) / known.length;
    return [{ group: first[groupBy], col: first.col, curves: members, rank }];
  });
}

function panelKey(line: Line, { breakOn }: CurveOptions): string {
  const parts = breakOn.map((by) => {
    if (by === "col") return line.col;
    return by === "group" ? line.group : (line.curves[0]?.run ?? "");
  });
  return parts.join(", ");
}

const colsOf = (lines: readonly Line[]): string => [...new Set(lines.map(({ col }) => col))].join(", ");

function yLabelOf(lines: readonly Line[], { aggregate }: CurveOptions): string {
  const cols = colsOf(lines);
  const words: Readonly<Record<string, string>> = {
    std: "standard deviation of ",
    var: "variance of ",
    sem: "standard error of ",
  };
  return `${words[aggregate] ?? ""}${cols}`;
}

/** What a line is told by: its group where runs share a colour, otherwise itself. */
const identity = (line: Line, { aggregate, groupBy }: CurveOptions): string =>
  aggregate === "none" && groupBy !== "run" ? `${line.group}\n${line.col}` : lineKey(line);
const lineKey = (line: Line): string => `${line.curves[0]?.run}\n${line.group}\n${line.col}`;

/**
 * Every line's look. Lines that stand alone in their panels need no colour of their own; of too many the best are told apart, by
 * hpmax, and the others are pale.
 */
function looksOf(
  lines: readonly Line[],
  panels: ReadonlyMap<string, readonly Line[]>,
  options: CurveOptions,
): Map<string, Look> {
  const looks = new Map<string, Look>();
  if ([...panels.values()].every((among) => new Set(among.map((line) => identity(line, options))).size === 1)) {
    for (const line of lines) looks.set(identity(line, options), lookOf(0, options.colours));
    return looks;
  }
  // The same group has the same look in each panel.
  const byCol = !options.breakOn.includes("col");
  const told = (line: Line): string => (byCol ? identity(line, options) : identity({ ...line, col: "" }, options));
  const ranks = new Map<string, number>();
  for (const line of lines) {
    const rank = Number.isFinite(line.rank) ? line.rank : Number.NEGATIVE_INFINITY;
    ranks.set(told(line), Math.max(ranks.get(told(line)) ?? Number.NEGATIVE_INFINITY, rank));
  }
  const named =
    ranks.size <= mostNamed
      ? [...ranks.keys()]
      : [...ranks]
          .sort((a, b) => b[1] - a[1] || 0)
          .slice(0, mostNamed)
          .map(([key]) => key);
  const places = new Map(named.map((key, i) => [key, i]));
  for (const line of lines) {
    const place = places.get(told(line));
    looks.set(identity(line, options), place === undefined ? faintLook(grey) : lookOf(place, options.colours));
  }
  return looks;
}

function marksOf(lines: readonly Line[], looks: ReadonlyMap<string, Look>, options: CurveOptions): Mark[] {
  const behind: Mark[] = [];
  const bands: Mark[] = [];
  const front: Mark[] = [];
  for (const line of lines) {
    const look = looks.get(identity(line, options)) ?? faintLook(grey);
    const { xs, raw, band, bars } = valuesOf(line, options);
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
      front.push({ kind: "dots", look, xs: alone.map((at) => xs[at] ?? 0), ys: alone.map((at) => ys[at] ?? 0) });
    }
  }
  return [...behind, ...bands, ...front];
}

/** Reports with gaps on both sides: no line leads to them, so they are dots. */
function aloneIn(ys: readonly number[]): number[] {
  return ys.flatMap((y, at) =>
    Number.isFinite(y) && !Number.isFinite(ys[at - 1]) && !Number.isFinite(ys[at + 1]) ? [at] : [],
  );
}

/** A line as it is drawn: smoothed, with its band or bars, whichever there is. */
function curveData(line: Line, options: CurveOptions): Datum {
  const { xs, raw, band, bars } = valuesOf(line, options);
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
    [x]: xs,
    values: smoothed(raw, smoothing),
    ...(spread
      ? { low: smoothed(spread.low, band ? smoothing : 0), high: smoothed(spread.high, band ? smoothing : 0) }
      : {}),
  };
}

interface LineValues {
  readonly xs: readonly number[];
  readonly raw: readonly number[];
  readonly band: ReturnType<typeof edges> | undefined;
  readonly bars: ReturnType<typeof edges> | undefined;
}

function valuesOf({ curves }: Line, { aggregate, shadow, errorBars }: CurveOptions): LineValues {
  const [only] = curves;
  if (aggregate === "none") return { xs: only?.xs ?? [], raw: only?.ys ?? [], band: undefined, bars: undefined };
  const combined = combine(curves);
  const raw = aggregated(combined, aggregate);
  return {
    xs: combined.xs,
    raw,
    band: shadow === "none" || shadow === "pre-smooth" ? undefined : edges(combined, raw, shadow),
    bars: errorBars === "none" ? undefined : edges(combined, raw, errorBars),
  };
}

/** More bars than this beside each other are a smear. */
const mostBars = 25;

function thinned(xs: readonly number[], { low, high }: ReturnType<typeof edges>) {
  const every = Math.max(1, Math.ceil(xs.length / mostBars));
  const kept = xs.map((_, i) => i).filter((i) => (xs.length - 1 - i) % every === 0);
  const pick = (values: readonly number[]): number[] => kept.map((i) => values[i] ?? Number.NaN);
  return { at: pick(xs), low: pick(low), high: pick(high) };
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

function legendOf(lines: readonly Line[], looks: ReadonlyMap<string, Look>, options: CurveOptions): LegendEntry[] {
  const entries = new Map<string, { line: Line; look: Look; rank: number }>();
  const seen = new Set<string>();
  const byCol = !options.breakOn.includes("col") && new Set(lines.map(({ col }) => col)).size > 1;
  let pale = 0;
  for (const line of lines) {
    const look = looks.get(identity(line, options));
    if (!look) continue;
    if (options.breakOn.includes("run") || (options.breakOn.includes("group") && !byCol)) continue;
    const label = labelOf(line, options, byCol);
    const key = byCol ? `${label}\n${line.col}` : label;
    if (seen.has(key)) continue;
    seen.add(key);
    if (look.isFaint) pale += 1;
    else entries.set(key, { line, look, rank: line.rank });
  }
  const sorted = [...entries.values()];
  if (pale > 0) sorted.sort((a, b) => b.rank - a.rank);
  const swatch = options.plotType === "scatter" ? "dot" : sorted.length > 1 ? "marked line" : "line";
  const legend: LegendEntry[] = sorted.map(({ line, look }, i) => {
    const given = options.legendTitles[i] ?? (options.legendTitles.length === 1 ? options.legendTitles[0] : undefined);
    const isPattern = given?.includes("$") ?? false;
    const label = given !== undefined && (isPattern || options.legendTitles[i] !== undefined) ? given : undefined;
    return { label: label === undefined ? labelOf(line, options, byCol) : filledIn(label, line), look, swatch };
  });
  if (pale > 0) legend.push({ label: `and ${pale} more`, look: faintLook(grey), swatch });
  return legend;
}

function labelOf(line: Line, { aggregate, groupBy }: CurveOptions, withCol: boolean): string {
  const name = aggregate === "none" && groupBy === "run" ? (line.curves[0]?.run ?? "") : line.group;
  const col = withCol ? ` ${line.col}` : "";
  if (aggregate === "none") return `${name}${col}`;
  const n = line.curves.length;
  return `${name}${col} (${aggregate} of ${n} ${n === 1 ? "run" : "runs"})`;
}

/** `$run`, `$job`, `$node`, `$col`, `$group` in a title stand for the line's own. */
function filledIn(text: string, line: Line | undefined): string {
  const [curve] = line?.curves ?? [];
  if (!line || !curve) return text;
  return text.replace(/\$(run|job|node|col|group)\b/g, (_, word: "run" | "job" | "node" | "col" | "group") =>
    word === "group" ? line.group : curve[word],
  );
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
  if (pale > 0 && options.groupBy === "run") notes.push("named: the runs with the highest hpmax");
  if (options.aggregate !== "none" && options.x === "hours")
    notes.push("runs read off at even places between their reports");
  return notes;
}
