import { type Configuration, configurationKey } from "../hyperparameter.ts";
import type { RunName, WorkerId } from "../names.ts";
import { Moments } from "../statistics.ts";
import { ConfigurationRegister } from "./configuration-register.ts";
import { IndexedHeaps } from "./indexed-heaps.ts";
import { type Prior, priorOf } from "./posterior.ts";
import { checkFinite, clipped, type Repeats, RunSetColumns } from "./run-set-columns.ts";
import { RunsInFlight } from "./runs-in-flight.ts";

/** A configuration with this many failures on this many workers is excluded: one bad machine excludes nothing. */
const excludingFailures = 3;
const excludingWorkers = 2;

/** The runs that share one configuration: a live view of the index it came from. */
export class RunSet {
  /** Its number among the run sets of its job, from 0 in the order of first assignment. */
  readonly number: number;
  readonly #register: ConfigurationRegister;
  readonly #columns: RunSetColumns;
  readonly #bestRuns: readonly RunName[];

  constructor(number: number, register: ConfigurationRegister, columns: RunSetColumns, bestRuns: readonly RunName[]) {
    this.number = number;
    this.#register = register;
    this.#columns = columns;
    this.#bestRuns = bestRuns;
  }

  /** Always the same array. */
  get configuration(): Configuration {
    return this.#register.configuration(this.number);
  }

  get key(): string {
    return configurationKey(this.configuration);
  }

  /** Its rank among all run sets by first completed run, from 0; null before that. */
  get firstSeen(): number | null {
    const firstSeen = this.#columns.firstSeen[this.number] ?? -1;
    return firstSeen === -1 ? null : firstSeen;
  }

  /** Completed runs, without the infeasible ones. */
  get completed(): number {
    return this.#columns.completed[this.number] ?? 0;
  }

  /** Mean hpmax of the completed runs; NaN if there are none. */
  get mean(): number {
    return this.#columns.mean(this.number);
  }

  /** Sample variance (n - 1) of hpmax; 0 for fewer than two completed runs. */
  get sampleVariance(): number {
    return this.#columns.sampleVariance(this.number);
  }

  /** How many whole runs the predictions for its pruned runs count as; no other number includes them. */
  get predictedWeight(): number {
    return this.#columns.predictedWeight[this.number] ?? 0;
  }

  /** Weighted mean of the predictions; NaN if there are none. */
  get predictedMean(): number {
    return (this.#columns.predictedSum[this.number] ?? Number.NaN) / this.predictedWeight;
  }

  /** Completed runs that broke the job's requirements; no number here includes their hpmax. */
  get infeasible(): number {
    return this.#columns.infeasible[this.number] ?? 0;
  }

  /** Whether most of its completed runs kept the job's requirements, so that it may be the best. */
  get isFeasible(): boolean {
    return this.#columns.isFeasible(this.number);
  }

  get failed(): number {
    return this.#columns.failed(this.number);
  }

  /** Number of different workers on which it failed. */
  get failedOn(): number {
    return this.#columns.failures.get(this.number)?.workers.size ?? 0;
  }

  /** Completed (infeasible or not), failed, timed out or pruned; not cancelled. */
  get ended(): number {
    return this.#columns.ended(this.number);
  }

  /** Assigned and not ended. */
  get inFlight(): number {
    return this.#columns.inFlight[this.number] ?? 0;
  }

  /** The completed run with the highest hpmax (the earliest if several are equal); null if there is none. */
  get bestRun(): RunName | null {
    return this.#bestRuns[this.number] ?? null;
  }

  /** hpmax of the best run; NaN if there is none. */
  get bestHpmax(): number {
    return this.#columns.bestHpmax[this.number] ?? Number.NaN;
  }
}

/** Counts of a whole job. */
export interface Totals {
  /** Without the infeasible ones. */
  readonly completed: number;
  readonly infeasible: number;
  readonly ended: number;
  readonly inFlight: number;
}

/** A job's run sets, as searches and standings may read them. Iterates in the order of first assignment. */
export interface RunSets extends Iterable<RunSet> {
  /** Configurations ever assigned. */
  readonly size: number;
  readonly totals: Totals;
  /** Pruned runs whose ends were predicted. */
  readonly predictions: number;
  readonly prior: Prior;
  /** Rises whenever what is known about any configuration changes. */
  readonly version: number;
  /** The feasible run set with the highest mean hpmax (the one seen last if several are equal); null if there is none. */
  best(): RunSet | null;
  /** For how many completed runs in a row, up to the newest, `best` has been the same run set; 0 before the first. */
  bestFor(): number;
  /**
   * For each number of completed runs (above 16: each power of two), up to `count` run sets with the highest means,
   * best first, less the infeasible ones. Whatever the noise, no other run set with as many runs can be the best.
   */
  leaders(count: number): RunSet[];
  /** Run set `number`, from 0 in the order of first assignment. */
  at(number: number): RunSet | undefined;
  /** The run sets with a run in flight, by number. */
  inFlight(): RunSet[];
  /** The run set of a configuration; undefined if it was never assigned. */
  of(configuration: Configuration): RunSet | undefined;
  get(key: string): RunSet | undefined;
  /** Whether the configuration failed at least three times and on two workers, so that it must not be tried again. */
  isExcluded(configuration: Configuration): boolean;
  /** What the run sets that ran more than once have in common. */
  readonly repeats: Readonly<Repeats>;
}

/** A configuration, or the number of its run set, which saves the look-up. */
type Which = Configuration | number;

/** A completed run, as the run sets count it. */
export type Counted = readonly [which: Which, hpmax: number, run: RunName, isFeasible?: boolean];

/**
 * All run sets of a job, updated run by run in O(log n).
 *
 * Each run is announced once by `started` and ended once by `completed`, `failed`, `endedOtherwise` or `released`; a run that moves
 * to another worker stays in flight, and `reopened` takes a failure back.
 *
 * @throws RangeError for an end without a start
 */
export class RunSetIndex implements RunSets {
  readonly #register = new ConfigurationRegister();
  readonly #columns = new RunSetColumns();
  readonly #bestRuns: RunName[] = [];
  /** A heap for each number of completed runs, see `heapFor`. */
  readonly #byMean = new IndexedHeaps((a, b) => this.#outranks(a, b));
  /** The run set with the highest mean, a feasible one if there is any; -1 before any run has completed. */
  #best = -1;
  readonly #flights = new RunsInFlight(this.#columns);
  /** Moments of the clipped hpmax of all completed runs. */
  #all = new Moments();
  #ended = 0;
  predictions = 0;
  #infeasible = 0;
  #version = 0;
  /** The completed run, counted from 1, after which the best run set took the lead. */
  #ledSince = 0;

  get size(): number {
    return this.#columns.size;
  }

  /** Adopts the configurations of another index, without their runs. */
  restore(rows: Uint32Array<ArrayBuffer>, size: number): void {
    this.#register.restore(rows, size);
    while (this.#columns.size < size) this.#columns.add();
  }

  /** The run sets' configurations, by number. */
  get configurations(): ConfigurationRegister {
    return this.#register;
  }

  get totals(): Totals {
    const { total: inFlight } = this.#flights;
    return { completed: this.#all.count, infeasible: this.#infeasible, ended: this.#ended, inFlight };
  }

  get prior(): Prior {
    return priorOf(this.#all);
  }

  get version(): number {
    return this.#version;
  }

  /** A run with this configuration was assigned for the first time. Returns the number of its run set. */
  started(which: Which): number {
    const number = typeof which === "number" ? which : this.#register.add(which);
    if (number === this.#columns.size) this.#columns.add();
    this.#flights.add(number);
    return number;
  }

  /**
   * @param hpmax       finite
   * @param isFeasible  false: it broke the job's requirements, so that it counts as ended but in no estimate
   * @throws RangeError if hpmax is not finite: such a run has failed
   */
  completed(which: Which, hpmax: number, run: RunName, isFeasible = true): void {
    checkFinite(hpmax, run);
    this.#count(this.#land(which), hpmax, run, isFeasible);
  }

  /** Counts a run as assigned and completed, at half the cost of two calls. `number` may be the next new run set. */
  ran(number: number, hpmax: number, run: RunName, isFeasible = true): void {
    checkFinite(hpmax, run);
    if (number === this.#columns.size) this.#columns.add();
    this.#count(number, hpmax, run, isFeasible);
  }

  /**
   * Forgets which runs have completed and counts these instead, in the order of completion, as if the index had never
   * known others. Each of them was announced by `started` and is no longer in flight.
   */
  recount(completed: Iterable<Counted>): void {
    this.#ended -= this.#all.count + this.#infeasible;
    this.#infeasible = 0;
    this.#all = new Moments();
    this.#version++;
    this.#ledSince = 0;
    this.#byMean.clear();
    this.#best = -1;
    this.#columns.clearValues();
    this.#bestRuns.length = 0;
    for (const [which, hpmax, run, isFeasible = true] of completed) {
      this.#count(this.#numberOf(which), hpmax, run, isFeasible);
    }
  }

  #count(number: number, hpmax: number, run: RunName, isFeasible: boolean): void {
    const columns = this.#columns;
    this.#ended++;
    this.#version++;
    if (isFeasible) {
      if (columns.firstSeen[number] === -1) columns.firstSeen[number] = this.#byMean.size;
      if (columns.addValue(number, hpmax)) this.#bestRuns[number] = run;
      this.#all.add(clipped(hpmax));
    } else {
      columns.addInfeasible(number);
      this.#infeasible++;
      if (columns.firstSeen[number] === -1) return;
    }
    this.#byMean.update(number, heapFor(columns.completed[number] ?? 0));
    const leader = this.#best;
    if (leader === number) this.#best = this.#highest();
    else if (leader === -1 || this.#outranks(number, leader)) this.#best = number;
    if (this.#best !== leader) this.#ledSince = this.#all.count;
  }

  #highest(): number {
    let best = -1;
    for (let heap = 0; heap < this.#byMean.count; heap++) {
      const top = this.#byMean.top(heap);
      if (top !== -1 && (best === -1 || this.#outranks(top, best))) best = top;
    }
    return best;
  }

  /** The run's own code failed on this worker. */
  failed(which: Which, worker: WorkerId): void {
    this.#columns.addFailure(this.#land(which), worker);
    this.#ended++;
    this.#version++;
  }

  /** The run timed out or was pruned. */
  endedOtherwise(which: Which): void {
    const number = this.#land(which);
    this.#columns.endedOtherwise[number] = (this.#columns.endedOtherwise[number] ?? 0) + 1;
    this.#ended++;
  }

  /** The predicted hpmax of a pruned run, added after its end. */
  predicted(which: Which, { hpmax, weight }: { readonly hpmax: number; readonly weight: number }): void {
    if (!Number.isFinite(hpmax) || !(weight > 0)) return;
    this.#columns.addPrediction(this.#numberOf(which), hpmax, weight);
    this.predictions++;
    this.#version++;
  }

  /** A failure is taken back; the run is in flight again. */
  reopened(which: Which, worker: WorkerId): void {
    const number = this.#numberOf(which);
    this.#columns.takeBackFailure(number, worker);
    this.#flights.add(number);
    this.#ended--;
    this.#version++;
  }

  /** The run was cancelled, as if it had never started. */
  released(which: Which): void {
    this.#land(which);
  }

  best(): RunSet | null {
    return this.#best === -1 || !this.#columns.isFeasible(this.#best) ? null : this.#view(this.#best);
  }

  leaders(count: number): RunSet[] {
    const found: RunSet[] = [];
    for (let heap = 0; heap < this.#byMean.count; heap++) {
      for (const number of this.#byMean.first(count, heap)) {
        if (this.#columns.isFeasible(number)) found.push(this.#view(number));
      }
    }
    return found;
  }

  at(number: number): RunSet | undefined {
    return number >= 0 && number < this.#columns.size ? this.#view(number) : undefined;
  }

  inFlight(): RunSet[] {
    return this.#flights.sets().map((number) => this.#view(number));
  }

  bestFor(): number {
    return this.best() === null ? 0 : this.#all.count - this.#ledSince + 1;
  }

  of(configuration: Configuration): RunSet | undefined {
    const number = this.#register.find(configuration);
    return number === -1 ? undefined : this.#view(number);
  }

  get(key: string): RunSet | undefined {
    return this.of(key === "" ? [] : key.split(".").map(Number));
  }

  isExcluded(configuration: Configuration): boolean {
    if (this.#columns.failures.size === 0) return false;
    const failures = this.#columns.failures.get(this.#register.find(configuration));
    return failures !== undefined && failures.count >= excludingFailures && failures.workers.size >= excludingWorkers;
  }

  get repeats(): Readonly<Repeats> {
    return this.#columns.repeats;
  }

  *[Symbol.iterator](): Iterator<RunSet> {
    for (let number = 0; number < this.#columns.size; number++) {
      yield this.#view(number);
    }
  }

  #view(number: number): RunSet {
    return new RunSet(number, this.#register, this.#columns, this.#bestRuns);
  }

  /** Ends one run in flight of the configuration; returns the number of its run set. */
  #land(which: Which): number {
    const number = this.#numberOf(which);
    if (this.#flights.remove(number)) return number;
    const configuration = typeof which === "number" ? this.#register.configuration(which) : which;
    throw new RangeError(`a run of configuration [${configuration.join(", ")}] ended, but none of it is in flight`);
  }

  #numberOf(which: Which): number {
    return typeof which === "number" ? which : this.#register.find(which);
  }

  /** Feasible first, then by higher mean; if means are equal, the one seen last, as in the original search. */
  #outranks(a: number, b: number): boolean {
    if (this.#infeasible > 0) {
      const isFeasible = this.#columns.isFeasible(a);
      if (isFeasible !== this.#columns.isFeasible(b)) return isFeasible;
    }
    const meanA = this.#columns.mean(a);
    const meanB = this.#columns.mean(b);
    if (meanA !== meanB) return meanA > meanB;
    return (this.#columns.firstSeen[a] ?? -1) > (this.#columns.firstSeen[b] ?? -1);
  }
}

/** The heap of the run sets with so many completed runs: one for each number up to 16, then one for each power of two. */
const heapFor = (completed: number): number => (completed <= 16 ? completed : 13 + Math.floor(Math.log2(completed)));
