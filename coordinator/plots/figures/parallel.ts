import { UsageError } from "../../../shared/errors.ts";
import { type ChosenRuns, type Measure, measureOf, withoutNote } from "../data/chosen-runs.ts";
import { type Dial, dialsOf, placeIn, ticksIn } from "../data/dials.ts";
import { axisOver, type Figure, type Label, onePanel, type Path, placeOn, valuesAt } from "../figure.ts";
import type { PlotWords } from "../kind.ts";
import { grey, plainLook } from "../palette.ts";
import { ticksOf, writeNumber } from "../ticks.ts";
import { evenlyChosen, jitter } from "./dots.ts";

/** @throws UsageError if no hyperparameter has more than one setting */
export function parallelOfRuns(
  runs: ChosenRuns,
  { names: [name = "hpmax"], title }: PlotWords & { readonly title: string | undefined },
): Figure {
  const measure = measureOf(runs, name);
  const dials = dialsOf(runs);
  if (dials.every(({ settings }) => settings.length < 2)) {
    throw new UsageError(
      `${runs.jobs} has no hyperparameter with more than one setting, so there is nothing to compare`,
    );
  }
  return parallelCoordinates(dials, measure, title ?? `${runs.jobs}: ${measure.name}`);
}

/** More lines would be an unreadable web. */
const mostPaths = 500;

/**
 * Parallel coordinates: a vertical axis for each hyperparameter, and for each run a line through its settings to its value on the
 * last axis. The best runs are darkest and on top. A hyperparameter with a single setting is left out.
 */
export function parallelCoordinates(dials: readonly Dial[], measure: Measure, title: string): Figure {
  const shown = dials.filter(({ settings }) => settings.length > 1);
  const finite = measure.values.flatMap((value, i) => (Number.isFinite(value) ? [i] : []));
  const turn = measure.isLow ? -1 : 1;
  const byValue = finite.sort((a, b) => turn * ((measure.values[a] ?? 0) - (measure.values[b] ?? 0)));
  // The last index is always among them, so the best run is always drawn.
  const chosen = evenlyChosen(byValue.length, mostPaths).map((i) => byValue[i] ?? 0);
  const axis = axisOver(measure.name, valuesAt(measure.values, chosen), { room: 0 });
  const axes = Array.from({ length: shown.length + 1 }, (_, at) => at);
  const heightOf = (dial: Dial, i: number): number => {
    const at = dial.positions[i] ?? -1;
    if (at < 0) return Number.NaN;
    // Spreads runs with the same setting over part of the way to the next setting.
    return placeIn(dial, at) + (0.35 * jitter(i)) / (dial.settings.length - 1);
  };
  const paths = chosen.map((i): Path => {
    const place = placeOn(axis, measure.values[i] ?? Number.NaN);
    const ys = [...shown.map((dial) => heightOf(dial, i)), place];
    return { xs: axes, ys, share: measure.isLow ? 1 - place : place };
  });
  const labels: Label[] = [
    ...shown.flatMap((dial, x) => ticksIn(dial).map(({ at, text }) => ({ x, y: at, text }))),
    ...ticksOf(axis, 6).map(({ at, text }) => ({ x: shown.length, y: placeOn(axis, at), text })),
  ];
  const names = [...shown.map(({ name }) => name), measure.name];
  return onePanel({
    kind: "parallel",
    data: () =>
      finite.map((i) => ({
        type: "run",
        hparams: Object.fromEntries(dials.map(({ name, values, positions }) => [name, values[positions[i] ?? -1]])),
        [measure.name]: measure.values[i],
      })),
    title,
    x: {
      label: "",
      scale: "linear",
      from: -0.05,
      to: shown.length + 0.45,
      ticks: names.map((text, at) => ({ at, text })),
      isWhole: true,
    },
    y: { label: "", scale: "linear", from: -0.08, to: 1.08, ticks: [], isWhole: false },
    marks: [
      { kind: "paths", paths },
      { kind: "rules", look: plainLook(grey), xs: axes },
      { kind: "labels", labels },
    ],
    ramp: {
      label: measure.name,
      ...(measure.isLow ? { from: axis.to, to: axis.from } : { from: axis.from, to: axis.to }),
    },
    notes: [
      ...withoutNote(measure),
      ...(chosen.length < finite.length
        ? [`${chosen.length} of ${finite.length} runs drawn, evenly chosen by ${measure.name}`]
        : []),
      ...(chosen.length > 0 ? [`best: ${writeNumber(measure.values[chosen.at(-1) ?? 0] ?? Number.NaN)}`] : []),
    ],
    fit: { paper: { widthMm: names.length > 5 ? 180 : 120, panelHeightMm: 62 } },
  });
}
