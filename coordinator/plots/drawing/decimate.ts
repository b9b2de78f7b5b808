import { type Numbers, valuesAt } from "../figure.ts";

/**
 * Curves of far more points than a figure has pixels, without a visible difference: of each of `buckets` even parts of the span the
 * first, lowest, highest and last point of each column are kept, in their order, and a gap stays a gap.
 *
 * @returns the places, then each column
 */
export function decimated(buckets: number, xs: Numbers, ...columns: readonly Numbers[]): Numbers[] {
  if (xs.length <= 4 * buckets) return [xs, ...columns];
  const first = xs[0] ?? 0;
  const span = (xs.at(-1) ?? 1) - first;
  const kept = new Set<number>();
  let bucket = -1;
  /** The last bucket's points that are kept, and of each column where its lowest and highest are; -1: nowhere. */
  let places = new Set<number>();
  let ends: { low: number; high: number }[] = [];
  const flush = (last: number): void => {
    for (const { low, high } of ends) if (low >= 0) places.add(low).add(high);
    if (last >= 0) places.add(last);
    for (const place of [...places].sort((a, b) => a - b)) kept.add(place);
  };
  xs.forEach((x, i) => {
    const here = Math.floor(((x - first) / span) * buckets);
    if (here !== bucket) {
      flush(i - 1);
      bucket = here;
      places = new Set([i]);
      ends = columns.map(() => ({ low: -1, high: -1 }));
    }
    columns.forEach((values, c) => {
      const value = values[i] ?? Number.NaN;
      const end = ends[c];
      if (!Number.isFinite(value)) places.add(i);
      else if (end) {
        if (end.low < 0 || value < (values[end.low] ?? value)) end.low = i;
        if (end.high < 0 || value > (values[end.high] ?? value)) end.high = i;
      }
    });
  });
  flush(xs.length - 1);
  return [xs, ...columns].map((values) => valuesAt(values, [...kept]));
}
