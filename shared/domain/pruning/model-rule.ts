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
  /** Of a trial. */
  configurationOf(n: number): Configuration;
  /** Undefined while too little is known. */
  beliefs(): ModelBeliefs | undefined;
}

/** A run is hopeless if its predicted end and so many of its standard deviations are below the best. */
const runZ = 1.5;
/** Completed runs before anything is stopped. */
const leastCompleted = 10;
/**
 * The same for its configuration: so many at first, so many more for each run that has completed, at most so many. A search that has
 * found its region hardly chooses what is hopeless, and what looks hopeless there often is not.
 */
const configurationZ = { first: 1, from: 50, perRun: 0.02, most: 6 } as const;
/**
 * Runs at once with which that holds. With more of them each is judged by fewer results, so more is asked: with 100 workers pruning at 1 did
 * harm after 400 runs (27 +- 5 against 16 +- 4 on the maze, 2026-11-28).
 */
const usualOpen = 10;

/**
 * Stops a run only if both it and its configuration are hopeless, by a prediction of its end (prediction.ts), which the search
 * gets instead of a result.
 */
export class ModelRule {
  readonly #seed: number;
  readonly #search: PrunedSearch;
  readonly #calibration = new Calibration();
  /** Estimates of the finished curves' configurations, by place, and whose they are. */
  #estimates: (number | undefined)[] = [];
  #estimatedBy: ModelBeliefs | undefined;
  #completed = 0;
  /** Of the completed ones, those that count in nothing. */
  #rejected = 0;

  constructor(seed: number, search: PrunedSearch) {
    this.#seed = seed;
    this.#search = search;
  }

  /** @param open  runs that have reported and not ended */
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
    // What is spared is predicted too, to see how it ends.
    if (!spared && !(own.mean + this.#configurationZ(open) * own.sd < best)) return undefined;
    const raw = predictEnd(curve, total, kind, finished, own.mean, (place) =>
      this.#estimateOf(place, finished, beliefs),
    );
    if (!raw) return undefined;
    const { mean } = raw;
    const sd = raw.sd * this.#calibration.factor;
    this.#calibration.predicted(n, mean, raw.sd);
    // Values beyond what a number holds come to nothing here, and stop nothing.
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

  /** Only other trials count from now on. @param completed  how many of these have completed here */
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

/** One run in so many is never stopped, however hopeless: how it ends shows whether the predictions are right. */
const oneIn = 10;

/** A function of job and trial alone, so that every coordinator spares the same runs. */
export const isSpared = (jobSeed: number, n: number): boolean =>
  rngFrom(`${jobSeed}/spared/${n}`).uniform() < 1 / oneIn;
