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

/**
 * Collects one run's reports into the curve of one training. An attempt resumes from a checkpoint or begins afresh;
 * from its first report on, it replaces what earlier attempts reported. A report that an attempt repeats for the same
 * iterations is left out.
 */
export class CurveBuilder {
  readonly #run: RunName;
  /** By attempt, stage and iterations. */
  readonly #points = new Map<number, Map<number, Map<number, CurvePoint>>>();
  #lastAttempt = Number.POSITIVE_INFINITY;

  constructor(run: RunName) {
    this.#run = run;
  }

  /** Returns whether the point is new. */
  add(point: CurvePoint, attempt = 1): boolean {
    const [stage, iters] = point;
    let stages = this.#points.get(attempt);
    if (!stages) {
      stages = new Map();
      this.#points.set(attempt, stages);
    }
    let known = stages.get(stage);
    if (!known) {
      known = new Map();
      stages.set(stage, known);
    }
    if (known.has(iters)) return false;
    known.set(iters, point);
    return true;
  }

  /** The run's result came from this attempt; reports of later attempts belong to a training that was not finished. */
  endedBy(attempt: number): void {
    this.#lastAttempt = attempt;
  }

  /**
   * @param columns  metric names of the run's or its job's results, in order: `s1-hrs`, `s1-rew`, ... If their number differs
   *                 from what a stage reported (before the first result there are none), its metrics are called `s1-m1`, `s1-m2`
   */
  curve(columns: readonly string[]): Curve {
    const stages: CurvePoint[][] = [];
    for (const point of this.#training()) {
      const stage = stages.at(-1);
      if (stage && stage[0]?.[0] === point[0]) stage.push(point);
      else stages.push([point]);
    }
    return { run: this.#run, stages: stages.map((points) => stageOf(points, columns)) };
  }

  /** The points of the newest training, in order: of the last attempt, and of those that it continued. */
  #training(): readonly CurvePoint[] {
    const attempts = [...this.#points.keys()].filter((attempt) => attempt <= this.#lastAttempt).sort((a, b) => a - b);
    const trainings: (readonly CurvePoint[])[] = [];
    for (const attempt of attempts) {
      const own = [...(this.#points.get(attempt)?.values() ?? [])]
        .flatMap((known) => [...known.values()])
        .sort(compare);
      const [first] = own;
      if (!first) continue;
      // An earlier holder may have come further than a later one, and the next may go on from its checkpoint.
      let before: readonly CurvePoint[] = [];
      for (const training of trainings) {
        const kept = training.slice(0, placeIn(training, first));
        const [end, best] = [kept.at(-1), before.at(-1)];
        if (end && (!best || compare(end, best) >= 0)) before = kept;
      }
      trainings.push(before.length === 0 ? own : [...before, ...own]);
    }
    return trainings.at(-1) ?? [];
  }
}

const compare = (a: CurvePoint, b: CurvePoint): number => a[0] - b[0] || a[1] - b[1];

/** How many of the points, which are in order, come before `point`. */
function placeIn(points: readonly CurvePoint[], point: CurvePoint): number {
  let [from, to] = [0, points.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const at = points[middle];
    if (at && compare(at, point) < 0) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** @param points  of one stage, in order */
function stageOf(points: readonly CurvePoint[], columns: readonly string[]): StageCurve {
  const stage = points[0]?.[0] ?? 0;
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

function metricNames(stage: number, width: number, columns: readonly string[]): string[] {
  const prefix = `s${stage}-`;
  const known = columns.filter((name) => name.startsWith(prefix) && name !== `${prefix}hrs`);
  return known.length === width ? known : Array.from({ length: width }, (_, i) => `${prefix}m${i + 1}`);
}
