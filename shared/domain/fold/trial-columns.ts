import { type Column, longer, NumberedTexts } from "../columns.ts";
import type { Configuration } from "../hyperparameter.ts";
import { childRunName, type RunName, type WorkerId } from "../names.ts";
import { type Attempt, newAttempt, newTrial, type Trial } from "./trial.ts";

/** A column for each quantity, an entry for each trial. */
interface Columns {
  readonly n: Uint32Array<ArrayBuffer>;
  /** `run<parent>.<child>` is the run's name. */
  readonly parent: Uint32Array<ArrayBuffer>;
  readonly child: Uint32Array<ArrayBuffer>;
  readonly seed: Float64Array<ArrayBuffer>;
  readonly hpmax: Float64Array<ArrayBuffer>;
  readonly iters: Float64Array<ArrayBuffer>;
  readonly startedAt: Float64Array<ArrayBuffer>;
  readonly endedAt: Float64Array<ArrayBuffer>;
  /** Places in `texts`. */
  readonly worker: Uint32Array<ArrayBuffer>;
  readonly bootId: Uint32Array<ArrayBuffer>;
  /** Where each trial's metrics end in `metrics`, which holds those of all trials one after the other. */
  readonly metricsEnd: Uint32Array<ArrayBuffer>;
}

/** Columns as a snapshot keeps them. */
export interface SavedColumns extends Columns {
  readonly size: number;
  readonly metrics: Float64Array<ArrayBuffer>;
  readonly texts: readonly string[];
}

/** A change made to every column. */
const eachColumn = (columns: Columns, change: <C extends Column>(column: C) => C): Columns => ({
  n: change(columns.n),
  parent: change(columns.parent),
  child: change(columns.child),
  seed: change(columns.seed),
  hpmax: change(columns.hpmax),
  iters: change(columns.iters),
  startedAt: change(columns.startedAt),
  endedAt: change(columns.endedAt),
  worker: change(columns.worker),
  bootId: change(columns.bootId),
  metricsEnd: change(columns.metricsEnd),
});

/**
 * Trials that completed on their first worker, which are nearly all of a search, as columns of numbers: about 100 bytes a trial
 * instead of 600. Configurations are kept once for each run set, not here.
 */
export class TrialColumns {
  #size = 0;
  #columns: Columns;
  #metrics: Float64Array<ArrayBuffer>;
  readonly #texts: NumberedTexts;

  /** @param saved  columns to continue, which are not copied */
  constructor(saved: SavedColumns = noTrials) {
    this.#size = saved.size;
    this.#columns = eachColumn(saved, (column) => column);
    this.#metrics = saved.metrics;
    this.#texts = new NumberedTexts(saved.texts);
  }

  get size(): number {
    return this.#size;
  }

  /** A copy of those trials that `isKept` names. */
  copy(isKept: (n: number) => boolean): TrialColumns {
    const { n, metricsEnd } = this.#columns;
    const places = Uint32Array.from(n.subarray(0, this.#size).keys()).filter((place) => isKept(at(n, place)));
    const columns = eachColumn(this.#columns, (column) => picked(column, places));
    const metrics = new Float64Array(this.#metricsLength);
    let end = 0;
    places.forEach((place, i) => {
      for (let from = this.#metricsFrom(place); from < at(metricsEnd, place); from += 1) {
        metrics[end] = at(this.#metrics, from);
        end += 1;
      }
      columns.metricsEnd[i] = end;
    });
    return new TrialColumns({ ...columns, size: places.length, metrics, texts: this.#texts.all });
  }

  /** Views of the columns, not copies. */
  save(): SavedColumns {
    const size = this.#size;
    return {
      size,
      ...eachColumn(this.#columns, (column) => column.subarray(0, size) as typeof column),
      metrics: this.#metrics.subarray(0, this.#metricsLength),
      texts: this.#texts.all,
    };
  }

  /** Adds a trial and returns its place; -1 if the columns cannot hold everything about it, in which case it is not added. */
  add(trial: Trial): number {
    const [part] = trial.attempts;
    if (!part || !isPlain(trial, part)) return -1;
    const { run } = trial;
    const point = run.indexOf(".");
    const parent = run.startsWith("run") ? numberIn(run, "run".length, point) : -1;
    const child = numberIn(run, point + 1, run.length);
    if (!fits(parent) || !fits(child)) return -1;
    const place = this.#size;
    if (place === this.#columns.n.length) {
      const capacity = Math.max(16, 2 * place);
      this.#columns = eachColumn(this.#columns, (column) => longer(column, capacity));
    }
    const columns = this.#columns;
    columns.n[place] = trial.n;
    columns.parent[place] = parent;
    columns.child[place] = child;
    columns.seed[place] = trial.seed;
    columns.hpmax[place] = trial.hpmax ?? Number.NaN;
    columns.iters[place] = trial.iters;
    columns.startedAt[place] = part.at;
    columns.endedAt[place] = trial.endedAt;
    columns.worker[place] = this.#texts.add(part.worker);
    columns.bootId[place] = this.#texts.add(part.bootId);
    const from = this.#metricsLength;
    const to = from + trial.metrics.length;
    if (to > this.#metrics.length) this.#metrics = longer(this.#metrics, Math.max(to, 2 * this.#metrics.length));
    for (let i = from; i < to; i += 1) this.#metrics[i] = at(trial.metrics, i - from);
    columns.metricsEnd[place] = to;
    this.#size += 1;
    return place;
  }

  /** A new object for the trial at this place, with status "completed": the caller judges whether it is feasible. */
  trial(place: number, configuration: Configuration): Trial {
    const { n, seed, iters, startedAt, endedAt, worker, bootId, metricsEnd } = this.#columns;
    const to = at(metricsEnd, place);
    const from = this.#metricsFrom(place);
    const metrics = new Array<number>(to - from);
    for (let i = from; i < to; i += 1) metrics[i - from] = at(this.#metrics, i);
    const attempt = newAttempt({
      attempt: 1,
      worker: this.#text(at(worker, place)) as WorkerId,
      bootId: this.#text(at(bootId, place)),
      claimId: "",
      at: at(startedAt, place),
    });
    const trial = newTrial(at(n, place), this.run(place), configuration, at(seed, place), [attempt]);
    trial.status = "completed";
    trial.hpmax = this.hpmax(place);
    trial.iters = at(iters, place);
    trial.metrics = metrics;
    trial.endedAt = at(endedAt, place);
    return trial;
  }

  run(place: number): RunName {
    return childRunName(at(this.#columns.parent, place), at(this.#columns.child, place));
  }

  hpmax(place: number): number {
    return at(this.#columns.hpmax, place);
  }

  #text(place: number): string {
    return this.#texts.all[place] ?? "";
  }

  #metricsFrom(place: number): number {
    return place === 0 ? 0 : at(this.#columns.metricsEnd, place - 1);
  }

  get #metricsLength(): number {
    return this.#metricsFrom(this.#size);
  }
}

const whole = new Uint32Array(0);
const real = new Float64Array(0);
const noTrials: SavedColumns = {
  ...{ size: 0, n: whole, parent: whole, child: whole, worker: whole, bootId: whole, metricsEnd: whole },
  ...{ seed: real, hpmax: real, iters: real, startedAt: real, endedAt: real, metrics: real, texts: [] },
};

/** Whether the columns can hold everything about a trial except, perhaps, its name. */
function isPlain(trial: Trial, part: Attempt): boolean {
  return (
    (trial.status === "completed" || trial.status === "infeasible") &&
    trial.attempts.length === 1 &&
    part.attempt === 1 &&
    part.end === "" &&
    part.claimId === "" &&
    part.distrust === "" &&
    trial.hpmax !== null &&
    trial.charged === 0 &&
    trial.reason === "" &&
    trial.why === "" &&
    trial.console === "" &&
    trial.order === "" &&
    trial.late === 0 &&
    trial.checkpoint === null &&
    trial.rejected === null &&
    trial.resultBy === null
  );
}

/** The number at this place of a name; -1 if there is none. Parsed by hand because it runs for each of a million trials. */
function numberIn(text: string, from: number, to: number): number {
  const length = to - from;
  if (length < 1 || length > 10 || (length > 1 && text.charCodeAt(from) === zero)) return -1;
  let number = 0;
  for (let i = from; i < to; i += 1) {
    const digit = text.charCodeAt(i) - zero;
    if (!(digit >= 0 && digit <= 9)) return -1;
    number = 10 * number + digit;
  }
  return number;
}

const zero = "0".charCodeAt(0);

const fits = (number: number): boolean => number >>> 0 === number;

/** The column's entries at these places. */
function picked<C extends Column>(column: C, places: Uint32Array): C {
  const made = new (column.constructor as new (length: number) => C)(places.length);
  for (let i = 0; i < places.length; i += 1) made[i] = at(column, at(places, i));
  return made;
}

/** An existing entry. Not shared with other files: V8 would then know less about the arrays and read them more slowly. */
const at = (values: ArrayLike<number>, place: number): number => values[place] ?? Number.NaN;
