import { type Dial, type Measure, withoutNote } from "../data/chosen-runs.ts";
import { type Axis, axisOfNames, axisOver, type Figure, onePanel, valuesAt } from "../figure.ts";
import type { Values } from "../kind.ts";
import type { runsOptions, Spread } from "../options.ts";
import { okabeIto, plainLook } from "../palette.ts";
import { edges, Tally } from "./combine.ts";
import { evenlyChosen, jitter, mostDots } from "./dots.ts";

export type ValueOptions = { readonly title: string } & Pick<
  Values<typeof runsOptions>,
  "xLabel" | "yLabel" | "xLimits" | "yLimits" | "xScale" | "yScale" | "errorBars"
>;

/** A metric against one hyperparameter: each run a dot beside its setting, and the mean of each setting with its bar. */
export function againstDial(measure: Measure, dial: Dial, options: ValueOptions): Figure {
  const chosen = evenlyChosen(measure.values.length, mostDots);
  const tally = new Tally(dial.settings.map((_, at) => at));
  measure.values.forEach((value, i) => {
    tally.add(dial.positions[i] ?? -1, value);
  });
  const all = tally.combined();
  const tried = all.xs.filter((at) => (all.count[at] ?? 0) > 0);
  const spread: Spread = options.errorBars === "none" ? "sem" : options.errorBars;
  const { low, high } = edges(all, all.mean, spread);
  const means = valuesAt(all.mean, tried);
  const mean = plainLook(okabeIto.vermillion);
  const runs = plainLook(okabeIto.blue);
  const settingOf = (at: number) => {
    const [count, each, variance, min, max] = [all.count, all.mean, all.variance, all.min, all.max].map((of) => of[at]);
    return { type: "setting", [dial.name]: dial.values[at], count, mean: each, variance, min, max };
  };
  const dotXs = chosen.map((i) => {
    const at = dial.positions[i] ?? -1;
    return at < 0 ? Number.NaN : at + 0.5 * jitter(i);
  });
  return onePanel({
    kind: "against",
    data: () => [
      ...tried.map(settingOf),
      ...measure.values.map((value, i) => ({
        type: "run",
        [dial.name]: dial.values[dial.positions[i] ?? -1],
        [measure.name]: value,
      })),
    ],
    title: options.title,
    x: axisOfNames(options.xLabel ?? dial.name, dial.settings),
    y: yAxis(measure, options),
    marks: [
      { kind: "dots", look: { ...runs, isFaint: true }, xs: dotXs, ys: valuesAt(measure.values, chosen) },
      { kind: "line", look: mean, xs: tried, ys: means, isStep: false },
      {
        kind: "intervals",
        look: mean,
        isUpright: true,
        at: tried,
        low: valuesAt(low, tried),
        high: valuesAt(high, tried),
      },
      { kind: "dots", look: { ...mean, marker: "square" }, xs: tried, ys: means },
    ],
    legend: [
      { label: "run", look: runs, swatch: "dot" },
      { label: `mean ${barWords[spread]}`, look: { ...mean, marker: "square" }, swatch: "marked line" },
    ],
    notes: leftOut(measure, chosen.length),
  });
}

const barWords: Readonly<Record<Spread, string>> = {
  std: "± standard deviation",
  var: "± variance",
  sem: "± standard error",
  "min-max": "with range",
};

/** A metric against another number of the same runs. */
export function againstMeasure(measure: Measure, x: Measure, options: ValueOptions): Figure {
  const chosen = evenlyChosen(measure.values.length, mostDots);
  const [xs, ys] = [valuesAt(x.values, chosen), valuesAt(measure.values, chosen)];
  return onePanel({
    kind: "against",
    data: () => measure.values.map((value, i) => ({ type: "run", [x.name]: x.values[i], [measure.name]: value })),
    title: options.title,
    x: axisOver(options.xLabel ?? x.name, x.values, { scale: options.xScale, limits: options.xLimits }),
    y: yAxis(measure, options),
    marks: [{ kind: "dots", look: plainLook(okabeIto.blue), xs, ys }],
    notes: leftOut(measure, chosen.length),
  });
}

/** A metric of each run in the order in which they completed, with the best so far. */
export function inOrder(measure: Measure, options: ValueOptions): Figure {
  const { name, values } = measure;
  const chosen = evenlyChosen(values.length, mostDots);
  let best = Number.NaN;
  const bests = values.map((value) => {
    if (Number.isFinite(value) && !(value <= best)) best = value;
    return best;
  });
  const runs = plainLook(okabeIto.blue);
  const leader = plainLook(okabeIto.vermillion);
  const places = values.map((_, i) => i + 1);
  return onePanel({
    kind: "order",
    data: () => values.map((value, i) => ({ type: "run", completed: i + 1, [name]: value, best: bests[i] })),
    title: options.title,
    x: axisOver(options.xLabel ?? "completed runs", [0, values.length], {
      scale: options.xScale,
      isWhole: true,
      limits: options.xLimits,
    }),
    y: yAxis(measure, options),
    marks: [
      { kind: "dots", look: { ...runs, isFaint: true }, xs: valuesAt(places, chosen), ys: valuesAt(values, chosen) },
      { kind: "line", look: leader, xs: places, ys: bests, isStep: true },
    ],
    legend: [
      { label: "run", look: runs, swatch: "dot" },
      { label: "highest so far", look: leader, swatch: "line" },
    ],
    notes: leftOut(measure, chosen.length),
  });
}

const yAxis = ({ name, values }: Measure, { yLabel, yScale, yLimits }: ValueOptions): Axis =>
  axisOver(yLabel ?? name, values, { scale: yScale, limits: yLimits });

const leftOut = (measure: Measure, shown: number): string[] => [
  ...withoutNote(measure),
  ...(shown < measure.values.length
    ? [`${shown} of ${measure.values.length} runs drawn, evenly chosen; lines and bars are of all`]
    : []),
];
