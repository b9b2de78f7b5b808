import { quantile } from "../statistics.ts";
import type { FinishedCurves } from "./finished-curves.ts";
import type { SummaryKind } from "./summary-kind.ts";

/** Completed runs before anything is stopped. */
const leastRuns = 5;

/**
 * The median rule (Golovin et al. 2017, Vizier): a run stops when its summary so far is below the median of the
 * completed runs' summaries after as many iterations.
 *
 * @param soFar  the run's summary so far, larger is better
 * @returns the median, if the run is below it; undefined: it goes on
 */
export function belowMedian(
  finished: FinishedCurves,
  iters: number,
  soFar: number,
  kind: SummaryKind,
): number | undefined {
  const others: number[] = [];
  for (const place of finished.newest(finished.size)) {
    const value = finished.soFar(place, iters, kind);
    if (Number.isFinite(value)) others.push(value);
  }
  if (others.length < leastRuns) return undefined;
  const median = quantile(
    others.sort((a, b) => a - b),
    0.5,
  );
  return soFar < median ? median : undefined;
}
