import { type Measure, withoutNote } from "../data/chosen-runs.ts";
import { axisOver, type Figure, type Panel, plainBox } from "../figure.ts";
import type { Values } from "../kind.ts";
import type { axisOptions, runsOptions } from "../options.ts";
import { okabeIto } from "../palette.ts";
import { columnsFor, titleAt } from "./panels.ts";

type AskedBins = Pick<Values<typeof runsOptions>, "panelTitles" | "bins" | "layout">;

export interface HistogramOptions extends AskedBins, Values<typeof axisOptions> {
  readonly title: string;
}

/** How often each value occurred: one panel per group, all with the same bins. */
export function histogram(
  groups: readonly { readonly name: string; readonly measure: Measure }[],
  options: HistogramOptions,
): Figure {
  const all = groups.flatMap(({ measure }) => measure.values);
  const edges = binEdges(all.filter(Number.isFinite), options.bins);
  const bars = groups.map(({ name, measure }) => ({ name, measure, counts: countIn(edges, measure.values) }));
  const y = axisOver(options.yLabel ?? "runs", [0, ...bars.flatMap(({ counts }) => counts)], {
    isWhole: true,
    limits: options.yLimits,
    room: 0.05,
  });
  const panels: Panel[] = bars.map(({ name, measure, counts }, i) => ({
    title:
      titleAt(options.panelTitles, i)?.replaceAll("$group", name).replaceAll("$col", measure.name) ??
      (groups.length > 1 ? name : ""),
    x: axisOver(options.xLabel ?? measure.name, edges, { limits: options.xLimits, room: 0.02 }),
    // Columns start at the axis.
    y: { ...y, from: options.yLimits.from ?? 0 },
    marks: [
      {
        kind: "boxes",
        boxes: counts.flatMap((y2, at) => {
          const [x1 = 0, x2 = 0] = [edges[at], edges[at + 1]];
          return y2 === 0 ? [] : [plainBox({ x1, x2, y1: 0, y2, colour: okabeIto.blue })];
        }),
      },
    ],
  }));
  return {
    kind: "histogram",
    data: () =>
      bars.flatMap(({ name, measure, counts }) =>
        counts.map((runs, at) => ({
          type: "bin",
          group: name,
          measure: measure.name,
          from: edges[at],
          to: edges[at + 1],
          runs,
        })),
      ),
    title: options.title,
    panels,
    columns: columnsFor(panels.length, options.layout),
    legend: [],
    ramp: null,
    notes: withoutNote({ name: groups[0]?.measure.name ?? "", values: all }),
  };
}

const fewest = 5;
const most = 60;

/** Bins 2 IQR / n^(1/3) wide, which outliers do not widen (Freedman and Diaconis 1981). */
export function binEdges(values: readonly number[], bins: number | undefined): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  const [least = 0] = sorted;
  const greatest = sorted.at(-1) ?? 1;
  if (least === greatest) {
    const half = least === 0 ? 0.5 : Math.abs(least) * 0.05;
    return [least - half, least + half];
  }
  const quantile = (q: number): number => sorted[Math.round(q * (sorted.length - 1))] ?? least;
  const width = (2 * (quantile(0.75) - quantile(0.25))) / Math.cbrt(sorted.length);
  const wanted = width > 0 ? Math.ceil((greatest - least) / width) : Math.ceil(Math.sqrt(sorted.length));
  const count = bins ?? Math.min(most, Math.max(fewest, wanted));
  return Array.from({ length: count + 1 }, (_, i) =>
    i === count ? greatest : least * (1 - i / count) + greatest * (i / count),
  );
}

/** The last bin includes its upper edge. */
export function countIn(edges: readonly number[], values: readonly number[]): number[] {
  const bins = edges.length - 1;
  const counts = new Array<number>(bins).fill(0);
  const [least = 0] = edges;
  const span = (edges.at(-1) ?? 1) - least;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    const at = Math.min(bins - 1, Math.max(0, Math.floor(((value - least) / span) * bins)));
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
}
