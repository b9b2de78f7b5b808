/** Combines several runs' curves: their mean, extremes and spread at each place. */

import type { Points } from "../data/curves-of-runs.ts";
import { extent, type Numbers } from "../figure.ts";
import type { Aggregate, Spread } from "../options.ts";

/** At each x, over the runs that measured something there; NaN if none did. */
export interface Combined {
  readonly xs: Numbers;
  readonly count: Numbers;
  readonly mean: Numbers;
  /** Sample variance (n - 1); NaN for fewer than two runs. */
  readonly variance: Numbers;
  readonly min: Numbers;
  readonly max: Numbers;
}

/** Size of the grid on which curves with different xs are compared; enough for a plot of 80 mm. */
const gridPlaces = 200;

/**
 * Runs are combined at the xs of the one with the most reports, if these are all there are; otherwise, as over hours, at 200 even
 * places. A run that did not report there is interpolated linearly. It does not count before its first report. After its last it
 * counts only if it completed, with its last value, so that a mean does not jump where the faster runs end.
 */
export function combine(curves: readonly Points[]): Combined {
  const longest = curves.reduce((most, { xs }) => (xs.length > most.length ? xs : most), [] as Numbers);
  const places = new Set(longest);
  const grid = curves.every(({ xs }) => xs.every((x) => places.has(x))) ? longest : evenGrid(curves);
  return tallied(grid, (add) => {
    for (const curve of curves) for (const [i, x] of grid.entries()) add(i, heldAt(curve, x));
  });
}

/** Count, mean, variance, extremes of values at each x, in any order (Welford). Ignores place -1 and non-finite values. */
function tallied(xs: Numbers, addAll: (add: (place: number, value: number) => void) => void): Combined {
  const all = (value: number): number[] => new Array<number>(xs.length).fill(value);
  const [count, squares] = [all(0), all(0)];
  const [mean, min, max] = [all(Number.NaN), all(Number.NaN), all(Number.NaN)];
  addAll((place, value) => {
    if (place < 0 || !Number.isFinite(value)) return;
    const n = (count[place] ?? 0) + 1;
    const before = n === 1 ? 0 : (mean[place] ?? 0);
    const after = before + (value - before) / n;
    count[place] = n;
    mean[place] = after;
    squares[place] = n === 1 ? 0 : (squares[place] ?? 0) + (value - before) * (value - after);
    if (!(value >= (min[place] ?? value))) min[place] = value;
    if (!(value <= (max[place] ?? value))) max[place] = value;
  });
  const variance = squares.map((sum, i) => ((count[i] ?? 0) < 2 ? Number.NaN : sum / ((count[i] ?? 0) - 1)));
  return { xs, count, mean, variance, min, max };
}

/** The same at places 0 to `count` - 1; `places` has the place of each value. */
export function talliedAt(count: number, places: Numbers, values: Numbers): Combined {
  const all = Array.from({ length: count }, (_, i) => i);
  return tallied(all, (add) => {
    for (const [i, value] of values.entries()) add(places[i] ?? -1, value);
  });
}

function evenGrid(curves: readonly Points[]): number[] {
  const { from, to } = extent(curves.flatMap(({ xs }) => [xs[0] ?? Number.NaN, xs.at(-1) ?? Number.NaN]));
  if (!(from < to)) return from === to ? [from] : [];
  return Array.from({ length: gridPlaces }, (_, i) =>
    i === gridPlaces - 1 ? to : from + ((to - from) * i) / (gridPlaces - 1),
  );
}

function heldAt(curve: Points, x: number): number {
  const { xs, ys, isComplete } = curve;
  return isComplete && x > (xs.at(-1) ?? x) ? (ys.at(-1) ?? Number.NaN) : valueAt(curve, x);
}

/** Interpolates linearly between reports; NaN before the first, after the last, and next to a report that measured nothing. */
export function valueAt({ xs, ys }: Points, x: number): number {
  let low = 0;
  let high = xs.length - 1;
  if (high < 0 || x < (xs[0] ?? x) || x > (xs[high] ?? x)) return Number.NaN;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((xs[middle] ?? x) <= x) low = middle;
    else high = middle;
  }
  const [x0 = x, x1 = x, y0 = Number.NaN, y1 = Number.NaN] = [xs[low], xs[high], ys[low], ys[high]];
  if (x === x0) return y0;
  if (x === x1) return y1;
  return y0 + ((y1 - y0) * (x - x0)) / (x1 - x0);
}

export function aggregated(combined: Combined, aggregate: Aggregate): Numbers {
  return aggregate === "mean" || aggregate === "min" || aggregate === "max"
    ? combined[aggregate]
    : deviations(combined, aggregate);
}

/** Lower and upper edge of the spread around `centre`. */
export function edges(combined: Combined, centre: Numbers, spread: Spread): { low: Numbers; high: Numbers } {
  if (spread === "min-max") return { low: combined.min, high: combined.max };
  const half = deviations(combined, spread);
  return {
    low: centre.map((value, i) => value - (half[i] ?? Number.NaN)),
    high: centre.map((value, i) => value + (half[i] ?? Number.NaN)),
  };
}

function deviations({ variance, count }: Combined, spread: "std" | "var" | "sem"): Numbers {
  return variance.map((value, i) => {
    if (spread === "var") return value;
    return spread === "std" ? Math.sqrt(value) : Math.sqrt(value / (count[i] ?? Number.NaN));
  });
}

/**
 * Exponential moving average, with its start corrected for the missing past, as in TensorBoard. Factor 0 leaves the curve as it
 * is; 0.9 averages over about the last ten reports. A report that measured nothing stays a gap and is ignored.
 */
export function smoothed(values: Numbers, factor: number): Numbers {
  if (factor === 0) return values;
  let sum = 0;
  let weight = 0;
  return values.map((value) => {
    if (!Number.isFinite(value)) return Number.NaN;
    sum = sum * factor + value * (1 - factor);
    weight = weight * factor + (1 - factor);
    return sum / weight;
  });
}
