import type { Rng } from "../rng.ts";
import type { Choice, Search, SearchView } from "./search.ts";

/** A new plan is made after at most this many results; with few workers, after each. */
const mostResults = 10;
/** Choices planned for each result until the next plan: more workers than before may ask at once. */
const spare = 4;

/**
 * The choices of one search, made ahead. A worker that asks gets the next one at once; planning, which takes
 * milliseconds, is done after results. A queue is lost with its leader: the next leader plans again from the same
 * results.
 */
export class ChoiceQueue {
  readonly #search: Search;
  #planned: Choice[] = [];
  #plannedAt = Number.NEGATIVE_INFINITY;

  constructor(search: Search) {
    this.#search = search;
  }

  /** The next choice, without any wait; see `Search.choose`. */
  next(view: SearchView, n: number, rng: Rng): Choice | null {
    for (;;) {
      const planned = this.#planned.shift();
      if (planned === undefined) return this.#search.choose(view, n, rng);
      // The configuration may have failed, or been forbidden, since it was planned.
      if (!view.isExcluded(planned.configuration)) return planned;
    }
  }

  /** Whether there was no plan since the start or the last `forget`. */
  get isNew(): boolean {
    return this.#plannedAt === Number.NEGATIVE_INFINITY;
  }

  /** Whether enough results have come since the last plan. */
  isDue({ runSets: { totals } }: SearchView): boolean {
    return this.#search.plan !== undefined && totals.ended - this.#plannedAt >= resultsPerPlan(totals.inFlight);
  }

  /** Forgets the plan; another one is due. */
  forget(): void {
    this.#planned = [];
    this.#plannedAt = Number.NEGATIVE_INFINITY;
  }

  /** @param rng  the generator of this plan alone */
  plan(view: SearchView, rng: Rng): void {
    const { totals } = view.runSets;
    this.#plannedAt = totals.ended;
    this.#planned = [...(this.#search.plan?.(view, rng, spare * resultsPerPlan(totals.inFlight)) ?? [])];
  }
}

/** 1 with one worker, 3 with ten, 10 with a hundred. */
const resultsPerPlan = (inFlight: number): number =>
  Math.max(1, Math.min(mostResults, Math.round(Math.sqrt(inFlight))));
