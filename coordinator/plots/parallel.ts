import { counted } from "../../shared/domain/counted.ts";
import { type Dial, evenlyChosen, jitter, type Measure } from "./dials.ts";
import { axisOver, type Figure, type Label, type Mark, type Path, placeOn } from "./figure.ts";
import { grey, plainLook } from "./palette.ts";
import { ticksOf, writeNumber } from "./ticks.ts";

/** More lines are a web that shows nothing; the best are always among them. */
const mostPaths = 500;

/**
 * Parallel coordinates: an upright axis for each hyperparameter, a line for each run from setting to setting, to its value on the
 * last axis. The best runs are darkest and lie on top. A hyperparameter with one setting tells nothing and is left out.
 */
export function parallelCoordinates(dials: readonly Dial[], measure: Measure, title: string): Figure {
  const shown = dials.filter(({ settings }) => settings.length > 1);
  const finite = measure.values.flatMap((value, i) => (Number.isFinite(value) ? [i] : []));
  const byValue = finite.sort((a, b) => (measure.values[a] ?? 0) - (measure.values[b] ?? 0));
  // Counted from the best, so that it is drawn in any case.
  const chosen = evenlyChosen(byValue.length, mostPaths).map((i) => byValue[i] ?? 0);
  const axis = axisOver(
    measure.name,
    chosen.map((i) => measure.values[i] ?? Number.NaN),
    { room: 0 },
  );
  const axes = shown.length + 1;
  const heightOf = (dial: Dial, i: number): number => {
    const at = dial.positions[i] ?? -1;
    if (at < 0) return Number.NaN;
    // Runs with the same setting side by side, within a part of the way to the next setting.
    return (at + 0.35 * jitter(i)) / (dial.settings.length - 1);
  };
  const paths = chosen.map((i): Path => {
    const share = placeOn(axis, measure.values[i] ?? Number.NaN);
    return {
      xs: Array.from({ length: axes }, (_, at) => at),
      ys: [...shown.map((dial) => heightOf(dial, i)), share],
      share,
    };
  });
  const labels: Label[] = shown.flatMap(({ settings }, x) =>
    settings.map((text, at): Label => ({ x, y: at / (settings.length - 1), text, anchor: "start" })),
  );
  for (const { at, text } of ticksOf(axis, 6))
    labels.push({ x: axes - 1, y: placeOn(axis, at), text, anchor: "start" });
  const marks: Mark[] = [
    { kind: "paths", paths },
    { kind: "rules", look: plainLook(grey), xs: Array.from({ length: axes }, (_, at) => at) },
    { kind: "labels", labels },
  ];
  const names = [...shown.map(({ name }) => name), measure.name];
  const without = measure.values.length - finite.length;
  return {
    kind: "parallel",
    data: () =>
      finite.map((i) => ({
        type: "run",
        hparams: Object.fromEntries(dials.map(({ name, values, positions }) => [name, values[positions[i] ?? -1]])),
        [measure.name]: measure.values[i],
      })),
    title,
    panels: [
      {
        title: "",
        x: {
          label: "",
          scale: "linear",
          from: -0.05,
          to: axes - 1 + 0.45,
          ticks: names.map((text, at) => ({ at, text })),
          isWhole: true,
        },
        y: { label: "", scale: "linear", from: -0.08, to: 1.08, ticks: [], isWhole: false },
        marks,
      },
    ],
    columns: 1,
    legend: [],
    ramp: { label: measure.name, from: axis.from, to: axis.to },
    notes: [
      ...(without > 0
        ? [
            `${without} of ${counted(measure.values.length, "run")} ${without === 1 ? "has" : "have"} no ${measure.name}`,
          ]
        : []),
      ...(chosen.length < finite.length
        ? [`${chosen.length} of ${finite.length} runs drawn, evenly chosen by ${measure.name}`]
        : []),
      ...(chosen.length > 0 ? [`best: ${writeNumber(measure.values[chosen.at(-1) ?? 0] ?? Number.NaN)}`] : []),
    ],
  };
}
