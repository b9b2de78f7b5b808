import { type Configuration, configurationKey, type Hyperparameter } from "../../shared/domain/hyperparameter.ts";
import type { ToldState } from "../../shared/domain/search/own-search.ts";

/** A run as a module sees it. */
export interface SeenRun {
  readonly run: number;
  readonly name: string;
  readonly configuration: Configuration;
  readonly state: ToldState;
  /** hpmax; null unless completed. */
  readonly value: number | null;
  /** Why it ended without a result; else "". */
  readonly reason: string;
}

/** The runs of one configuration. */
export interface SeenRunSet {
  readonly configuration: Configuration;
  /** Runs that have ended in any state but cancelled. */
  readonly ended: number;
  readonly completed: number;
  readonly failed: number;
  /** Runs under way. */
  readonly inFlight: number;
  /** Mean value of the completed runs; NaN if there are none. */
  readonly mean: number;
}

/** What `choose` of a user's module is given: plain values, the whole history, no internals of the coordinator. */
export interface ModuleView {
  readonly job: string;
  readonly seed: number;
  readonly totalRuns: number;
  readonly hyperparameters: readonly Hyperparameter[];
  /** By number, without runs that were cancelled. */
  readonly runs: readonly SeenRun[];
  readonly runSets: {
    readonly size: number;
    of(configuration: Configuration): SeenRunSet | undefined;
    /** The run set with the highest mean; null before any run has completed. */
    best(): SeenRunSet | null;
    [Symbol.iterator](): Iterator<SeenRunSet>;
  };
  isExcluded(configuration: Configuration): boolean;
}

/** Keeps what a search is told, in the form that a module reads. News of a run replaces what was known of it. */
export class History {
  readonly #runs = new Map<number, SeenRun>();
  readonly #sets = new Map<string, Tally>();
  readonly #excluded = new Set<string>();

  tell(run: SeenRun): void {
    const before = this.#runs.get(run.run);
    if (before) this.#setOf(before.configuration).remove(before);
    if (run.state === "cancelled") this.#runs.delete(run.run);
    else {
      this.#runs.set(run.run, run);
      this.#setOf(run.configuration).add(run);
    }
  }

  exclude(configuration: Configuration): void {
    this.#excluded.add(configurationKey(configuration));
  }

  view(about: Pick<ModuleView, "job" | "seed" | "totalRuns" | "hyperparameters">): ModuleView {
    const sets = this.#sets;
    const excluded = this.#excluded;
    const seen = function* (): Generator<SeenRunSet> {
      for (const set of sets.values()) if (set.ended + set.inFlight > 0) yield set;
    };
    return {
      ...about,
      runs: [...this.#runs.values()],
      runSets: {
        get size() {
          return [...seen()].length;
        },
        of: (configuration) => sets.get(configurationKey(configuration)),
        best: () => {
          let best: SeenRunSet | null = null;
          for (const set of seen()) if (set.completed > 0 && !(best && best.mean > set.mean)) best = set;
          return best;
        },
        [Symbol.iterator]: seen,
      },
      isExcluded: (configuration) => excluded.has(configurationKey(configuration)),
    };
  }

  #setOf(configuration: Configuration): Tally {
    const key = configurationKey(configuration);
    let set = this.#sets.get(key);
    if (!set) {
      set = new Tally(configuration);
      this.#sets.set(key, set);
    }
    return set;
  }
}

class Tally implements SeenRunSet {
  readonly configuration: Configuration;
  ended = 0;
  completed = 0;
  failed = 0;
  inFlight = 0;
  #sum = 0;

  constructor(configuration: Configuration) {
    this.configuration = configuration;
  }

  get mean(): number {
    return this.completed === 0 ? Number.NaN : this.#sum / this.completed;
  }

  add(run: SeenRun): void {
    this.#count(run, 1);
  }

  remove(run: SeenRun): void {
    this.#count(run, -1);
  }

  #count({ state, value }: SeenRun, more: 1 | -1): void {
    if (state === "running") this.inFlight += more;
    else this.ended += more;
    if (state === "failed") this.failed += more;
    if (state !== "completed" || value === null) return;
    this.completed += more;
    // No rounding error remains once no run is left.
    this.#sum = this.completed === 0 ? 0 : this.#sum + more * value;
  }
}
