import { longer, NumberedTexts } from "../columns.ts";
import type { WorkerId } from "../names.ts";

/** A trial as the journal's records tell it, kept apart from the fold. */
export interface CheckedTrial {
  status: "running" | "waiting" | "over";
  /** How it ended; "" while it is open. */
  outcome: string;
  /** Of each attempt; attempt 1 is at 0. */
  readonly workers: WorkerId[];
  late: number;
  /** Iterations of its result; -1 while there is none, or none that is believed. */
  iters: number;
  /** Stage and iterations of each report seen, in turn, until the curve is known to be whole. */
  rows: number[];
  expectsCurve: boolean;
  hasWholeCurve: boolean;
}

/**
 * The trials of a job. Of those that completed on their first worker with a whole curve, nearly all, only that worker is kept:
 * a million objects would be most of what the garbage collector has to walk.
 */
export class CheckedTrials {
  /** By number less 1; undefined where a trial is settled, or was never heard of. */
  readonly #open: (CheckedTrial | undefined)[] = [];
  /** By number less 1: the worker's number, plus 1; 0 where a trial is not settled. */
  #settledBy = new Uint32Array(16);
  readonly #workers = new NumberedTexts<WorkerId>();

  /** The highest number. */
  get length(): number {
    return this.#open.length;
  }

  add(n: number, worker: WorkerId): void {
    this.#open[n - 1] = trialOf(worker, "running", "", false);
  }

  /** To be changed; undefined where there is none. */
  trial(n: number): CheckedTrial | undefined {
    const trial = this.glance(n);
    if (trial) this.#open[n - 1] = trial;
    return trial;
  }

  /** To be looked at. */
  glance(n: number): CheckedTrial | undefined {
    return this.#open[n - 1] ?? this.#settled(n);
  }

  /** Lets go of the trial where nothing more is to be said of it than who completed it. */
  settle(n: number): void {
    const trial = this.#open[n - 1];
    if (trial?.outcome !== "completed" || !trial.hasWholeCurve || trial.late > 0) return;
    const [worker, ...others] = trial.workers;
    if (!worker || others.length > 0) return;
    if (n > this.#settledBy.length) this.#settledBy = longer(this.#settledBy, 2 * n);
    this.#settledBy[n - 1] = this.#workers.add(worker) + 1;
    this.#open[n - 1] = undefined;
  }

  /** Those that are not settled, with their numbers. */
  *unsettled(): Iterable<readonly [n: number, trial: CheckedTrial]> {
    for (const [i, trial] of this.#open.entries()) if (trial) yield [i + 1, trial];
  }

  #settled(n: number): CheckedTrial | undefined {
    const worker = this.#workers.all[(this.#settledBy[n - 1] ?? 0) - 1];
    return worker === undefined ? undefined : trialOf(worker, "over", "completed", true);
  }
}

const trialOf = (
  worker: WorkerId,
  status: CheckedTrial["status"],
  outcome: string,
  hasWholeCurve: boolean,
): CheckedTrial => ({
  status,
  outcome,
  workers: [worker],
  late: 0,
  iters: -1,
  rows: [],
  expectsCurve: false,
  hasWholeCurve,
});

/**
 * What is missing in a run's curve; "" when nothing is. A stage that reports evenly has its commonest step as its rhythm, and
 * only its last report may come sooner. One without a rhythm (a program that reports when it likes) may have any iterations.
 *
 * @param rows   stage and iterations of each report in turn, in any order, repeated ones included
 * @param iters  iterations of the run's last stage by its result
 */
export function curveGap(rows: readonly number[], iters: number): string {
  const stages = new Map<number, Set<number>>();
  for (let i = 0; i + 1 < rows.length; i += 2) {
    const stage = rows[i] ?? 0;
    let known = stages.get(stage);
    if (!known) {
      known = new Set();
      stages.set(stage, known);
    }
    known.add(rows[i + 1] ?? 0);
  }
  const numbers = [...stages.keys()].sort((a, b) => a - b);
  const last = numbers.at(-1);
  if (last === undefined) return iters === 0 ? "" : `no report is there, and the result says ${iters} iterations`;
  for (const stage of numbers) {
    const gap = gapIn([...(stages.get(stage) ?? [])].sort((a, b) => a - b));
    if (gap !== "") return `stage ${stage}: ${gap}`;
  }
  const end = Math.max(...(stages.get(last) ?? []));
  return end === iters ? "" : `stage ${last} ends at ${end} iterations, and the result says ${iters}`;
}

function gapIn(iters: readonly number[]): string {
  const steps = iters.map((at, i) => at - (iters[i - 1] ?? 0));
  const counts = new Map<number, number>();
  for (const step of steps) counts.set(step, (counts.get(step) ?? 0) + 1);
  const [rhythm, count] = [...counts].reduce((best, each) => (each[1] > best[1] ? each : best), [0, 0]);
  if (2 * count <= steps.length) return "";
  const at = steps.findIndex((step, i) => step > rhythm || (step < rhythm && i < steps.length - 1));
  return at < 0 ? "" : `nothing between ${iters[at - 1] ?? 0} and ${iters[at]}, where others are ${rhythm} apart`;
}
