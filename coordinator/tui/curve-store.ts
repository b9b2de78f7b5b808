import type { Point } from "../chart/braille.ts";

/** Points kept of one run; twice as many as the widest chart has dots across. */
const mostPoints = 512;
/** Runs whose curves are kept; the one that was heard of longest ago goes first. */
const mostRuns = 400;

/** What counts along a curve's x axis. */
export const curveAxes = ["iters", "hours", "reports"] as const;
export type CurveAxis = (typeof curveAxes)[number];

/** The reports of one run's newest stage, thinned as they get many: every second one goes when there is no room. */
export class RunCurve {
  stage = 0;
  /** Reports so far, the thinned ones included. */
  count = 0;
  #length = 0;
  /** One report in so many is kept. */
  #stride = 1;
  #iters = new Float64Array(32);
  #hours = new Float64Array(32);
  #values = new Float64Array(32);
  #lastIters = -1;
  #lastValue = Number.NaN;

  /** The newest report's iterations and value; -1 and NaN before the first. */
  get last(): { readonly iters: number; readonly value: number } {
    return { iters: this.#lastIters, value: this.#lastValue };
  }

  get length(): number {
    return this.#length;
  }

  /** Later attempts repeat what earlier ones reported: the first report counts. */
  add(stage: number, iters: number, hours: number, value: number): void {
    if (stage < this.stage || (stage === this.stage && iters <= this.#lastIters)) return;
    if (stage > this.stage) {
      this.stage = stage;
      this.count = this.#length = 0;
      this.#stride = 1;
    }
    this.#lastIters = iters;
    this.#lastValue = value;
    this.count += 1;
    if ((this.count - 1) % this.#stride !== 0) return;
    if (this.#length === mostPoints) this.#thin();
    if (this.#length === this.#iters.length) this.#grow();
    this.#iters[this.#length] = iters;
    this.#hours[this.#length] = hours;
    this.#values[this.#length] = value;
    this.#length += 1;
  }

  points(axis: CurveAxis): Point[] {
    const xs = axis === "hours" ? this.#hours : this.#iters;
    return Array.from({ length: this.#length }, (_, i) => ({
      x: axis === "reports" ? i * this.#stride + 1 : (xs[i] ?? 0),
      y: this.#values[i] ?? Number.NaN,
    }));
  }

  #thin(): void {
    for (const column of [this.#iters, this.#hours, this.#values]) {
      for (let i = 0; i < mostPoints / 2; i += 1) column[i] = column[2 * i] ?? 0;
    }
    this.#length = mostPoints / 2;
    this.#stride *= 2;
  }

  #grow(): void {
    const grown = (column: Float64Array): Float64Array<ArrayBuffer> => {
      const next = new Float64Array(Math.min(mostPoints, column.length * 2));
      next.set(column);
      return next;
    };
    this.#iters = grown(this.#iters);
    this.#hours = grown(this.#hours);
    this.#values = grown(this.#values);
  }
}

/** Curves of one job's runs, by the number of the trial. */
export class CurveStore {
  readonly #curves = new Map<number, RunCurve>();
  /** Rises with every report. */
  version = 0;

  add(n: number, stage: number, iters: number, hours: number, value: number): void {
    let curve = this.#curves.get(n);
    if (curve) this.#curves.delete(n);
    else {
      curve = new RunCurve();
      if (this.#curves.size >= mostRuns) this.#curves.delete(this.#curves.keys().next().value ?? 0);
    }
    this.#curves.set(n, curve);
    curve.add(stage, iters, hours, value);
    this.version += 1;
  }

  /** A curve that was read whole takes the place of what was heard of it. */
  replace(n: number, curve: RunCurve): void {
    this.#curves.delete(n);
    this.#curves.set(n, curve);
    if (this.#curves.size > mostRuns) this.#curves.delete(this.#curves.keys().next().value ?? 0);
    this.version += 1;
  }

  of(n: number): RunCurve | undefined {
    return this.#curves.get(n);
  }

  *[Symbol.iterator](): Iterator<readonly [number, RunCurve]> {
    yield* this.#curves;
  }

  clear(): void {
    this.#curves.clear();
    this.version += 1;
  }
}

/**
 * Mean of several runs' curves with one standard deviation over them, at `places` points of the axis. A place counts the runs
 * that reach it, each by the straight line between its reports.
 */
export function meanCurve(curves: readonly (readonly Point[])[], places: number): Point[] {
  const ends = curves
    .flatMap((points) => [points[0]?.x ?? Number.NaN, points.at(-1)?.x ?? Number.NaN])
    .filter(Number.isFinite);
  if (ends.length === 0) return [];
  const low = Math.min(...ends);
  const high = Math.max(...ends);
  const steps = high > low ? Math.max(2, places) : 1;
  const cursors = curves.map(() => 0);
  const out: Point[] = [];
  for (let step = 0; step < steps; step += 1) {
    const x = steps === 1 ? low : low + ((high - low) * step) / (steps - 1);
    const values: number[] = [];
    curves.forEach((points, i) => {
      let at = cursors[i] ?? 0;
      while (at + 1 < points.length && (points[at + 1]?.x ?? 0) <= x) at += 1;
      cursors[i] = at;
      const from = points[at];
      const to = points[at + 1];
      if (!from || from.x > x || (!to && from.x < x - 1e-9)) return;
      const y = to && to.x > from.x ? from.y + ((to.y - from.y) * (x - from.x)) / (to.x - from.x) : from.y;
      if (Number.isFinite(y)) values.push(y);
    });
    if (values.length === 0) continue;
    const y = values.reduce((sum, value) => sum + value, 0) / values.length;
    const squares = values.reduce((sum, value) => sum + (value - y) ** 2, 0);
    out.push({ x, y, spread: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0 });
  }
  return out;
}
