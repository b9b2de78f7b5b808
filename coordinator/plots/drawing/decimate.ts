import { type Numbers, valuesAt } from "../figure.ts";

/**
 * Curves of far more points than a figure has pixels, without a visible difference: of each of `buckets` even parts of the span the
 * first, lowest, highest and last point are kept, in their order, and a gap stays a gap.
 */
export function decimated(xs: Numbers, ys: Numbers, buckets: number): { xs: number[]; ys: number[] } {
  const kept = keptPlaces(xs, [ys], buckets);
  return { xs: valuesAt(xs, kept), ys: valuesAt(ys, kept) };
}

/** The same for the edges of a band. */
export function decimatedBand(
  xs: Numbers,
  low: Numbers,
  high: Numbers,
  buckets: number,
): { xs: number[]; low: number[]; high: number[] } {
  const kept = keptPlaces(xs, [low, high], buckets);
  return { xs: valuesAt(xs, kept), low: valuesAt(low, kept), high: valuesAt(high, kept) };
}

function keptPlaces(xs: Numbers, columns: readonly Numbers[], buckets: number): number[] {
  if (xs.length <= 4 * buckets) return xs.map((_, i) => i);
  const first = xs[0] ?? 0;
  const span = (xs.at(-1) ?? 1) - first;
  const kept: number[] = [];
  let bucket = -1;
  let places = new Set<number>();
  let extremes: { low: number; high: number; lowAt: number; highAt: number }[] = [];
  const flush = (last: number): void => {
    for (const { lowAt, highAt } of extremes) {
      if (lowAt >= 0) places.add(lowAt).add(highAt);
    }
    if (last >= 0) places.add(last);
    kept.push(...[...places].sort((a, b) => a - b));
  };
  for (let i = 0; i < xs.length; i += 1) {
    const here = Math.floor((((xs[i] ?? first) - first) / span) * buckets);
    if (here !== bucket) {
      flush(i - 1);
      bucket = here;
      places = new Set([i]);
      extremes = columns.map(() => ({
        low: Number.POSITIVE_INFINITY,
        high: Number.NEGATIVE_INFINITY,
        lowAt: -1,
        highAt: -1,
      }));
    }
    columns.forEach((values, c) => {
      const value = values[i] ?? Number.NaN;
      const extreme = extremes[c];
      if (!extreme) return;
      if (!Number.isFinite(value)) {
        places.add(i);
        return;
      }
      if (value < extreme.low) Object.assign(extreme, { low: value, lowAt: i });
      if (value > extreme.high) Object.assign(extreme, { high: value, highAt: i });
    });
  }
  flush(xs.length - 1);
  return [...new Set(kept)];
}
