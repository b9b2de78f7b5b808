import { counted } from "../../shared/domain/counted.ts";
import type { Spread } from "./combine.ts";
import { type Dial, evenlyChosen, jitter, type Measure, summaryOf } from "./dials.ts";
import { type Axis, axisOfNames, axisOver, type Figure, type Limits, type Mark } from "./figure.ts";
import { okabeIto, plainLook } from "./palette.ts";

/** More dots are a blot, and a file of megabytes. */
export const mostDots = 5000;

export interface ValueOptions {
  readonly title: string;
  readonly xLabel: string | undefined;
  readonly yLabel: string | undefined;
  readonly xLimits: Limits;
  readonly yLimits: Limits;
  readonly xScale: "linear" | "log";
  readonly yScale: "linear" | "log";
  readonly errorBars: Spread | "none";
}

/** A metric against one hyperparameter: each run a dot beside its setting, and the mean of each setting with its bar. */
export function againstDial(measure: Measure, dial: Dial, options: ValueOptions): Figure {
  const chosen = evenlyChosen(measure.values.length, mostDots);
  const groups = dial.settings.map((_, at) =>
    summaryOf(measure.values.filter((_value, i) => dial.positions[i] === at)),
  );
  const tried = groups.flatMap(({ count }, at) => (count > 0 ? [at] : []));
  const spread: Spread = options.errorBars === "none" ? "sem" : options.errorBars;
  const half = (at: number): readonly [number, number] => {
    const {
      mean = Number.NaN,
      variance = Number.NaN,
      count = 0,
      min = Number.NaN,
      max = Number.NaN,
    } = groups[at] ?? {};
    if (spread === "min-max") return [min, max];
    const size = spread === "var" ? variance : Math.sqrt(spread === "std" ? variance : variance / count);
    return [mean - size, mean + size];
  };
  const means = tried.map((at) => groups[at]?.mean ?? Number.NaN);
  const mean = plainLook(okabeIto.vermillion);
  const runs = plainLook(okabeIto.blue);
  const dotXs = chosen.map((i) => {
    const at = dial.positions[i] ?? -1;
    return at < 0 ? Number.NaN : at + 0.5 * jitter(i);
  });
  const marks: Mark[] = [
    {
      kind: "dots",
      look: { ...runs, isFaint: true },
      xs: dotXs,
      ys: chosen.map((i) => measure.values[i] ?? Number.NaN),
    },
    { kind: "line", look: mean, xs: tried, ys: means, isStep: false },
    {
      kind: "intervals",
      look: mean,
      isUpright: true,
      at: tried,
      low: tried.map((at) => half(at)[0]),
      high: tried.map((at) => half(at)[1]),
    },
    { kind: "dots", look: { ...mean, marker: "square" }, xs: tried, ys: means },
  ];
  return {
    kind: "against",
    data: () => [
      ...tried.map((at) => ({ type: "setting", [dial.name]: dial.values[at], ...groups[at] })),
      ...measure.values.map((value, i) => ({
        type: "run",
        [dial.name]: dial.values[dial.positions[i] ?? -1],
        [measure.name]: value,
      })),
    ],
    title: options.title,
    panels: [
      {
        title: "",
        x: axisOfNames(options.xLabel ?? dial.name, dial.settings),
        y: yAxis(measure, options),
        marks,
      },
    ],
    columns: 1,
    legend: [
      { label: "run", look: runs, swatch: "dot" },
      { label: `mean ${barWords[spread]}`, look: { ...mean, marker: "square" }, swatch: "marked line" },
    ],
    ramp: null,
    notes: leftOut(measure, chosen.length),
  };
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
  const look = plainLook(okabeIto.blue);
  return {
    kind: "against",
    data: () => measure.values.map((value, i) => ({ type: "run", [x.name]: x.values[i], [measure.name]: value })),
    title: options.title,
    panels: [
      {
        title: "",
        x: axisOver(options.xLabel ?? x.name, x.values, { scale: options.xScale, limits: options.xLimits }),
        y: yAxis(measure, options),
        marks: [
          {
            kind: "dots",
            look,
            xs: chosen.map((i) => x.values[i] ?? Number.NaN),
            ys: chosen.map((i) => measure.values[i] ?? Number.NaN),
          },
        ],
      },
    ],
    columns: 1,
    legend: [],
    ramp: null,
    notes: leftOut(measure, chosen.length),
  };
}

/** A metric of each run in the order in which they completed, with the best so far. */
export function inOrder(measure: Measure, options: ValueOptions): Figure {
  const chosen = evenlyChosen(measure.values.length, mostDots);
  let best = Number.NaN;
  const bests = measure.values.map((value) => {
    if (Number.isFinite(value) && !(value <= best)) best = value;
    return best;
  });
  const runs = plainLook(okabeIto.blue);
  const leader = plainLook(okabeIto.vermillion);
  const places = measure.values.map((_, i) => i + 1);
  return {
    kind: "order",
    data: () =>
      measure.values.map((value, i) => ({ type: "run", completed: i + 1, [measure.name]: value, best: bests[i] })),
    title: options.title,
    panels: [
      {
        title: "",
        x: axisOver(options.xLabel ?? "completed runs", [0, ...places.slice(-1)], {
          scale: options.xScale,
          isWhole: true,
          limits: options.xLimits,
        }),
        y: yAxis(measure, options),
        marks: [
          {
            kind: "dots",
            look: { ...runs, isFaint: true },
            xs: chosen.map((i) => i + 1),
            ys: chosen.map((i) => measure.values[i] ?? Number.NaN),
          },
          { kind: "line", look: leader, xs: places, ys: bests, isStep: true },
        ],
      },
    ],
    columns: 1,
    legend: [
      { label: "run", look: runs, swatch: "dot" },
      { label: "highest so far", look: leader, swatch: "line" },
    ],
    ramp: null,
    notes: leftOut(measure, chosen.length),
  };
}

const yAxis = (measure: Measure, { yLabel, yScale, yLimits }: ValueOptions): Axis =>
  axisOver(yLabel ?? measure.name, measure.values, { scale: yScale, limits: yLimits });

function leftOut({ values, name }: Measure, shown: number): string[] {
  const without = values.filter((value) => !Number.isFinite(value)).length;
  return [
    ...(without > 0
      ? [`${without} of ${counted(values.length, "run")} ${without === 1 ? "has" : "have"} no ${name}`]
      : []),
    ...(shown < values.length
      ? [`${shown} of ${values.length} runs drawn, evenly chosen; lines and bars are of all`]
      : []),
  ];
}
