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
