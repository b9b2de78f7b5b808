import type { Dial, Measure } from "./dials.ts";
import { summaryOf } from "./dials.ts";
import { axisOfNames, type Box, type Figure } from "./figure.ts";
import { rampColour } from "./palette.ts";
import { writeNumber } from "./ticks.ts";

export const heatAggregates = ["mean", "max", "min", "std"] as const;
export type HeatAggregate = (typeof heatAggregates)[number];

/** Two hyperparameters: each cell the mean (or the best, ...) of all runs with those two settings, whatever else they had. */
export function heatMap(
  across: Dial,
  up: Dial,
  measure: Measure,
  options: { readonly aggregate: HeatAggregate; readonly title: string },
): Figure {
  const groups = new Map<number, number[]>();
  measure.values.forEach((value, i) => {
    const [x = -1, y = -1] = [across.positions[i], up.positions[i]];
    if (x < 0 || y < 0 || !Number.isFinite(value)) return;
    const cell = y * across.settings.length + x;
    const there = groups.get(cell);
    if (there) there.push(value);
    else groups.set(cell, [value]);
  });
  const cells = [...groups].flatMap(([cell, values]) => {
    const { mean, max, min, variance, count } = summaryOf(values);
    const value = { mean, max, min, std: Math.sqrt(variance) }[options.aggregate];
    if (!Number.isFinite(value)) return [];
    return [{ x: cell % across.settings.length, y: Math.floor(cell / across.settings.length), value, count }];
  });
  const values = cells.map(({ value }) => value);
  const from = values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const to = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const boxes = cells.map(({ x, y, value, count }): Box => {
    const share = to > from ? (value - from) / (to - from) : 0.5;
    return {
      x1: x - 0.5,
      x2: x + 0.5,
      y1: y - 0.5,
      y2: y + 0.5,
      colour: rampColour(share),
      text: `${writeNumber(Number(value.toPrecision(2)))}\n${count}`,
      share,
      letter: "#",
    };
  });
  const combinations = across.settings.length * up.settings.length;
  const untried = combinations - cells.length;
  const label = `${options.aggregate} ${measure.name}`;
  return {
    kind: "heatmap",
    data: () =>
      cells.map(({ x, y, value, count }) => ({
        type: "cell",
        [across.name]: across.values[x],
        [up.name]: up.values[y],
        [label]: value,
        runs: count,
      })),
    title: options.title,
    panels: [
      {
        title: "",
        x: axisOfNames(across.name, across.settings),
        y: axisOfNames(up.name, up.settings),
        marks: [{ kind: "boxes", boxes }],
      },
    ],
    columns: 1,
    legend: [],
    ramp: from <= to ? { label, from, to } : null,
    notes: [
      `in each cell: ${label}, and below it, where there is room, how many runs`,
      ...(untried > 0
        ? [`white: ${untried} of ${combinations} pairs with no ${options.aggregate === "std" ? "two runs" : "run"}`]
        : []),
    ],
  };
}
