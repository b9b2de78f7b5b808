/** All options of `nexus plot`; each kind picks its own. */

import { didYouMean } from "../../shared/domain/runspec/nearest-name.ts";
import { UsageError } from "../../shared/errors.ts";
import { dotForms } from "../chart/dots.ts";
import type { FigureSize, Limits } from "./figure.ts";
import { anyText, count, flag, list, listOf, oneOf, text } from "./option.ts";
import { okabeIto } from "./palette.ts";

const spreads = ["std", "var", "sem", "min-max"] as const;
export type Spread = (typeof spreads)[number];
const aggregates = ["mean", "min", "max", "std", "var", "sem"] as const;
export type Aggregate = (typeof aggregates)[number];
const heatAggregates = ["mean", "max", "min", "std"] as const;
export type HeatAggregate = (typeof heatAggregates)[number];
const groupings = ["run", "node", "job", "experiment", "workspace"] as const;
export type Grouping = (typeof groupings)[number];
const breaks = ["run", "col", "group"] as const;
export type Break = (typeof breaks)[number];

export const noLimits: Limits = { from: null, to: null };

const title = anyText("--title <text>", "above the figure; empty: none");

/** Where and how a plot is drawn. */
const outputOptions = {
  file: text("--save-to <file>", "write to a file, .svg or .png, instead of the terminal", fileName, undefined),
  size: text("--size <WxH>", "of a plot in a file, in millimetres, e.g. 90x60", sizeInMm, undefined),
  dpi: count("--dpi <n>", "dots per inch of a PNG (240)"),
  font: anyText("--font <file>", "font of a PNG, if the machine has none"),
  form: text("--glyphs <form>", "in the terminal: braille, block, ascii", oneOf(dotForms), undefined),
  isJson: flag("--json", "what is drawn as numbers, unrounded, one JSON object a line"),
};

/** What every kind takes. */
export const commonOptions = { title, ...outputOptions };

export const xLabel = anyText("--x-label <text>", "instead of the column's name");

export const axisOptions = {
  xLabel,
  yLabel: anyText("--y-label <text>", "instead of the column's name"),
  xLimits: text("--x-limits <from,to>", "ends of the axis; either may be left out", limits, noLimits),
  yLimits: text("--y-limits <from,to>", "ends of the axis; either may be left out", limits, noLimits),
};
export const scaleOptions = {
  xScale: text("--x-scale <scale>", "linear, log", oneOf(["linear", "log"]), "linear"),
  yScale: text("--y-scale <scale>", "linear, log", oneOf(["linear", "log"]), "linear"),
};

export const filterOptions = {
  filter: list("--filter <test>", 'only runs that pass, e.g. "hpmax>=0.03"; may be repeated'),
  status: anyText("--status <words>", "only runs with that status, e.g. completed,running"),
};
export const maxRuns = count("--max-runs <n>", "only the first n runs");

export const heatAggregate = text("--aggregate <how>", "mean, max, min, std", oneOf(heatAggregates), "mean");

/** What a plot of runs takes. */
export const runsOptions = {
  aggregate: text(
    "--aggregate <how>",
    "aggregate runs: mean, min, max, std, var, sem (none)",
    oneOf(["none", ...aggregates]),
    "none",
  ),
  /** Undefined: by job if runs are aggregated, otherwise by run. */
  groupBy: text(
    "--group-by <what>",
    "what to aggregate by: run, node, job, experiment, workspace",
    oneOf(groupings),
    undefined,
  ),
  shadow: text(
    "--shadow-type <spread>",
    "band: std, sem, var, min-max; pre-smooth: the curve before smoothing",
    oneOf(["none", ...spreads, "pre-smooth"]),
    "none",
  ),
  errorBars: text("--error-bars <spread>", "bars: std, sem, var, min-max", oneOf(["none", ...spreads]), "none"),
  /** Undefined: by column if there are several. */
  breakOn: text(
    "--break-on <what>",
    "a separate plot for each run, col or group; commas between",
    (typed, long): readonly Break[] =>
      typed === "none" ? [] : [...new Set(listOf(typed).map((word) => oneOf(breaks)(word, long)))],
    undefined,
  ),
  layout: text("--layout <RxC>", "rows x columns of plots, e.g. 2x3", layoutOf, undefined),
  plotType: text("--plot-type <type>", "line, scatter, histogram", oneOf(["line", "scatter", "histogram"]), "line"),
  x: anyText(
    "--x <column>",
    "iters, hours; or a hyperparameter or other column, against which one value of each run is drawn",
  ),
  ...axisOptions,
  ...scaleOptions,
  title,
  panelTitles: text(
    "--plot-titles <texts>",
    "above each plot; commas between; $run, $job, $node, $col, $group",
    listOf,
    [],
  ),
  legendTitles: text(
    "--legend-titles <texts>",
    "in the legend; commas between, or one with $run, $job, $node, $col, $group",
    listOf,
    [],
  ),
  smoothing: text("--smoothing-factor <f>", "exponential moving average, 0 to below 1", smoothingFactor, 0),
  colours: text("--colors <list>", "names or #rrggbb; commas between", coloursOf, []),
  /** Undefined: chosen from the values. */
  bins: count("--bins <n>", "of a histogram"),
  maxRuns,
  ...filterOptions,
  ...outputOptions,
};

/** `2x3`: rows x columns; either may be left out. */
export interface Layout {
  readonly rows: number | undefined;
  readonly columns: number | undefined;
}

function layoutOf(typed: string, long: string): Layout {
  const match = /^(\d{1,2})?x(\d{1,2})?$/i.exec(typed.trim());
  const [rows, columns] = [match?.[1], match?.[2]].map((part) => (part === undefined ? undefined : Number(part)));
  if (!match || (rows === undefined && columns === undefined) || rows === 0 || columns === 0) {
    throw new UsageError(`${long}=${typed}: expected rows x columns, such as 2x3, or 2x or x3`);
  }
  return { rows, columns };
}

const numberPattern = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** Not 1e999, which is infinite: an axis would have no end. */
const isNumber = (text: string): boolean => numberPattern.test(text) && Number.isFinite(Number(text));

/** `0,0.1`, `0,` or `,0.1`. */
function limits(typed: string, long: string): Limits {
  const parts = typed.split(/[,:]/).map((part) => part.trim());
  const [from = null, to = null] = parts.map((part) => (part === "" ? null : Number(part)));
  const isWrong = parts.length !== 2 || parts.some((part) => part !== "" && !isNumber(part));
  if (isWrong || (from === null && to === null)) {
    throw new UsageError(`${long}=${typed}: expected two numbers, such as 0,0.1; either may be left out: 0, or ,0.1`);
  }
  if (from !== null && to !== null && from >= to) {
    throw new UsageError(`${long}=${typed}: the first number must be the smaller one`);
  }
  return { from, to };
}

function smoothingFactor(typed: string, long: string): number {
  const value = numberPattern.test(typed) ? Number(typed) : Number.NaN;
  if (value >= 0 && value < 1) return value;
  throw new UsageError(`${long}=${typed}: expected 0 (none) to below 1, such as 0.9`);
}

/** `90x60`: millimetres. */
function sizeInMm(typed: string, long: string): FigureSize {
  const [, width, height] = /^(\d{2,4}(?:\.\d+)?)x(\d{2,4}(?:\.\d+)?)(?:mm)?$/.exec(typed) ?? [];
  const size = { widthMm: Number(width), panelHeightMm: Number(height) };
  if (size.widthMm >= 40 && size.widthMm <= 1000 && size.panelHeightMm >= 20 && size.panelHeightMm <= 1000) return size;
  throw new UsageError(
    `${long}=${typed}: expected width x height of a plot in millimetres, 40x20 to 1000x1000, such as 90x60`,
  );
}

const basicColours: Readonly<Record<string, string>> = {
  ...okabeIto,
  red: "#d62728",
  yellow: "#f0e442",
  grey: "#7f7f7f",
  gray: "#7f7f7f",
  brown: "#8c564b",
  pink: "#e377c2",
  cyan: "#17becf",
  navy: "#000080",
  olive: "#808000",
};

function coloursOf(typed: string, long: string): string[] {
  return listOf(typed).map((each) => {
    const word = each.toLowerCase();
    if (/^#[0-9a-f]{6}$/.test(word)) return word;
    if (/^#[0-9a-f]{3}$/.test(word)) return `#${[...word.slice(1)].map((digit) => digit + digit).join("")}`;
    const named = Object.hasOwn(basicColours, word) ? basicColours[word] : undefined;
    if (named !== undefined) return named;
    const names = Object.keys(basicColours);
    throw new UsageError(
      `${long}: "${each}" is not a colour${didYouMean(word, names)}\n  expected #rrggbb or one of ${names.join(", ")}`,
    );
  });
}

export interface FileName {
  readonly path: string;
  readonly format: "svg" | "png";
}

function fileName(path: string, long: string): FileName {
  const format = /\.([a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase();
  if (format === "svg" || format === "png") return { path, format };
  throw new UsageError(`${long}=${path}: expected a file that ends in .svg or .png`);
}
