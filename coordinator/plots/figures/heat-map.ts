import { UsageError } from "../../../shared/errors.ts";
import { type ChosenRuns, type Measure, measureOf } from "../data/chosen-runs.ts";
import { type Dial, dialNamed, dialsOf, inParts } from "../data/dials.ts";
import { axisOfNames, type Box, extent, type Figure, onePanel } from "../figure.ts";
import type { PlotWords } from "../kind.ts";
import type { HeatAggregate } from "../options.ts";
import { rampColour } from "../palette.ts";
import { writeNumber } from "../ticks.ts";
import { aggregated, talliedAt } from "./combine.ts";

/** @throws UsageError unless two hyperparameters and at most one metric are named */
export function heatMapOfRuns(
  runs: ChosenRuns,
  asked: PlotWords & { readonly aggregate: HeatAggregate; readonly title: string | undefined },
): Figure {
  const { names, aggregate } = asked;
  const dials = dialsOf(runs);
  const [across, up, metric = "hpmax", ...more] = names;
  if (across === undefined || up === undefined || more.length > 0) {
    const varied = dials.filter(({ settings }) => settings.length > 1).map(({ name }) => name);
    throw new UsageError(
      `a heat map shows two hyperparameters and a metric (default: hpmax); found ${names.join(", ") || "none"}\n` +
        `  for example: nexus plot heatmap ${runs.jobs} ${varied.slice(0, 2).join(" ")}${runs.flags}`,
    );
  }
  const [first, second] = [dialNamed(dials, across), dialNamed(dials, up)];
  if (first === second)
    throw new UsageError(`a heat map shows two different hyperparameters; found ${first.name} twice`);
  const measure = measureOf(runs, metric);
  const title = asked.title ?? `${runs.jobs}: ${aggregate} ${measure.name}`;
  return heatMap(inParts(first), inParts(second), measure, { aggregate, title });
}

/** Two hyperparameters: each cell is the mean (or maximum, ...) of all runs with those two settings. */
export function heatMap(
  across: Dial,
  up: Dial,
  measure: Measure,
  { aggregate, title }: { readonly aggregate: HeatAggregate; readonly title: string },
): Figure {
  const [columns, rows] = [across.settings.length, up.settings.length];
  const pairs = columns * rows;
  const cellOf = (i: number): number => {
    const [x = -1, y = -1] = [across.positions[i], up.positions[i]];
    return x < 0 || y < 0 || !Number.isFinite(measure.values[i]) ? -1 : y * columns + x;
  };
  const places = measure.values.map((_, i) => cellOf(i));
  const combined = talliedAt(pairs, places, measure.values);
  const values = aggregated(combined, aggregate);
  const cells = [...new Set(places)].flatMap((cell) => {
    const value = values[cell] ?? Number.NaN;
    if (!Number.isFinite(value)) return [];
    return [{ x: cell % columns, y: Math.floor(cell / columns), value, count: combined.count[cell] ?? 0 }];
  });
  const { from, to } = extent(cells.map(({ value }) => value));
  // The best cells are dark.
  const isTurned = measure.isLow === true && aggregate !== "std";
  const boxes = cells.map(({ x, y, value, count }): Box => {
    const height = to > from ? (value - from) / (to - from) : 0.5;
    const share = isTurned ? 1 - height : height;
    return {
      ...{ x1: x - 0.5, x2: x + 0.5, y1: y - 0.5, y2: y + 0.5 },
      colour: rampColour(share),
      text: `${writeNumber(Number(value.toPrecision(2)))}\n${count}`,
      share,
      letter: "#",
    };
  });
  const untried = pairs - cells.length;
  const label = `${aggregate} ${measure.name}`;
  const ranges = [across, up].filter(({ scale }) => scale).map(({ name }) => name);
  return onePanel({
    kind: "heatmap",
    data: () =>
      cells.map(({ x, y, value, count }) => ({
        type: "cell",
        [across.name]: across.values[x],
        [up.name]: up.values[y],
        [label]: value,
        runs: count,
      })),
    title,
    x: axisOfNames(across.name, across.settings),
    y: axisOfNames(up.name, up.settings),
    marks: [{ kind: "boxes", boxes }],
    ramp: from > to ? null : isTurned ? { label, from: to, to: from } : { label, from, to },
    notes: [
      `in each cell: ${label}, and below it, if there is room, how many runs`,
      ...(untried > 0
        ? [`white: ${untried} of ${pairs} pairs with no ${aggregate === "std" ? "two runs" : "run"}`]
        : []),
      ...(ranges.length > 0 ? [`${ranges.join(" and ")}: each value counts at the nearest mark that is shown`] : []),
    ],
    fit: {
      paper: { widthMm: Math.min(180, Math.max(90, 22 + 11 * columns)), panelHeightMm: Math.max(45, 14 + 8 * rows) },
    },
  });
}
