import { longer } from "../columns.ts";
import type { RunName, WorkerId } from "../names.ts";

/**
 * Values beyond this are clipped to it in means and variances. A diverged run could otherwise overflow a sum of squares, and every
 * later standing would be NaN. The best run's own hpmax is not clipped.
 */
const hugeValue = 1e140;

/** What run sets with several completed runs show about noise. */
export interface Repeats {
  /** Different means of run sets when their second runs had completed; at most five. */
  readonly means: number[];
  /** Different values of hpmax, of all run sets; at most `fineValues`. */
  readonly values: Set<number>;
  /** Run sets with a completed run. */
  measured: number;
  /** Whether any of these run sets has two runs with different hpmax. */
  differ: boolean;
}

/** Limit of `Repeats.means`. */
const mostMeans = 5;
/** A metric with this many different values is fine, however many configurations have run. */
export const fineValues = 64;

/** A column for each quantity, with an entry for each run set, by its number. 100 bytes a run set; objects take 400. */
export class RunSetColumns {
  #size = 0;
  completed = new Int32Array(16);
  /** Runs that timed out or were pruned. */
  endedOtherwise = new Int32Array(16);
  /** Completed runs that broke what the job requires. Empty until there is one. */
  infeasible = new Int32Array(0);
  inFlight = new Int32Array(16);
  /** Rank of the set by its first completed run, from 0; -1 before that. */
  firstSeen = new Int32Array(16);
  /** Sum of the completed runs' clipped hpmax, in order of completion. */
  sum = new Float64Array(16);
  /** Welford's mean and sum of squared deviations (see Moments): exact for equal values, which sum / count is not. */
  runningMean = new Float64Array(16);
  squares = new Float64Array(16);
  bestHpmax = new Float64Array(16);
  readonly repeats: Repeats = { means: [], values: new Set(), measured: 0, differ: false };
  /** For pruned runs: sum of the weights, and of weight * clipped predicted hpmax. Empty until there is one. */
  predictedWeight = new Float64Array(0);
  predictedSum = new Float64Array(0);
  /** Failures of the run sets that have any: in all, and on each worker. */
  readonly failures = new Map<number, { count: number; readonly workers: Map<WorkerId, number> }>();

  get size(): number {
    return this.#size;
  }

  /** Adds an empty run set and returns its number. */
  add(): number {
    if (this.#size === this.completed.length) this.#grow();
    const number = this.#size++;
    this.firstSeen[number] = -1;
    this.bestHpmax[number] = Number.NaN;
    return number;
  }

  mean(number: number): number {
    return (this.sum[number] ?? Number.NaN) / (this.completed[number] ?? 0);
  }

  /** n - 1; 0 for fewer than two completed runs. */
  sampleVariance(number: number): number {
    const completed = this.completed[number] ?? 0;
    return completed < 2 ? 0 : (this.squares[number] ?? 0) / (completed - 1);
  }

  failed(number: number): number {
    return this.failures.get(number)?.count ?? 0;
  }

  ended(number: number): number {
    const completed = (this.completed[number] ?? 0) + (this.infeasible[number] ?? 0);
    return completed + (this.endedOtherwise[number] ?? 0) + this.failed(number);
  }

  /** Whether no completed run broke the job's requirements, or fewer broke them than kept them. */
  isFeasible(number: number): boolean {
    const infeasible = this.infeasible[number] ?? 0;
    return infeasible === 0 || (this.completed[number] ?? 0) > infeasible;
  }

  addInfeasible(number: number): void {
    if (this.infeasible.length < this.completed.length)
      this.infeasible = longer(this.infeasible, this.completed.length);
    this.infeasible[number] = (this.infeasible[number] ?? 0) + 1;
  }

  /** Adds a completed run; returns whether it is the best of the set (the first of equals is). */
  addValue(number: number, hpmax: number): boolean {
    const value = clipped(hpmax);
    const count = (this.completed[number] ?? 0) + 1;
    const runningMean = this.runningMean[number] ?? 0;
    const newMean = runningMean + (value - runningMean) / count;
    // Compare the unclipped hpmax: two different huge values clip to the same one.
    if (count > 1) this.#repeated(count, newMean, hpmax !== runningMean);
    else this.repeats.measured += 1;
    if (this.repeats.values.size < fineValues) this.repeats.values.add(hpmax);
    this.completed[number] = count;
    this.sum[number] = (this.sum[number] ?? 0) + value;
    this.runningMean[number] = newMean;
    this.squares[number] = (this.squares[number] ?? 0) + (value - runningMean) * (value - newMean);
    const isBest = count === 1 || hpmax > (this.bestHpmax[number] ?? Number.NaN);
    if (isBest) this.bestHpmax[number] = hpmax;
    return isBest;
  }

  addPrediction(number: number, hpmax: number, weight: number): void {
    const capacity = this.completed.length;
    if (this.predictedWeight.length < capacity) {
      this.predictedWeight = longer(this.predictedWeight, capacity);
      this.predictedSum = longer(this.predictedSum, capacity);
    }
    this.predictedWeight[number] = (this.predictedWeight[number] ?? 0) + weight;
    this.predictedSum[number] = (this.predictedSum[number] ?? 0) + weight * clipped(hpmax);
  }

  #repeated(count: number, mean: number, differs: boolean): void {
    const { repeats } = this;
    if (differs) repeats.differ = true;
    if (count === 2 && repeats.means.length < mostMeans && !repeats.means.includes(mean)) repeats.means.push(mean);
  }

  /** Forgets every completed run; what ended otherwise or is in flight stays. */
  clearValues(): void {
    this.completed.fill(0);
    this.infeasible.fill(0);
    this.sum.fill(0);
    this.runningMean.fill(0);
    this.squares.fill(0);
    this.firstSeen.fill(-1, 0, this.#size);
    this.bestHpmax.fill(Number.NaN, 0, this.#size);
    this.repeats.means.length = 0;
    this.repeats.values.clear();
    this.repeats.measured = 0;
    this.repeats.differ = false;
  }

  addFailure(number: number, worker: WorkerId): void {
    let failures = this.failures.get(number);
    if (failures === undefined) {
      failures = { count: 0, workers: new Map() };
      this.failures.set(number, failures);
    }
    failures.count++;
    failures.workers.set(worker, (failures.workers.get(worker) ?? 0) + 1);
  }

  takeBackFailure(number: number, worker: WorkerId): void {
    const failures = this.failures.get(number);
    const there = failures?.workers.get(worker);
    if (failures === undefined || there === undefined) {
      throw new RangeError(`run set ${number} has no failure on ${worker} to take back`);
    }
    failures.count--;
    if (there === 1) failures.workers.delete(worker);
    else failures.workers.set(worker, there - 1);
    if (failures.count === 0) this.failures.delete(number);
  }

  #grow(): void {
    const capacity = 2 * this.completed.length;
    this.completed = longer(this.completed, capacity);
    this.endedOtherwise = longer(this.endedOtherwise, capacity);
    this.inFlight = longer(this.inFlight, capacity);
    this.firstSeen = longer(this.firstSeen, capacity);
    this.sum = longer(this.sum, capacity);
    this.runningMean = longer(this.runningMean, capacity);
    this.squares = longer(this.squares, capacity);
    this.bestHpmax = longer(this.bestHpmax, capacity);
  }
}

export function clipped(hpmax: number): number {
  return Math.max(-hugeValue, Math.min(hugeValue, hpmax));
}

/** @throws RangeError if it is not finite */
export function checkFinite(hpmax: number, run: RunName): void {
  if (Number.isFinite(hpmax)) return;
  throw new RangeError(`${run} cannot complete with hpmax ${hpmax}: a run without a finite hpmax has failed`);
}
