import { longer, NumberedTexts } from "../columns.ts";
import type { WorkerId } from "../names.ts";

/** A trial according to the journal's records, independent of the fold. */
export interface CheckedTrial {
  status: "running" | "waiting" | "over";
  /** How it ended; "" while open. */
  outcome: string;
  /** By attempt - 1. */
  readonly workers: WorkerId[];
  late: number;
  /** Iterations according to its result; -1 if it has no result that can be believed. */
  iters: number;
  /** Stage and iterations of each report seen, alternating, until the curve is known to be complete. */
  rows: number[];
  expectsCurve: boolean;
  hasWholeCurve: boolean;
}

/**
 * The trials of a job. Nearly all complete on their first worker with a complete curve; for these only the worker is kept,
 * because a million objects would slow down the garbage collector.
 */
export class CheckedTrials {
  /** By trial number - 1; undefined for a settled or unknown trial. */
  readonly #open: (CheckedTrial | undefined)[] = [];
  /** By trial number - 1: number of the worker + 1; 0 if not settled. */
  #settledBy = new Uint32Array(16);
  readonly #workers = new NumberedTexts<WorkerId>();

  /** The highest trial number. */
  get length(): number {
    return this.#open.length;
  }

  add(n: number, worker: WorkerId): void {
    this.#open[n - 1] = trialOf(worker, "running", "", false);
  }

  /** A trial to change; undefined if there is none. */
  trial(n: number): CheckedTrial | undefined {
    const trial = this.glance(n);
    if (trial) this.#open[n - 1] = trial;
    return trial;
  }

  /** A trial to read; undefined if there is none. */
  glance(n: number): CheckedTrial | undefined {
    return this.#open[n - 1] ?? this.#settled(n);
  }

  /** Drops the trial if nothing but its worker is worth keeping. */
  settle(n: number): void {
    const trial = this.#open[n - 1];
    if (trial?.outcome !== "completed" || !trial.hasWholeCurve || trial.late > 0) return;
    const [worker, ...others] = trial.workers;
    if (!worker || others.length > 0) return;
    if (n > this.#settledBy.length) this.#settledBy = longer(this.#settledBy, 2 * n);
    this.#settledBy[n - 1] = this.#workers.add(worker) + 1;
    this.#open[n - 1] = undefined;
  }

  /** Trials that are not settled, with their numbers. */
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

/** Drops the rows of a curve once it is complete. */
export function lookAtCurve(trial: CheckedTrial): void {
  if (trial.status !== "over" || trial.outcome !== "completed" || gapOf(trial) !== "") return;
  trial.hasWholeCurve = true;
  trial.rows = [];
}

/** What is missing in the curve of a completed run; "" if nothing, or if nothing is expected. */
export function gapOf(trial: CheckedTrial): string {
  const isExpected = trial.outcome === "completed" && trial.expectsCurve && !trial.hasWholeCurve && trial.iters >= 0;
  if (!isExpected) return "";
  return curveGap(trial.workers.length > 1 ? rowsUpTo(trial.rows, trial.iters) : trial.rows, trial.iters);
}

/** Without what other attempts have reported beyond the result: one that begins afresh may end earlier. */
function rowsUpTo(rows: readonly number[], iters: number): number[] {
  const last = rows.reduce((most, value, i) => (i % 2 === 0 ? Math.max(most, value) : most), 0);
  return rows.filter((_, i) => {
    const [stage = 0, at = 0] = i % 2 === 0 ? [rows[i], rows[i + 1]] : [rows[i - 1], rows[i]];
    return stage < last || at <= iters;
  });
}

/**
 * What is missing in a run's curve; "" if nothing. If most steps between a stage's reports are equal, only the last may be shorter. A
 * stage without such a step (a program that reports at will) may have reports at any iterations.
 *
 * @param rows   stage and iterations of each report, alternating; in any order, repetitions included
 * @param iters  iterations of the run's last stage according to its result
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

export const wordFor = ({ status, outcome }: CheckedTrial): string => (status === "over" ? outcome : status);
