import { counted } from "../../../shared/domain/counted.ts";
import { told } from "../../../shared/domain/goal.ts";
import { Moments } from "../../../shared/domain/statistics.ts";
import type { PlotReads } from "../data/reads.ts";
import { axisOver, type Figure, onePanel, valuesAt } from "../figure.ts";
import type { Values } from "../kind.ts";
import type { axisOptions } from "../options.ts";
import { faintLook, grey, okabeIto, plainLook } from "../palette.ts";
import { writeNumber } from "../ticks.ts";
import { evenlyChosen, mostDots } from "./dots.ts";

/** A job that repeats one configuration: the mean after each run, with a band of one standard error, and every run. */
export function repeatsSummary(
  { job, goal, hpmax, repeats }: Pick<PlotReads["search"], "job" | "goal" | "hpmax"> & { readonly repeats: string },
  asked: Values<typeof axisOptions> & { readonly title: string | undefined },
): Figure {
  const values = Array.from(hpmax, (value) => told(goal, value));
  const { means, errors } = soFar(values);
  const chosen = evenlyChosen(hpmax.length, mostDots);
  const xs = chosen.map((i) => i + 1);
  const low = chosen.map((i) => (means[i] ?? Number.NaN) - (errors[i] ?? Number.NaN));
  const high = chosen.map((i) => (means[i] ?? Number.NaN) + (errors[i] ?? Number.NaN));
  const ys = chosen.map((i) => means[i] ?? Number.NaN);
  const dots = valuesAt(values, chosen);
  const mean = plainLook(okabeIto.blue);
  const runs = faintLook(grey);
  const last = means.length - 1;
  const error = errors[last] ?? Number.NaN;
  const spread = Number.isNaN(error) ? "" : ` ± ${writeNumber(error)} (standard error)`;
  return onePanel({
    kind: "summary",
    data: () => Array.from(hpmax, (value, i) => ({ type: "run", completed: i + 1, hpmax: value })),
    title: asked.title ?? `${job}: mean of its runs so far`,
    x: axisOver(asked.xLabel ?? "completed runs", [0, hpmax.length], {
      isWhole: true,
      room: 0.02,
      limits: asked.xLimits,
    }),
    y: axisOver(asked.yLabel ?? goal.name, [...low, ...high, ...dots], { limits: asked.yLimits }),
    marks: [
      { kind: "dots", look: runs, xs, ys: dots },
      { kind: "band", look: mean, xs, low, high, isStep: false },
      { kind: "line", look: mean, xs, ys, isStep: false },
    ],
    legend: [
      { label: "mean so far ± 1 standard error", look: mean, swatch: "line" },
      { label: "run", look: runs, swatch: "dot" },
    ],
    notes: [
      `one configuration${repeats === "" ? "" : `, ${repeats}`}: nothing is searched`,
      `mean of ${counted(hpmax.length, "run")}: ${writeNumber(means[last] ?? Number.NaN)}${spread}; how certain that is: nexus eval ${job}`,
    ],
  });
}

/** After each run: the mean and its standard error, which is NaN after the first run. */
function soFar(values: readonly number[]): { readonly means: number[]; readonly errors: number[] } {
  const moments = new Moments();
  const means: number[] = [];
  const errors: number[] = [];
  for (const [i, value] of values.entries()) {
    moments.add(value);
    means.push(moments.mean);
    errors.push(i === 0 ? Number.NaN : Math.sqrt(moments.sampleVariance / (i + 1)));
  }
  return { means, errors };
}
