import type { OpenCurve } from "./open-curve.ts";
import type { SummaryKind } from "./summary-kind.ts";

/** Points of a finished curve: a curve of 20 reports keeps them all. */
export const gridPoints = 20;
/** Curves kept for a job; a newer one replaces the oldest. 640 bytes each. */
export const mostCurves = 2000;

/**
 * Curves of completed runs, thinned to `gridPoints` each and kept in columns: a million runs take the memory of 2,000.
 * How hpmax follows from a curve may be found out only after some runs, so mean, last and extremes are all kept.
 */
export class FinishedCurves {
  #size = 0;
  #counted = 0;
  #next = 0;
  #capacity = 0;
  /** Row-major, curves * gridPoints: mean since the point before, value at the point, extremes up to the point. */
  #mean = new Float64Array(0);
  #last = new Float64Array(0);
  #max = new Float64Array(0);
  #min = new Float64Array(0);
  readonly iters: number[] = [];
  readonly hpmax: number[] = [];
  /** Number of the trial, by place. */
  readonly trials: number[] = [];
  /** Trials whose curves do not count. */
  #rejected: ReadonlySet<number> = new Set();

  get size(): number {
    return this.#size;
  }

  /** How many curves count. */
  get counted(): number {
    return this.#counted;
  }

  /** Curves of these trials no longer count. They are kept, as they may count again. */
  judged(rejected: ReadonlySet<number>): void {
    this.#rejected = rejected;
    this.#counted = [...this.newest(this.#size)].length;
  }

  counts(place: number): boolean {
    return this.#rejected.size === 0 || !this.#rejected.has(this.trials[place] ?? 0);
  }

  /** Places of at most `most` curves that count, newest first. */
  *newest(most: number): Generator<number> {
    for (let i = 1, left = most; i <= this.#size && left > 0; i += 1) {
      const place = (this.#next - i + mostCurves) % mostCurves;
      if (!this.counts(place)) continue;
      left -= 1;
      yield place;
    }
  }

  /** Returns its place. The curve has at least one report. */
  add(n: number, curve: OpenCurve, hpmax: number): number {
    const place = this.#next;
    if (place >= this.#capacity) this.#grow();
    this.#next = (place + 1) % mostCurves;
    if (place < this.#size && this.counts(place)) this.#counted -= 1;
    this.#size = Math.max(this.#size, place + 1);
    this.iters[place] = curve.iters;
    this.hpmax[place] = hpmax;
    this.trials[place] = n;
    if (this.counts(place)) this.#counted += 1;
    this.#fill(place * gridPoints, curve);
    return place;
  }

  /** The summary of a curve's first `iters` iterations, larger is better; NaN if the curve is shorter. */
  soFar(place: number, iters: number, { of, sign }: SummaryKind): number {
    const at = (iters / (this.iters[place] ?? Number.NaN)) * gridPoints;
    if (!(at > 0 && at <= gridPoints)) return Number.NaN;
    const row = place * gridPoints;
    if (of === "mean") return sign * this.#meanUpTo(row, at);
    const values = of === "last" ? this.#last : of === "max" ? this.#max : this.#min;
    return sign * interpolated(values, row, at);
  }

  /** Mean over the last `share` of the first `iters` iterations, larger is better; NaN if the curve is shorter. */
  recent(place: number, iters: number, share: number, { sign }: SummaryKind): number {
    const at = (iters / (this.iters[place] ?? Number.NaN)) * gridPoints;
    if (!(at > 0 && at <= gridPoints)) return Number.NaN;
    const row = place * gridPoints;
    const from = at * (1 - share);
    return (sign * (at * this.#meanUpTo(row, at) - from * this.#meanUpTo(row, from))) / (at - from);
  }

  #meanUpTo(row: number, at: number): number {
    const whole = Math.floor(at);
    let sum = 0;
    for (let j = 0; j < whole; j += 1) sum += this.#mean[row + j] ?? 0;
    if (at > whole) sum += (at - whole) * (this.#mean[row + whole] ?? 0);
    return at === 0 ? 0 : sum / at;
  }

  #fill(row: number, { pieces, iters }: OpenCurve): void {
    let i = 0;
    let start = 0;
    let max = Number.NEGATIVE_INFINITY;
    let min = Number.POSITIVE_INFINITY;
    for (let j = 0; j < gridPoints; j += 1) {
      const from = (iters * j) / gridPoints;
      const to = (iters * (j + 1)) / gridPoints;
      let sum = 0;
      for (;;) {
        const piece = pieces[Math.min(i, pieces.length - 1)];
        if (!piece) break;
        sum += piece.mean * Math.max(0, Math.min(to, piece.end) - Math.max(from, start));
        max = Math.max(max, piece.max);
        min = Math.min(min, piece.min);
        this.#last[row + j] = piece.last;
        if (piece.end >= to || i >= pieces.length - 1) break;
        start = piece.end;
        i += 1;
      }
      this.#mean[row + j] = sum / (to - from);
      this.#max[row + j] = max;
      this.#min[row + j] = min;
    }
  }

  #grow(): void {
    this.#capacity = Math.min(mostCurves, Math.max(64, 2 * this.#capacity));
    const length = this.#capacity * gridPoints;
    this.#mean = grown(this.#mean, length);
    this.#last = grown(this.#last, length);
    this.#max = grown(this.#max, length);
    this.#min = grown(this.#min, length);
  }
}

function grown(values: Float64Array<ArrayBuffer>, length: number): Float64Array<ArrayBuffer> {
  const longer = new Float64Array(length);
  longer.set(values);
  return longer;
}

/** Linear between the points; before the first point, its value. */
function interpolated(values: Float64Array, row: number, at: number): number {
  const place = Math.max(0, at - 1);
  const below = Math.floor(place);
  const first = values[row + below] ?? Number.NaN;
  const second = values[row + Math.min(gridPoints - 1, below + 1)] ?? first;
  return first + (second - first) * (place - below);
}
