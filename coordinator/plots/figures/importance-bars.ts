import { counted } from "../../../shared/domain/counted.ts";
import { type Importance, importanceOf } from "../../../shared/domain/importance/importance.ts";
import { percent } from "../../../shared/domain/percent.ts";
import { exitCode, NexusError } from "../../../shared/errors.ts";
import { withoutEffectText } from "../../words/without-effect-text.ts";
import { type ChosenRuns, measureOf } from "../data/chosen-runs.ts";
import { configurationsOf, hyperparametersOf } from "../data/dials.ts";
import { axisOfPlaces, axisOver, type Figure, onePanel, plainBox } from "../figure.ts";
import type { PlotWords } from "../kind.ts";
import { grey, okabeIto, plainLook } from "../palette.ts";
import { writeNumber } from "../ticks.ts";

/** @throws NexusError if the runs are too few or too similar */
export function importanceOfRuns(
  runs: ChosenRuns,
  { names: [name = "hpmax"], title }: PlotWords & { readonly title: string | undefined },
): Figure {
  const measure = measureOf(runs, name);
  const trials = configurationsOf(runs).map((configuration, i) => ({
    configuration,
    hpmax: measure.values[i] ?? Number.NaN,
  }));
  const found = importanceOf(hyperparametersOf(runs), trials);
  if ("reason" in found) {
    throw new NexusError(
      "TOO_LITTLE",
      exitCode.failure,
      `the importance of ${runs.jobs}'s hyperparameters cannot be determined: ${found.reason}`,
    );
  }
  return importanceBars(found, measure.name, title ?? `${runs.jobs}: importance of hyperparameters`);
}

/** A horizontal bar with its interval for each hyperparameter, the most important on top; their joint effect at the bottom. */
export function importanceBars(importance: Importance, measureName: string, title: string): Figure {
  const { shares, together, level, noise, withoutEffect } = importance;
  const dead = withoutEffectText(withoutEffect);
  const sorted = [...shares].sort((a, b) => b.share - a.share);
  const rows = [
    ...sorted.map((each) => ({ ...each, colour: okabeIto.blue, letter: "#" })),
    ...(sorted.length > 1 ? [{ ...together, name: "together", colour: grey, letter: ":" }] : []),
  ];
  const places = rows.map((_, i) => rows.length - 1 - i);
  const ticks = rows.map(({ name }, i) => ({ at: places[i] ?? 0, text: name }));
  const boxes = rows.map(({ share, colour, letter }, i) => {
    const place = places[i] ?? 0;
    return plainBox({ x1: 0, x2: share, y1: place - 0.32, y2: place + 0.32, colour, letter });
  });
  const x = axisOver(`share of the variance of ${measureName}`, [0, ...rows.map(({ high }) => high)], { room: 0.02 });
  return onePanel({
    kind: "importance",
    data: () => [
      ...rows.map(({ name, share, low, high }) => ({ type: "share", name, share, low, high, level })),
      { type: "basis", runs: importance.runs, configurations: importance.runSets, noise, withoutEffect },
    ],
    title,
    x: { ...x, from: 0 },
    y: axisOfPlaces("", rows.length, ticks, 0.6),
    marks: [
      { kind: "boxes", boxes },
      {
        kind: "intervals",
        look: plainLook(okabeIto.black),
        isUpright: false,
        at: places,
        low: rows.map(({ low }) => low),
        high: rows.map(({ high }) => high),
      },
    ],
    notes: [
      ...(sorted.length > 1 ? ["together: what no hyperparameter does alone"] : []),
      `lines over the bars: ${percent(level)} interval; ${counted(importance.runs, "run")}, ${counted(importance.runSets, "configuration")}`,
      ...(dead === null ? [] : [dead]),
      ...(noise === null ? [] : [`luck alone moves a run by ± ${writeNumber(noise)} (same settings, other seed)`]),
    ],
    fit: { paper: { widthMm: 90, panelHeightMm: Math.max(28, 14 + 5.5 * rows.length) }, linesEach: 2 },
  });
}
