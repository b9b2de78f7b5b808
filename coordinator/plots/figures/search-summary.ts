import { counted } from "../../../shared/domain/counted.ts";
import { told } from "../../../shared/domain/goal.ts";
import type { PlotReads } from "../data/reads.ts";
import { axisOver, type Figure, onePanel, valuesAt } from "../figure.ts";
import type { Values } from "../kind.ts";
import type { axisOptions } from "../options.ts";
import { faintLook, grey, lookOf, okabeIto, paleGrey, plainLook } from "../palette.ts";
import { writeNumber } from "../ticks.ts";
import { evenlyChosen, mostDots } from "./dots.ts";

/**
 * Has the search converged? Shows, after each completed run, the estimated hpmax of the configuration that was then the best, with
 * a band of one posterior standard deviation, a mark at each change of the best, and every run in the background.
 */
export function searchSummary(
  { job, goal, history, hpmax, leader }: Omit<PlotReads["search"], "repeats">,
  asked: Values<typeof axisOptions> & { readonly title: string | undefined },
): Figure {
  const { rows, completed } = history;
  const changes = rows.map(({ ended }) => ended);
  const last = rows.at(-1);
  const xs = [...changes, ...(last ? [Math.max(completed, last.ended)] : [])];
  const held = <T>(values: readonly T[]): T[] => (values.length > 0 ? [...values, ...values.slice(-1)] : []);
  const values = Array.from(hpmax, (value) => told(goal, value));
  const bests = rows.map(({ estHpmax }) => told(goal, estHpmax));
  const estimates = held(bests);
  const low = held(rows.map(({ sd }, i) => (bests[i] ?? Number.NaN) - (sd ?? Number.NaN)));
  const high = held(rows.map(({ sd }, i) => (bests[i] ?? Number.NaN) + (sd ?? Number.NaN)));
  const chosen = evenlyChosen(hpmax.length, mostDots);
  const estimate = plainLook(okabeIto.blue);
  const change = { ...lookOf(1), marker: "diamond", dash: "dotted" } as const;
  const runs = faintLook(grey);
  return onePanel({
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
    title: asked.title ?? `${job}: best configuration so far`,
    x: axisOver(asked.xLabel ?? "completed runs", [0, completed], {
      isWhole: true,
      room: 0.02,
      limits: asked.xLimits,
    }),
    y: axisOver(asked.yLabel ?? goal.name, [...low, ...high, ...estimates, ...values], {
      limits: asked.yLimits,
    }),
    marks: [
      { kind: "rules", look: faintLook(paleGrey), xs: changes.slice(1) },
      { kind: "dots", look: runs, xs: chosen.map((i) => i + 1), ys: valuesAt(values, chosen) },
      { kind: "band", look: estimate, xs, low, high, isStep: true },
      { kind: "line", look: estimate, xs, ys: estimates, isStep: true },
      { kind: "dots", look: change, xs: changes, ys: bests },
    ],
    legend: [
      { label: "estimate of the best ± 1 sd", look: estimate, swatch: "line" },
      { label: "change of best", look: change, swatch: "dot" },
      { label: "run", look: runs, swatch: "dot" },
    ],
    notes: [
      ...(last
        ? [
            `best for the last ${last.bestFor} of ${counted(completed, "run")}: ${last.label}`,
            `its ${goal.name}: ${writeNumber(told(goal, last.estHpmax))}${last.sd === null ? "" : ` ± ${writeNumber(last.sd)}`} estimated after ${counted(last.runs, "run")}; best run ${last.bestRun} ${writeNumber(told(goal, last.bestHpmax))}`,
            // The history goes by the estimate of the original, the standings by the model of the search.
            ...(leader && leader.key !== last.key
              ? [
                  `the standings and nexus eval name another, by the model of the search: ${leader.label} (${counted(leader.runs, "run")}), ${writeNumber(told(goal, leader.estimate))} expected`,
                ]
              : []),
          ]
        : ["no run has completed yet"]),
      ...(chosen.length < hpmax.length ? [`${chosen.length} of ${hpmax.length} runs drawn, evenly chosen`] : []),
    ],
  });
}
