import { longer } from "../columns.ts";
import type { WorkerId } from "../names.ts";

/**
 * Beyond this a value counts as this in means and variances, so that a diverged run cannot overflow the sums of a million
 * squares and turn every later standing into NaN. The best run's own hpmax is kept as it was.
 */
export const hugeValue = 1e140;

/**
 * The numbers of every run set of a job, a column for each quantity, an entry for each run set by its number.
 *
 * Columns and not objects: about 100 bytes a run set instead of 400, and nothing for the garbage collector to walk.
 */
export class RunSetColumns {
  #size = 0;
  completed = new Int32Array(16);
  /** Timed out or pruned. */
  endedOtherwise = new Int32Array(16);
  inFlight = new Int32Array(16);
  /** Place in order of first completed runs, from 0; -1 while there is none. */
  firstSeen = new Int32Array(16);
  /** Of hpmax over the completed runs, added up in order of completion. */
  sum = new Float64Array(16);
  /** Welford's running mean and sum of squared deviations: exact where all values are equal, which sum / count is not. */
  runningMean = new Float64Array(16);
  squares = new Float64Array(16);
  bestHpmax = new Float64Array(16);
  /** Only of run sets with failures: how many, and how many on each worker. */
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
    return (this.completed[number] ?? 0) + (this.endedOtherwise[number] ?? 0) + this.failed(number);
  }

  /** Adds one completed run's value to the set's numbers, and says whether it is the best of the set: the first of equals. */
  addValue(number: number, hpmax: number): boolean {
    const value = clipped(hpmax);
    const count = (this.completed[number] ?? 0) + 1;
    const runningMean = this.runningMean[number] ?? 0;
    const newMean = runningMean + (value - runningMean) / count;
    this.completed[number] = count;
    this.sum[number] = (this.sum[number] ?? 0) + value;
    this.runningMean[number] = newMean;
    this.squares[number] = (this.squares[number] ?? 0) + (value - runningMean) * (value - newMean);
    const isBest = count === 1 || hpmax > (this.bestHpmax[number] ?? Number.NaN);
    if (isBest) this.bestHpmax[number] = hpmax;
    return isBest;
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
