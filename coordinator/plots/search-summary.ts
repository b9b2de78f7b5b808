import { counted } from "../../shared/domain/counted.ts";
import type { SearchHistory } from "../../shared/domain/evaluation/history.ts";
import { mostDots } from "./against.ts";
import { evenlyChosen } from "./dials.ts";
import { axisOver, type Figure, type Limits } from "./figure.ts";
import { faintLook, grey, lookOf, okabeIto, paleGrey, plainLook } from "./palette.ts";
import { writeNumber } from "./ticks.ts";

/**
 * Has the search converged? Against completed runs: the estimated hpmax of the configuration that was the best at that time, with a
 * band of one posterior standard deviation, a mark at each change of best, and every run behind it.
 *
 * @param hpmax  of all completed runs, in the order of their completion
 */
export function searchSummary(
  history: SearchHistory,
  hpmax: ArrayLike<number>,
  options: {
    readonly title: string;
    readonly xLabel?: string | undefined;
    readonly yLabel?: string | undefined;
    readonly xLimits?: Limits;
    readonly yLimits?: Limits;
  },
): Figure {
  const { rows, completed } = history;
  const xs = [
    ...rows.map(({ ended }) => ended),
    ...(rows.length > 0 ? [Math.max(completed, rows.at(-1)?.ended ?? 0)] : []),
  ];
  const held = <T>(values: readonly T[]): T[] => (values.length > 0 ? [...values, ...values.slice(-1)] : []);
  const estimates = held(rows.map(({ estHpmax }) => estHpmax));
  const low = held(rows.map(({ estHpmax, sd }) => estHpmax - (sd ?? Number.NaN)));
  const high = held(rows.map(({ estHpmax, sd }) => estHpmax + (sd ?? Number.NaN)));
  const chosen = evenlyChosen(hpmax.length, mostDots);
  const estimate = plainLook(okabeIto.blue);
  const change = { ...lookOf(1), marker: "diamond", dash: "dotted" } as const;
  const runs = faintLook(grey);
  const last = rows.at(-1);
  return {
    kind: "summary",
    data: () => [
      ...rows.map((row) => ({
        type: "best",
        from: row.ended,
        bestFor: row.bestFor,
        configuration: row.label,
        estHpmax: row.estHpmax,
        sd: row.sd,
        runs: row.runs,
        bestRun: row.bestRun,
      })),
      ...Array.from(hpmax, (value, i) => ({ type: "run", completed: i + 1, hpmax: value })),
    ],
    title: options.title,
    panels: [
      {
        title: "",
        x: axisOver(options.xLabel ?? "completed runs", [0, completed], {
          isWhole: true,
          room: 0.02,
          limits: options.xLimits,
        }),
        y: axisOver(options.yLabel ?? "hpmax", [...low, ...high, ...estimates, ...Array.from(hpmax)], {
          limits: options.yLimits,
        }),
        marks: [
          { kind: "rules", look: faintLook(paleGrey), xs: rows.slice(1).map(({ ended }) => ended) },
          {
            kind: "dots",
            look: runs,
            xs: chosen.map((i) => i + 1),
            ys: chosen.map((i) => hpmax[i] ?? Number.NaN),
          },
          { kind: "band", look: estimate, xs, low, high, isStep: true },
          { kind: "line", look: estimate, xs, ys: estimates, isStep: true },
          { kind: "dots", look: change, xs: rows.map(({ ended }) => ended), ys: rows.map(({ estHpmax }) => estHpmax) },
        ],
      },
    ],
    columns: 1,
    legend: [
      { label: "estimate of the best ± 1 sd", look: estimate, swatch: "line" },
      { label: "change of best", look: change, swatch: "dot" },
      { label: "run", look: runs, swatch: "dot" },
    ],
    ramp: null,
    notes: [
      ...(last
        ? [
            `best for the last ${last.bestFor} of ${counted(completed, "run")}: ${last.label}`,
            `its hpmax: ${writeNumber(last.estHpmax)}${last.sd === null ? "" : ` ± ${writeNumber(last.sd)}`} estimated after ${counted(last.runs, "run")}; best run ${last.bestRun} ${writeNumber(last.bestHpmax)}`,
          ]
        : ["no run has completed yet"]),
      ...(chosen.length < hpmax.length ? [`${chosen.length} of ${hpmax.length} runs drawn, evenly chosen`] : []),
    ],
  };
}
