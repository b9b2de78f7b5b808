import type { Configuration } from "../hyperparameter.ts";
import { rngFrom } from "../rng.ts";
import type { ModelBeliefs } from "./beliefs.ts";
import { Calibration } from "./calibration.ts";
import type { FinishedCurves } from "./finished-curves.ts";
import type { OpenCurve } from "./open-curve.ts";
import type { Predicted } from "./predicted.ts";
import { predictEnd } from "./prediction.ts";
import type { SummaryKind } from "./summary-kind.ts";
import { valueText } from "./value-text.ts";

/** What a pruner needs to know about the search that it serves. */
export interface PrunedSearch {
  /** The number of the stage whose first metric gives hpmax: only its reports say how good a run is. */
  readonly stage: number;
  /** The configuration of trial `n`. */
  configurationOf(n: number): Configuration;
  /** Undefined while too little is known. */
  beliefs(): ModelBeliefs | undefined;
}

/** A run is hopeless if its predicted end plus this many of its standard deviations is below the best. */
const runZ = 1.5;
/** Completed runs before anything is stopped. */
const leastCompleted = 10;
/**
 * The same for its configuration: `first` standard deviations, plus `perRun` for each completed run beyond `from`, at
 * most `most`. A search that has found its region rarely chooses hopeless configurations, and what looks hopeless there
 * often is not.
 */
const configurationZ = { first: 1, from: 50, perRun: 0.02, most: 6 } as const;
/**
 * `first` holds up to this many open runs. With more, each is judged by fewer results, so `first` grows with their
 * square root: with 100 workers, pruning at 1 did harm after 400 runs (27 +- 5 against 16 +- 4 on the maze,
 * 2026-11-28).
 */
const usualOpen = 10;

/**
 * Stops a run only if both its predicted end (prediction.ts) and its configuration are hopeless. The search gets the
 * prediction instead of a result.
 */
export class ModelRule {
  readonly #seed: number;
  readonly #search: PrunedSearch;
  readonly #calibration = new Calibration();
  /** Estimates of the finished curves' configurations, by place, and the beliefs they come from. */
  #estimates: (number | undefined)[] = [];
  #estimatedBy: ModelBeliefs | undefined;
  #completed = 0;
  /** Completed runs that do not count. */
  #rejected = 0;

  constructor(seed: number, search: PrunedSearch) {
    this.#seed = seed;
    this.#search = search;
  }

  /**
   * @param total  iterations of a whole run
   * @param open   runs that have reported and not ended
   * @returns undefined: the run goes on
   */
  judge(
    n: number,
    curve: OpenCurve,
    kind: SummaryKind,
    total: number,
    finished: FinishedCurves,
    open: number,
  ): { readonly reason: string; readonly predicted: Predicted } | undefined {
    if (this.#counted < leastCompleted) return undefined;
    const beliefs = this.#search.beliefs();
    if (!beliefs) return undefined;
    const { best, noise } = beliefs;
    const own = beliefs.of(this.#search.configurationOf(n));
    const spared = isSpared(this.#seed, n);
    // A spared run is predicted too: its end tests the prediction.
    if (!spared && !(own.mean + this.#configurationZ(open) * own.sd < best)) return undefined;
    const raw = predictEnd(curve, total, kind, finished, own.mean, (place) =>
      this.#estimateOf(place, finished, beliefs),
    );
    if (!raw) return undefined;
    const { mean } = raw;
    const sd = raw.sd * this.#calibration.factor;
    this.#calibration.predicted(n, mean, raw.sd);
    // A prediction that overflowed stops nothing.
    if (spared || !Number.isFinite(mean) || !(mean + runZ * sd < best)) return undefined;
    const weight = noise ** 2 / (noise ** 2 + sd ** 2) || 0;
    return {
      reason: `${valueText(kind.sign * mean)} ± ${valueText(sd)} predicted, the best is ${valueText(kind.sign * best)}`,
      predicted: { hpmax: mean, weight },
    };
  }

  /** @param place  among the finished curves */
  completed(n: number, hpmax: number, place: number): void {
    this.#completed += 1;
    this.#estimates[place] = undefined;
    this.#calibration.completed(n, hpmax);
  }

  forget(n: number): void {
    this.#calibration.forget(n);
  }

  /** These trials no longer count. @param completed  how many of them have completed here */
  judged(rejected: ReadonlySet<number>, completed: number): void {
    this.#rejected = completed;
    this.#calibration.judged(rejected);
  }

  get #counted(): number {
    return this.#completed - this.#rejected;
  }

  #configurationZ(open: number): number {
    const { first, from, perRun, most } = configurationZ;
    const atFirst = first * Math.sqrt(Math.max(1, open / usualOpen));
    return Math.min(most, atFirst + perRun * Math.max(0, this.#counted - from));
  }

  #estimateOf(place: number, { trials }: FinishedCurves, beliefs: ModelBeliefs): number {
    if (this.#estimatedBy !== beliefs) {
      this.#estimatedBy = beliefs;
      this.#estimates = [];
    }
    const known = this.#estimates[place];
    if (known !== undefined) return known;
    const estimate = beliefs.meanOf(this.#search.configurationOf(trials[place] ?? 0));
    this.#estimates[place] = estimate;
    return estimate;
  }
}

/** One run in this many is never stopped, however hopeless: its end shows whether the predictions are right. */
const oneIn = 10;

/** Whether the run is spared. Depends on job and trial alone, so that every coordinator spares the same runs. */
export const isSpared = (jobSeed: number, n: number): boolean =>
  rngFrom(`${jobSeed}/spared/${n}`).uniform() < 1 / oneIn;
