import type { Point } from "../chart/braille.ts";

/** Points kept per run: twice the dots across the widest chart. */
const mostPoints = 512;
/** Runs whose curves are kept. The run without news for longest is dropped first. */
const mostRuns = 400;

/** What counts along a curve's x axis. */
export const curveAxes = ["iters", "hours", "reports"] as const;
export type CurveAxis = (typeof curveAxes)[number];

/**
 * The reports of one run's newest stage. When all places are full, neighbours merge in pairs into one place, which keeps their
 * lowest and highest value, so that a spike stays visible in a run of any length.
 */
export class LiveCurve {
  stage = 0;
  /** Reports so far. */
  count = 0;
  /** The newest attempt heard of; 1 if the curve was read from the broker. */
  attempt = 1;
  #length = 0;
  /** Reports per place; the last place may have fewer. */
  #stride = 1;
  #columns = columnsOf(32);
  #last = { iters: -1, hours: 0, value: Number.NaN };

  /** The newest report's iterations and value; -1 and NaN before the first. */
  get last(): { readonly iters: number; readonly value: number } {
    const { iters, value } = this.#last;
    return { iters, value };
  }

  get length(): number {
    return this.#length;
  }

  /** Later attempts repeat earlier reports: the first report of an iteration counts. */
  add(stage: number, iters: number, hours: number, value: number): void {
    if (stage < this.stage || (stage === this.stage && iters <= this.#last.iters)) return;
    if (stage > this.stage) {
      this.stage = stage;
      this.count = this.#length = 0;
      this.#stride = 1;
    }
    this.#last = { iters, hours, value };
    this.count += 1;
    if ((this.count - 1) % this.#stride === 0) this.#begin(iters, hours);
    if (Number.isFinite(value)) this.#take(this.#length - 1, value);
  }

  /** Whether a report of this attempt shows that the run began afresh: it lies no further than the first report. */
  isReplacedBy(attempt: number, stage: number, iters: number): boolean {
    const isFurther = stage > this.stage || (stage === this.stage && iters > (this.#columns.iters[0] ?? 0));
    return attempt > this.attempt && !isFurther;
  }

  /** The mean of each place. */
  points(axis: CurveAxis): Point[] {
    const { sum, measured } = this.#columns;
    const means = this.#map(axis, (i) => [(sum[i] ?? 0) / (measured[i] ?? 0)]);
    return this.#stride === 1 ? means : [...means, this.#end(axis)];
  }

  /** The lowest and the highest value of each place. */
  envelope(axis: CurveAxis): Point[] {
    if (this.#stride === 1) return this.points(axis);
    const { low, high, measured } = this.#columns;
    const ends = this.#map(axis, (i) => (measured[i] ? [low[i] ?? 0, high[i] ?? 0] : [Number.NaN]));
    return [...ends, this.#end(axis)];
  }

  #map(axis: CurveAxis, valuesAt: (place: number) => readonly number[]): Point[] {
    const xs = axis === "hours" ? this.#columns.hours : this.#columns.iters;
    return Array.from({ length: this.#length }, (_, i) => {
      const x = axis === "reports" ? i * this.#stride + 1 : (xs[i] ?? 0);
      return valuesAt(i).map((y) => ({ x, y }));
    }).flat();
  }

  #end(axis: CurveAxis): Point {
    const { iters, hours, value } = this.#last;
    return { x: axis === "reports" ? this.count : axis === "hours" ? hours : iters, y: value };
  }

  #begin(iters: number, hours: number): void {
    if (this.#length === mostPoints) this.#thin();
    if (this.#length === this.#columns.iters.length) this.#columns = grown(this.#columns);
    const { iters: xs, hours: times, low, high, sum, measured } = this.#columns;
    const at = this.#length;
    xs[at] = iters;
    times[at] = hours;
    low[at] = Number.POSITIVE_INFINITY;
    high[at] = Number.NEGATIVE_INFINITY;
    sum[at] = measured[at] = 0;
    this.#length += 1;
  }

  #take(at: number, value: number): void {
    const { low, high, sum, measured } = this.#columns;
    low[at] = Math.min(low[at] ?? value, value);
    high[at] = Math.max(high[at] ?? value, value);
    sum[at] = (sum[at] ?? 0) + value;
    measured[at] = (measured[at] ?? 0) + 1;
  }

  #thin(): void {
    const { iters, hours, low, high, sum, measured } = this.#columns;
    for (let i = 0; i < mostPoints / 2; i += 1) {
      const [a, b] = [2 * i, 2 * i + 1];
      iters[i] = iters[a] ?? 0;
      hours[i] = hours[a] ?? 0;
      low[i] = Math.min(low[a] ?? 0, low[b] ?? 0);
      high[i] = Math.max(high[a] ?? 0, high[b] ?? 0);
      sum[i] = (sum[a] ?? 0) + (sum[b] ?? 0);
      measured[i] = (measured[a] ?? 0) + (measured[b] ?? 0);
    }
    this.#length = mostPoints / 2;
    this.#stride *= 2;
  }
}

const columnNames = ["iters", "hours", "low", "high", "sum", "measured"] as const;
type Columns = Record<(typeof columnNames)[number], Float64Array<ArrayBuffer>>;

function columnsOf(length: number): Columns {
  const column = (): Float64Array<ArrayBuffer> => new Float64Array(length);
  return { iters: column(), hours: column(), low: column(), high: column(), sum: column(), measured: column() };
}

function grown(columns: Columns): Columns {
  const next = columnsOf(Math.min(mostPoints, columns.iters.length * 2));
  for (const name of columnNames) next[name].set(columns[name]);
  return next;
}

/** Curves of one job's runs, by the number of the trial. */
export class CurveStore {
  readonly #curves = new Map<number, LiveCurve>();
  /** Rises with every report. */
  version = 0;

  add(n: number, stage: number, iters: number, hours: number, value: number, attempt = 1): void {
    const known = this.#curves.get(n);
    const curve = known?.isReplacedBy(attempt, stage, iters) === false ? known : new LiveCurve();
    curve.attempt = Math.max(curve.attempt, attempt);
    curve.add(stage, iters, hours, value);
    this.replace(n, curve);
  }

  /** Replaces the reports heard so far by the whole curve, read from the broker. */
  replace(n: number, curve: LiveCurve): void {
    this.#curves.delete(n);
    this.#curves.set(n, curve);
    if (this.#curves.size > mostRuns) this.#curves.delete(this.#curves.keys().next().value ?? 0);
    this.version += 1;
  }

  of(n: number): LiveCurve | undefined {
    return this.#curves.get(n);
  }

  *[Symbol.iterator](): Iterator<readonly [number, LiveCurve]> {
    yield* this.#curves;
  }

  clear(): void {
    this.#curves.clear();
    this.version += 1;
  }
}

/** Mean and standard deviation of several curves at `places` points, interpolated, over the runs that reach each. */
export function meanCurve(curves: readonly (readonly Point[])[], places: number): Point[] {
  return valuesAt(curves, places).map(({ x, values }) => {
    const y = values.reduce((sum, value) => sum + value, 0) / values.length;
    const squares = values.reduce((sum, value) => sum + (value - y) ** 2, 0);
    return { x, y, spread: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0 };
  });
}

/** The lowest and the highest of several runs at each place: enough for runs shown only for comparison. */
export function rangeCurves(curves: readonly (readonly Point[])[], places: number): readonly (readonly Point[])[] {
  const at = valuesAt(curves, places);
  return [Math.min, Math.max].map((extreme) => at.map(({ x, values }) => ({ x, y: extreme(...values) })));
}

function valuesAt(
  curves: readonly (readonly Point[])[],
  places: number,
): { readonly x: number; readonly values: readonly number[] }[] {
  const ends = curves
    .flatMap((points) => [points[0]?.x ?? Number.NaN, points.at(-1)?.x ?? Number.NaN])
    .filter(Number.isFinite);
  if (ends.length === 0) return [];
  const low = Math.min(...ends);
  const high = Math.max(...ends);
  const steps = high > low ? Math.max(2, places) : 1;
  const cursors = curves.map(() => 0);
  const out: { x: number; values: number[] }[] = [];
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
    if (values.length > 0) out.push({ x, values });
  }
  return out;
}
