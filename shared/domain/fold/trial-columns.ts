import type { Configuration } from "../hyperparameter.ts";
import { childRunName, type RunName, type WorkerId } from "../names.ts";
import { longer } from "../run-sets/longer.ts";
import type { Attempt, Trial } from "./trial.ts";

/** A column for each quantity, as a snapshot keeps them. */
export interface SavedColumns {
  readonly size: number;
  readonly n: Uint32Array<ArrayBuffer>;
  /** Of the run's name. */
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
  /** Where each trial's metrics end among all of them, which lie one after the other. */
  readonly metricsEnd: Uint32Array<ArrayBuffer>;
  readonly metrics: Float64Array<ArrayBuffer>;
  readonly texts: readonly string[];
}

/**
 * Trials that completed on their first worker, nearly all of a search, as numbers: about 100 bytes each where objects take 600,
 * and nothing for the garbage collector to walk. Configurations are elsewhere: a run set has one for all its trials.
 */
export class TrialColumns {
  #size = 0;
  #n = new Uint32Array(16);
  #parent = new Uint32Array(16);
  #child = new Uint32Array(16);
  #seed = new Float64Array(16);
  #hpmax = new Float64Array(16);
  #iters = new Float64Array(16);
  #startedAt = new Float64Array(16);
  #endedAt = new Float64Array(16);
  #worker = new Uint32Array(16);
  #bootId = new Uint32Array(16);
  #metricsEnd = new Uint32Array(16);
  #metrics = new Float64Array(64);
  readonly #texts: string[] = [];
  readonly #textAt = new Map<string, number>();

  get size(): number {
    return this.#size;
  }

  /** Those that were saved; their columns are kept. */
  static restored(saved: SavedColumns): TrialColumns {
    const made = new TrialColumns();
    made.#size = saved.size;
    made.#n = saved.n;
    made.#parent = saved.parent;
    made.#child = saved.child;
    made.#seed = saved.seed;
    made.#hpmax = saved.hpmax;
    made.#iters = saved.iters;
    made.#startedAt = saved.startedAt;
    made.#endedAt = saved.endedAt;
    made.#worker = saved.worker;
    made.#bootId = saved.bootId;
    made.#metricsEnd = saved.metricsEnd;
    made.#metrics = saved.metrics;
    for (const text of saved.texts) made.#placeOf(text);
    return made;
  }

  /** Columns of their own, of those trials that are to be kept. */
  copy(isKept: (n: number) => boolean): TrialColumns {
    const places = Uint32Array.from(this.#n.subarray(0, this.#size).keys()).filter((place) =>
      isKept(at(this.#n, place)),
    );
    const made = new TrialColumns();
    made.#size = places.length;
    made.#n = picked(this.#n, places);
    made.#parent = picked(this.#parent, places);
    made.#child = picked(this.#child, places);
    made.#seed = picked(this.#seed, places);
    made.#hpmax = picked(this.#hpmax, places);
    made.#iters = picked(this.#iters, places);
    made.#startedAt = picked(this.#startedAt, places);
    made.#endedAt = picked(this.#endedAt, places);
    made.#worker = picked(this.#worker, places);
    made.#bootId = picked(this.#bootId, places);
    made.#metricsEnd = new Uint32Array(places.length);
    made.#metrics = new Float64Array(this.#metricsLength);
    let end = 0;
    places.forEach((place, i) => {
      for (let from = this.#metricsFrom(place); from < at(this.#metricsEnd, place); from += 1) {
        made.#metrics[end] = at(this.#metrics, from);
        end += 1;
      }
      made.#metricsEnd[i] = end;
    });
    for (const text of this.#texts) made.#placeOf(text);
    return made;
  }

  /** As they are now; the columns are not copied. */
  save(): SavedColumns {
    const size = this.#size;
    return {
      size,
      n: this.#n.subarray(0, size),
      parent: this.#parent.subarray(0, size),
      child: this.#child.subarray(0, size),
      seed: this.#seed.subarray(0, size),
      hpmax: this.#hpmax.subarray(0, size),
      iters: this.#iters.subarray(0, size),
      startedAt: this.#startedAt.subarray(0, size),
      endedAt: this.#endedAt.subarray(0, size),
      worker: this.#worker.subarray(0, size),
      bootId: this.#bootId.subarray(0, size),
      metricsEnd: this.#metricsEnd.subarray(0, size),
      metrics: this.#metrics.subarray(0, this.#metricsLength),
      texts: this.#texts,
    };
  }

  /** Adds a trial and returns its place; -1 where columns do not say all there is to say of it, and it is not added. */
  add(trial: Trial): number {
    const [part] = trial.attempts;
    if (!part || !isPlain(trial, part)) return -1;
    const { run } = trial;
    const point = run.indexOf(".");
    const parent = run.startsWith("run") ? numberIn(run, "run".length, point) : -1;
    const child = numberIn(run, point + 1, run.length);
    if (!fits(parent) || !fits(child)) return -1;
    if (this.#size === this.#n.length) this.#grow();
    const place = this.#size;
    this.#n[place] = trial.n;
    this.#parent[place] = parent;
    this.#child[place] = child;
    this.#seed[place] = trial.seed;
    this.#hpmax[place] = trial.hpmax ?? Number.NaN;
    this.#iters[place] = trial.iters;
    this.#startedAt[place] = part.at;
    this.#endedAt[place] = trial.endedAt;
    this.#worker[place] = this.#placeOf(part.worker);
    this.#bootId[place] = this.#placeOf(part.bootId);
    const from = this.#metricsLength;
    const to = from + trial.metrics.length;
    if (to > this.#metrics.length) this.#metrics = longer(this.#metrics, Math.max(to, 2 * this.#metrics.length));
    for (let i = from; i < to; i += 1) this.#metrics[i] = at(trial.metrics, i - from);
    this.#metricsEnd[place] = to;
    this.#size += 1;
    return place;
  }

  /** A trial as an object, made anew each time. */
  trial(place: number, configuration: Configuration): Trial {
    const to = at(this.#metricsEnd, place);
    const from = this.#metricsFrom(place);
    const metrics = new Array<number>(to - from);
    for (let i = from; i < to; i += 1) metrics[i - from] = at(this.#metrics, i);
    return {
      n: at(this.#n, place),
      run: this.run(place),
      configuration,
      seed: at(this.#seed, place),
      status: "completed",
      attempts: [
        {
          attempt: 1,
          worker: (this.#texts[at(this.#worker, place)] ?? "") as WorkerId,
          bootId: this.#texts[at(this.#bootId, place)] ?? "",
          claimId: "",
          at: at(this.#startedAt, place),
          end: "",
        },
      ],
      charged: 0,
      hpmax: this.hpmax(place),
      iters: at(this.#iters, place),
      metrics,
      reason: "",
      why: "",
      endedAt: at(this.#endedAt, place),
      late: 0,
      order: "",
      checkpoint: null,
      console: "",
    };
  }

  run(place: number): RunName {
    return childRunName(at(this.#parent, place), at(this.#child, place));
  }

  hpmax(place: number): number {
    return at(this.#hpmax, place);
  }

  #metricsFrom(place: number): number {
    return place === 0 ? 0 : at(this.#metricsEnd, place - 1);
  }

  get #metricsLength(): number {
    return this.#size === 0 ? 0 : at(this.#metricsEnd, this.#size - 1);
  }

  #placeOf(text: string): number {
    let place = this.#textAt.get(text);
    if (place === undefined) {
      place = this.#texts.push(text) - 1;
      this.#textAt.set(text, place);
    }
    return place;
  }

  #grow(): void {
    const capacity = Math.max(16, 2 * this.#n.length);
    this.#n = longer(this.#n, capacity);
    this.#parent = longer(this.#parent, capacity);
    this.#child = longer(this.#child, capacity);
    this.#seed = longer(this.#seed, capacity);
    this.#hpmax = longer(this.#hpmax, capacity);
    this.#iters = longer(this.#iters, capacity);
    this.#startedAt = longer(this.#startedAt, capacity);
    this.#endedAt = longer(this.#endedAt, capacity);
    this.#worker = longer(this.#worker, capacity);
    this.#bootId = longer(this.#bootId, capacity);
    this.#metricsEnd = longer(this.#metricsEnd, capacity);
  }
}

/** Whether its columns would say all there is to say of it, but for its names. */
function isPlain(trial: Trial, part: Attempt): boolean {
  return (
    trial.status === "completed" &&
    trial.attempts.length === 1 &&
    part.attempt === 1 &&
    part.end === "" &&
    part.claimId === "" &&
    trial.hpmax !== null &&
    trial.charged === 0 &&
    trial.reason === "" &&
    trial.why === "" &&
    trial.console === "" &&
    trial.order === "" &&
    trial.late === 0 &&
    trial.checkpoint === null
  );
}

/** The number that stands there as it is written in names; -1 where none does. By hand: this is done for each of a million trials. */
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
function picked<C extends Uint32Array | Float64Array>(column: C, places: Uint32Array): C {
  const made = new (column.constructor as new (length: number) => C)(places.length);
  for (let i = 0; i < places.length; i += 1) made[i] = at(column, at(places, i));
  return made;
}

/** An entry that is there. */
const at = (column: ArrayLike<number>, place: number): number => column[place] ?? Number.NaN;
