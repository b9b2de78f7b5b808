import { type Numbers, valuesAt } from "../figure.ts";

/**
 * Thins out curves with far more points than a figure has pixels, without a visible difference. The span is divided into
 * `buckets` even parts; of each, the first and last point and each column's lowest and highest are kept, in order. Gaps stay gaps.
 *
 * @returns the kept xs, then each column
 */
export function decimated(buckets: number, xs: Numbers, ...columns: readonly Numbers[]): Numbers[] {
  if (xs.length <= 4 * buckets) return [xs, ...columns];
  const first = xs[0] ?? 0;
  const span = (xs.at(-1) ?? 1) - first;
  const kept = new Set<number>();
  let bucket = -1;
  /** What is kept of the current bucket, and where each column is lowest and highest in it; -1: no finite value yet. */
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
