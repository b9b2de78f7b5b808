import type { Goal } from "../../../shared/domain/goal.ts";
import type { RunCurve } from "../data/curves-of-runs.ts";
import type { Values } from "../kind.ts";
import type { axisOptions, Break, Grouping, runsOptions, scaleOptions } from "../options.ts";
import { aggregated, combine, edges } from "./combine.ts";
import { grouped } from "./grouped.ts";

type AskedCurves = Pick<
  Values<typeof runsOptions>,
  "aggregate" | "shadow" | "errorBars" | "smoothing" | "colours" | "panelTitles" | "legendTitles" | "layout"
>;

export interface CurveOptions extends AskedCurves, Values<typeof axisOptions & typeof scaleOptions> {
  readonly groupBy: Grouping;
  readonly breakOn: readonly Break[];
  readonly plotType: "line" | "scatter";
  readonly x: "iters" | "hours";
  /** What the runs are judged by. Default: hpmax. */
  readonly goal?: Goal;
  readonly title: string;
}

/** One line of the plot: a run's curve, or an aggregate of a group's curves. */
export interface Line {
  readonly group: string;
  readonly col: string;
  readonly curves: readonly RunCurve[];
  /** Lines with the highest rank are named. */
  readonly rank: number;
  readonly values: LineValues;
}

/** A line for each run, or for each group if runs are aggregated. */
export function linesOf(curves: readonly RunCurve[], options: CurveOptions): Line[] {
  const { aggregate, groupBy, shadow, errorBars } = options;
  if (aggregate === "none") {
    return curves.map((curve) => ({
      group: curve[groupBy],
      col: curve.col,
      curves: [curve],
      rank: curve.hpmax,
      values: { xs: curve.xs, raw: curve.ys, band: undefined, bars: undefined, counts: undefined },
    }));
  }
  const groups = grouped(curves, (curve) => JSON.stringify([curve[groupBy], curve.col]));
  return [...groups.values()].flatMap((members) => {
    const [first] = members;
    if (!first) return [];
    const known = members.map(({ hpmax }) => hpmax).filter(Number.isFinite);
    const rank = known.reduce((sum, hpmax) => sum + hpmax, 0) / known.length;
    const combined = combine(members);
    const raw = aggregated(combined, aggregate);
    const values = {
      xs: combined.xs,
      raw,
      band: shadow === "none" || shadow === "pre-smooth" ? undefined : edges(combined, raw, shadow),
      bars: errorBars === "none" ? undefined : edges(combined, raw, errorBars),
      counts: combined.count,
    };
    return [{ group: first[groupBy], col: first.col, curves: members, rank, values }];
  });
}

/** Before smoothing. */
export interface LineValues {
  readonly xs: readonly number[];
  readonly raw: readonly number[];
  readonly band: ReturnType<typeof edges> | undefined;
  readonly bars: ReturnType<typeof edges> | undefined;
  /** Number of runs that count at each place; undefined for a single run's line. */
  readonly counts: readonly number[] | undefined;
}

/** Replaces `$run`, `$job`, `$node`, `$col` and `$group` in a title by the line's own. */
export function filledIn(text: string, line: Line | undefined): string {
  const [curve] = line?.curves ?? [];
  if (!line || !curve) return text;
  return text.replace(/\$(run|job|node|col|group)\b/g, (_, word: "run" | "job" | "node" | "col" | "group") =>
    word === "group" ? line.group : curve[word],
  );
}
