import type { RunName } from "./names.ts";

/** One report of a run: [stage, iters, hours, values, counts]. */
export type CurvePoint = readonly [
  stage: number,
  iters: number,
  hours: number,
  values: readonly number[],
  counts: readonly number[],
];

/** The reports of one stage of a run as columns: one entry for each report, by rising iterations. */
export interface StageCurve {
  /** From 1. */
  readonly stage: number;
  /** Iterations of this stage so far. */
  readonly iters: readonly number[];
  /** Hours of training in the run so far. */
  readonly hours: readonly number[];
  readonly metrics: readonly MetricCurve[];
}

export interface MetricCurve {
  /** With the stage's prefix, as in tables: `s1-rew`. */
  readonly name: string;
  /** NaN if nothing was measured. */
  readonly values: readonly number[];
  /** How many measurements each value summarises. */
  readonly counts: readonly number[];
}

/** Everything that a run reported. */
export interface Curve {
  readonly run: RunName;
  /** By stage number; a stage without reports is left out. */
  readonly stages: readonly StageCurve[];
}

/** Collects one run's reports into its curve. If several attempts report the same iterations of a stage, the first counts. */
export class CurveBuilder {
  readonly #run: RunName;
  readonly #points = new Map<number, Map<number, CurvePoint>>();

  constructor(run: RunName) {
    this.#run = run;
  }

  /** Returns whether the point is new. */
  add(point: CurvePoint): boolean {
    const [stage, iters] = point;
    let known = this.#points.get(stage);
    if (!known) {
      known = new Map();
      this.#points.set(stage, known);
    }
    if (known.has(iters)) return false;
    known.set(iters, point);
    return true;
  }

  /**
   * @param columns  metric names of the run's or its job's results, in order: `s1-hrs`, `s1-rew`, ... If their number differs
   *                 from what a stage reported (before the first result there are none), its metrics are called `s1-m1`, `s1-m2`
   */
  curve(columns: readonly string[]): Curve {
    const stages = [...this.#points.keys()].sort((a, b) => a - b);
    return { run: this.#run, stages: stages.map((stage) => this.#stage(stage, columns)) };
  }

  #stage(stage: number, columns: readonly string[]): StageCurve {
    const points = [...(this.#points.get(stage)?.values() ?? [])].sort((a, b) => a[1] - b[1]);
    const width = points.reduce((most, point) => Math.max(most, point[3].length), 0);
    return {
      stage,
      iters: points.map((point) => point[1]),
      hours: points.map((point) => point[2]),
      metrics: metricNames(stage, width, columns).map((name, i) => ({
        name,
        values: points.map((point) => point[3][i] ?? Number.NaN),
        counts: points.map((point) => point[4][i] ?? 0),
      })),
    };
  }
}

function metricNames(stage: number, width: number, columns: readonly string[]): string[] {
  const prefix = `s${stage}-`;
  const known = columns.filter((name) => name.startsWith(prefix) && name !== `${prefix}hrs`);
  return known.length === width ? known : Array.from({ length: width }, (_, i) => `${prefix}m${i + 1}`);
}

/** One metric of a curve by name, e.g. `s1-rew`, and the stage with its iterations and hours; undefined if it was not reported. */
export function metricOf(
  curve: Curve,
  name: string,
): { readonly stage: StageCurve; readonly metric: MetricCurve } | undefined {
  for (const stage of curve.stages) {
    const metric = stage.metrics.find((each) => each.name === name);
    if (metric) return { stage, metric };
  }
  return undefined;
}
