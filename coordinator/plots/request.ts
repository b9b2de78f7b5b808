import { nearestName } from "../../shared/domain/runspec/nearest-name.ts";
import { UsageError } from "../../shared/errors.ts";
import type { DotForm } from "../chart/dots.ts";
import { dotForms } from "../chart/dots.ts";
import { type Aggregate, aggregates, type Spread, spreads } from "./combine.ts";
import { type Break, breaks, type Grouping, groupings } from "./curve-lines.ts";
import { type Limits, noLimits } from "./figure.ts";
import { type HeatAggregate, heatAggregates } from "./heat-map.ts";
import { type Layout, parseLayout } from "./layout.ts";
import type { FigureSize } from "./svg-size.ts";
import * as words from "./words.ts";

/** The options of `nexus plot` as they were typed. */
export interface PlotOptions {
  readonly aggregate?: string;
  readonly groupBy?: string;
  readonly shadowType?: string;
  readonly errorBars?: string;
  readonly breakOn?: string;
  readonly layout?: string;
  readonly plotType?: string;
  readonly x?: string;
  readonly xLabel?: string;
  readonly yLabel?: string;
  readonly xLimits?: string;
  readonly yLimits?: string;
  readonly xScale?: string;
  readonly yScale?: string;
  readonly title?: string;
  readonly plotTitles?: string;
  readonly legendTitles?: string;
  readonly smoothingFactor?: string;
  readonly colors?: string;
  readonly bins?: number;
  readonly maxRuns?: number;
  readonly filter?: readonly string[];
  readonly status?: string;
  readonly saveTo?: string;
  readonly size?: string;
  readonly dpi?: number;
  readonly font?: string;
  readonly glyphs?: string;
  readonly json?: boolean;
}

export const kinds = ["summary", "importance", "parallel", "heatmap", "timeline"] as const;
export type Kind = (typeof kinds)[number] | "runs";

/** What is asked for, every word of it checked; nothing was read yet. */
export interface PlotRequest {
  readonly kind: Kind;
  /** Words of a run list. */
  readonly runs: readonly string[];
  /** Columns, in the order typed. */
  readonly names: readonly string[];
  readonly aggregate: Aggregate | "none";
  readonly heatAggregate: HeatAggregate;
  /** Undefined: jobs where runs are put together, otherwise each run for itself. */
  readonly groupBy: Grouping | undefined;
  readonly shadow: Spread | "pre-smooth" | "none";
  readonly errorBars: Spread | "none";
  /** Undefined: columns, where there are several. */
  readonly breakOn: readonly Break[] | undefined;
  readonly layout: Layout | undefined;
  readonly plotType: "line" | "scatter" | "histogram";
  readonly x: string | undefined;
  readonly xLabel: string | undefined;
  readonly yLabel: string | undefined;
  readonly xLimits: Limits;
  readonly yLimits: Limits;
  readonly xScale: "linear" | "log";
  readonly yScale: "linear" | "log";
  readonly title: string | undefined;
  readonly panelTitles: readonly string[];
  readonly legendTitles: readonly string[];
  readonly smoothing: number;
  readonly colours: readonly string[];
  readonly bins: number | undefined;
  readonly maxRuns: number | undefined;
  readonly filter: readonly string[];
  readonly status: string | undefined;
  readonly form: DotForm | undefined;
  readonly size: FigureSize | undefined;
  readonly file: PlotFile | undefined;
  /** Its data instead of a picture; with a file, beside it. */
  readonly isJson: boolean;
}

export interface PlotFile {
  readonly path: string;
  readonly format: words.FileFormat;
  readonly font: string | undefined;
  readonly dpi: number | undefined;
}

/** What every kind takes. */
const common: readonly (keyof PlotOptions)[] = ["title", "saveTo", "size", "dpi", "font", "glyphs", "json"];
const chosenRuns: readonly (keyof PlotOptions)[] = ["filter", "status", "maxRuns"];
const axes: readonly (keyof PlotOptions)[] = ["xLabel", "yLabel", "xLimits", "yLimits"];
/** What each further kind takes; the plots of runs take everything. */
const optionsOf: Readonly<Record<Exclude<Kind, "runs">, readonly (keyof PlotOptions)[]>> = {
  summary: [...common, ...axes],
  importance: [...common, "filter", "status"],
  parallel: [...common, ...chosenRuns],
  heatmap: [...common, ...chosenRuns, "aggregate"],
  timeline: [...common, "xLabel"],
};

/** @throws UsageError where a word cannot be meant */
export function readRequest(operands: readonly string[], options: PlotOptions): PlotRequest {
  const { kind, runs, names } = readOperands(operands);
  if (kind !== "runs") refuseOthers(kind, options);
  const given = <T>(text: string | undefined, read: (text: string) => T): T | undefined =>
    text === undefined ? undefined : read(text);
  const plotType = words.oneOf("--plot-type", options.plotType ?? "line", ["line", "scatter", "histogram"]);
  const scales = ["linear", "log"] as const;
  const request: PlotRequest = {
    kind,
    runs,
    names,
    aggregate:
      kind === "heatmap" ? "none" : words.oneOf("--aggregate", options.aggregate ?? "none", ["none", ...aggregates]),
    heatAggregate:
      kind === "heatmap" ? words.oneOf("--aggregate", options.aggregate ?? "mean", heatAggregates) : "mean",
    groupBy: given(options.groupBy, (text) => words.oneOf("--group-by", text, groupings)),
    shadow: words.oneOf("--shadow-type", options.shadowType ?? "none", ["none", ...spreads, "pre-smooth"]),
    errorBars: words.oneOf("--error-bars", options.errorBars ?? "none", ["none", ...spreads]),
    breakOn: given(options.breakOn, readBreaks),
    layout: given(options.layout, parseLayout),
    plotType,
    x: options.x,
    xLabel: options.xLabel,
    yLabel: options.yLabel,
    xLimits: given(options.xLimits, (text) => words.limits("--x-limits", text)) ?? noLimits,
    yLimits: given(options.yLimits, (text) => words.limits("--y-limits", text)) ?? noLimits,
    xScale: words.oneOf("--x-scale", options.xScale ?? "linear", scales),
    yScale: words.oneOf("--y-scale", options.yScale ?? "linear", scales),
    title: options.title,
    panelTitles: words.listOf(options.plotTitles),
    legendTitles: words.listOf(options.legendTitles),
    smoothing: words.smoothingFactor(options.smoothingFactor ?? "0"),
    colours: given(options.colors, words.colours) ?? [],
    bins: options.bins,
    maxRuns: options.maxRuns,
    filter: options.filter ?? [],
    status: options.status,
    form: given(options.glyphs, (text) => words.oneOf("--glyphs", text, dotForms)),
    size: given(options.size, words.sizeInMm),
    isJson: options.json === true,
    file: given(options.saveTo, (path) => ({
      path,
      format: words.formatOf(path),
      font: options.font,
      dpi: options.dpi,
    })),
  };
  checkTogether(request, options);
  return request;
}

function readOperands(operands: readonly string[]): Pick<PlotRequest, "kind" | "runs" | "names"> {
  const [first = "", ...rest] = operands;
  const kind = first === "heat-map" ? "heatmap" : kinds.find((each) => each === first);
  const named = kind === undefined ? operands : rest;
  const isRuns = (word: string): boolean => /(^|[/,])(job|run)[\d*]/.test(word);
  const runs = named.filter(isRuns);
  const names = named
    .filter((word) => !isRuns(word))
    .flatMap((word) => words.listOf(word))
    .filter((word) => word !== "");
  if (runs.length === 0) {
    const nearest = nearestName(first, kinds);
    const hint = kind === undefined && nearest !== undefined ? `; did you mean nexus plot ${nearest}?` : "";
    throw new UsageError(
      `which runs? ${kind === undefined ? `"${first}" is neither a job or run nor a kind of plot` : "expected a job"}${hint}\n` +
        `  for example: nexus plot ${kind === undefined ? "job1 s1-rew" : `${kind} job1${kind === "heatmap" ? " lr units" : ""}`}`,
    );
  }
  return { kind: kind ?? "runs", runs, names };
}

function readBreaks(text: string): Break[] {
  if (text === "none") return [];
  return [...new Set(words.listOf(text).map((word) => words.oneOf("--break-on", word, breaks)))];
}

function refuseOthers(kind: Exclude<Kind, "runs">, options: PlotOptions): void {
  const known = new Set<string>(optionsOf[kind]);
  const other = Object.entries(options).find(([name, value]) => value !== undefined && !known.has(name));
  if (!other) return;
  const typed = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  throw new UsageError(
    `nexus plot ${kind} takes no ${typed(other[0])}\n  it takes: ${optionsOf[kind].map(typed).join(", ")}`,
  );
}

/** Words that only mean something beside others. */
function checkTogether(request: PlotRequest, options: PlotOptions): void {
  const { aggregate, shadow, errorBars, smoothing, plotType, file } = request;
  for (const name of ["font", "dpi"] as const) {
    if (options[name] !== undefined && file?.format !== "png") {
      throw new UsageError(`--${name} is for PNG files: --save-to=plot.png`);
    }
  }
  if (options.size !== undefined && !file) throw new UsageError("--size is for files: --save-to=plot.svg");
  if (request.kind !== "runs") return;
  const together = "\n  put runs together first, for example: --aggregate=mean --group-by=job";
  const isOver = request.x !== undefined && !["iters", "hours"].includes(request.x);
  if (plotType === "histogram") {
    for (const name of ["aggregate", "shadowType", "errorBars", "smoothingFactor", "x"] as const) {
      if (options[name] !== undefined)
        throw new UsageError(`a histogram has no --${name.replace(/[A-Z]/g, (l) => `-${l.toLowerCase()}`)}`);
    }
  } else if (options.bins !== undefined) {
    throw new UsageError("--bins is for histograms: --plot-type=histogram");
  }
  if (aggregate === "none" && shadow !== "none" && shadow !== "pre-smooth") {
    throw new UsageError(`--shadow-type=${shadow} is the spread of several runs${together}`);
  }
  if (aggregate === "none" && errorBars !== "none" && !isOver) {
    throw new UsageError(`--error-bars=${errorBars} is the spread of several runs${together}`);
  }
  if (
    ["std", "var", "sem"].includes(aggregate) &&
    (shadow !== "none" || errorBars !== "none") &&
    shadow !== "pre-smooth"
  ) {
    throw new UsageError(
      `--aggregate=${aggregate} is a spread itself and has no band or bars of its own; use --aggregate=mean`,
    );
  }
  if (shadow === "pre-smooth" && smoothing === 0) {
    throw new UsageError("--shadow-type=pre-smooth shows curves before smoothing; add --smoothing-factor=0.9");
  }
}
