import { type Measure, withoutNote } from "../data/chosen-runs.ts";
import { type Dial, placeIn } from "../data/dials.ts";
import { axisOfNames, axisOver, type Figure, onePanel, type Panel, valuesAt } from "../figure.ts";
import type { Values } from "../kind.ts";
import type { axisOptions, Spread, scaleOptions } from "../options.ts";
import { okabeIto, plainLook } from "../palette.ts";
import { edges, talliedAt } from "./combine.ts";
import { evenlyChosen, jitter, mostDots } from "./dots.ts";

export interface ValueOptions extends Values<typeof axisOptions & typeof scaleOptions> {
  readonly title: string;
  readonly errorBars: Spread | "none";
}

/** A metric against one hyperparameter: a dot near its setting for each run, and each setting's mean with an error bar. */
export function againstDial(measure: Measure, dial: Dial, options: ValueOptions): Figure {
  const chosen = evenlyChosen(measure.values.length, mostDots);
  const all = talliedAt(dial.settings.length, dial.positions, measure.values);
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
  // A range is drawn as its scale says, a list with its settings at equal distances.
  const placeOf = (at: number): number => (dial.scale ? placeIn(dial, at) : at);
  const dotXs = chosen.map((i) => {
    const at = dial.positions[i] ?? -1;
    return at < 0 ? Number.NaN : placeOf(at) + (dial.scale ? 0.01 : 0.5) * jitter(i);
  });
  const label = options.xLabel ?? dial.name;
  const triedXs = tried.map(placeOf);
  return ofMeasure(measure, options, {
    kind: "against",
    data: () => [
      ...tried.map(settingOf),
      ...measure.values.map((value, i) => ({
        type: "run",
        [dial.name]: dial.values[dial.positions[i] ?? -1],
        [measure.name]: value,
      })),
    ],
    x: dial.scale
      ? { label, scale: "linear", from: -0.03, to: 1.03, ticks: dial.scale.ticks, isWhole: false }
      : axisOfNames(label, dial.settings),
    marks: [
      { kind: "dots", look: { ...runs, isFaint: true }, xs: dotXs, ys: valuesAt(measure.values, chosen) },
      { kind: "line", look: mean, xs: triedXs, ys: means, isStep: false },
      {
        kind: "intervals",
        look: mean,
        isUpright: true,
        at: triedXs,
        low: valuesAt(low, tried),
        high: valuesAt(high, tried),
      },
      { kind: "dots", look: { ...mean, marker: "square" }, xs: triedXs, ys: means },
    ],
    legend: [
      { label: "run", look: runs, swatch: "dot" },
      { label: `mean ${barWords[spread]}`, look: { ...mean, marker: "square" }, swatch: "marked line" },
    ],
  });
}

const barWords: Readonly<Record<Spread, string>> = {
  std: "± standard deviation",
  var: "± variance",
  sem: "± standard error",
  "min-max": "with range",
};

/** A metric against another number of the same runs, a dot for each run. */
export function againstMeasure(measure: Measure, x: Measure, options: ValueOptions): Figure {
  const chosen = evenlyChosen(measure.values.length, mostDots);
  const [xs, ys] = [valuesAt(x.values, chosen), valuesAt(measure.values, chosen)];
  return ofMeasure(measure, options, {
    kind: "against",
    data: () => measure.values.map((value, i) => ({ type: "run", [x.name]: x.values[i], [measure.name]: value })),
    x: axisOver(options.xLabel ?? x.name, x.values, { scale: options.xScale, limits: options.xLimits }),
    marks: [{ kind: "dots", look: plainLook(okabeIto.blue), xs, ys }],
  });
}

/** A metric of each run in order of completion, with the best so far. */
export function inOrder(measure: Measure, options: ValueOptions): Figure {
  const { name, values, isLow = false } = measure;
  const chosen = evenlyChosen(values.length, mostDots);
  let best = Number.NaN;
  const bests = values.map((value) => {
    if (Number.isFinite(value) && !(isLow ? value >= best : value <= best)) best = value;
    return best;
  });
  const runs = plainLook(okabeIto.blue);
  const leader = plainLook(okabeIto.vermillion);
  const places = values.map((_, i) => i + 1);
  return ofMeasure(measure, options, {
    kind: "order",
    data: () => values.map((value, i) => ({ type: "run", completed: i + 1, [name]: value, best: bests[i] })),
    x: axisOver(options.xLabel ?? "completed runs", [0, values.length], {
      scale: options.xScale,
      isWhole: true,
      limits: options.xLimits,
    }),
    marks: [
      { kind: "dots", look: { ...runs, isFaint: true }, xs: valuesAt(places, chosen), ys: valuesAt(values, chosen) },
      { kind: "line", look: leader, xs: places, ys: bests, isStep: true },
    ],
    legend: [
      { label: "run", look: runs, swatch: "dot" },
      { label: `${isLow ? "lowest" : "highest"} so far`, look: leader, swatch: "line" },
    ],
  });
}

/** What these figures have in common. */
function ofMeasure(
  measure: Measure,
  { title, yLabel, yScale, yLimits }: ValueOptions,
  told: Pick<Figure, "kind" | "data"> & Partial<Figure> & Pick<Panel, "x" | "marks">,
): Figure {
  const { name, values } = measure;
  const y = axisOver(yLabel ?? name, values, { scale: yScale, limits: yLimits });
  const note = `${mostDots} of ${values.length} runs drawn, evenly chosen; lines and bars are of all`;
  return onePanel({ ...told, title, y, notes: [...withoutNote(measure), ...(values.length > mostDots ? [note] : [])] });
}
