import type { FinishedCurves } from "./finished-curves.ts";
import { localFit } from "./local-fit.ts";
import type { OpenCurve } from "./open-curve.ts";
import { type SummaryKind, summaryOf } from "./summary-kind.ts";

/** The expected end of a run. */
export interface Prediction {
  /** Expected hpmax. */
  readonly mean: number;
  readonly sd: number;
  /** Number of completed runs that the prediction rests on. */
  readonly from: number;
}

/** Completed runs that are compared: the newest. More would add little and take time. */
const mostLookedAt = 600;
/** The fit uses at most and at least this many of them: those most like the run. */
const mostAlike = 25;
const leastAlike = 5;
/** The mean over this last part of the run so far says how the run is doing now. */
const recentShare = 0.5;

/**
 * Predicts a run's hpmax from the completed runs that were most like it after as many iterations: in their summary so
 * far, in their recent mean, and in what the search's own model expects of their configurations. The model's estimate
 * matters where learning takes off late: curves that are flat early end differently in good and in bad regions, and the
 * curve alone was wrong by a third of the best value (docs/search.md).
 *
 * @param estimate    the model's mean for the run's configuration
 * @param estimateOf  the same for the configuration of a finished curve, by its place
 * @param total       iterations of the whole run
 * @returns undefined with fewer than 2 * `leastAlike` comparable runs
 */
export function predictEnd(
  curve: OpenCurve,
  total: number,
  kind: SummaryKind,
  finished: FinishedCurves,
  estimate: number,
  estimateOf: (place: number) => number,
): Prediction | undefined {
  const { iters } = curve;
  const soFar = summaryOf(curve, kind);
  const recent = recentOf(curve, kind);
  const rows: Row[] = [];
  for (const place of finished.newest(mostLookedAt)) {
    const other = finished.soFar(place, iters, kind);
    const whole = finished.iters[place] ?? 0;
    if (!Number.isFinite(other) || whole <= iters) continue;
    const end = finished.hpmax[place] ?? Number.NaN;
    rows.push({
      soFar: other,
      recent: finished.recent(place, iters, recentShare, kind),
      estimate: estimateOf(place),
      // If hpmax is a mean, the measured part is certain: only the mean of the rest is predicted.
      target: kind.of === "mean" ? (end * whole - other * iters) / (whole - iters) : end,
    });
  }
  if (rows.length < 2 * leastAlike) return undefined;
  const found = ofTheLikest(rows, { soFar, recent, estimate });
  if (kind.of !== "mean") {
    const mean =
      kind.of === "last" ? found.mean : Math.max(found.mean, kind.sign * (kind.sign === 1 ? curve.max : curve.min));
    return { mean, sd: found.sd, from: found.from };
  }
  const rest = Math.max(0, (total - iters) / total);
  return { mean: soFar * (1 - rest) + found.mean * rest, sd: found.sd * rest, from: found.from };
}

interface Likeness {
  readonly soFar: number;
  readonly recent: number;
  readonly estimate: number;
}
interface Row extends Likeness {
  readonly target: number;
}
const features: readonly ((of: Likeness) => number)[] = [
  ({ soFar }) => soFar,
  ({ recent }) => recent,
  ({ estimate }) => estimate,
];

/**
 * A linear fit to the targets of the most similar runs, read off at the run itself. Their plain mean would be biased at
 * the edge, where all similar runs are better.
 */
function ofTheLikest(rows: readonly Row[], run: Likeness): Prediction {
  const scales = features.map((of) => 1 / (deviation(rows, of) || 1));
  const near = rows
    .map((row) => {
      const offsets = features.map((of, i) => (of(row) - of(run)) * (scales[i] ?? 1));
      return { target: row.target, offsets, distance: offsets.reduce((sum, each) => sum + each * each, 0) };
    })
    .sort((a, b) => a.distance - b.distance)
    .slice(0, Math.max(leastAlike, Math.min(mostAlike, Math.ceil(rows.length / 3))));
  const reach = near.at(-1)?.distance || 1;
  return localFit(near.map(({ distance, ...rest }) => ({ ...rest, weight: 1.1 - distance / reach })));
}

function deviation(rows: readonly Row[], of: (row: Row) => number): number {
  let sum = 0;
  for (const row of rows) sum += of(row);
  const mean = sum / rows.length;
  let squares = 0;
  for (const row of rows) squares += (of(row) - mean) ** 2;
  return Math.sqrt(squares / rows.length);
}

/** Mean over the last `recentShare` of the run so far, larger is better. */
function recentOf({ pieces, iters }: OpenCurve, { sign }: SummaryKind): number {
  const from = iters * (1 - recentShare);
  let sum = 0;
  let start = 0;
  for (const { end, mean } of pieces) {
    sum += mean * Math.max(0, end - Math.max(from, start));
    start = end;
  }
  return (sign * sum) / (iters - from);
}
