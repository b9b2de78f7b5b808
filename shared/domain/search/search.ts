import type { Goal } from "../goal.ts";
import type { Configuration, Hyperparameter } from "../hyperparameter.ts";
import type { SearchModel } from "../model/search-model.ts";
import type { Rng } from "../rng.ts";
import type { RunSets } from "../run-sets/run-set.ts";

/** What a search may read when it chooses. */
export interface SearchView {
  /** At least one value each. */
  readonly hyperparameters: readonly Hyperparameter[];
  readonly runSets: RunSets;
  /** Constraints between hyperparameters, for counting and drawing; `isExcluded` knows them too. Default: none. */
  readonly where?: readonly string[];
  /** The job's seed, for what several choices share. */
  readonly seed: number;
  /** The model of the search; null before any run has completed. It is made on demand, which takes milliseconds. */
  readonly model: { readonly now: SearchModel | null };
  /** How `why` states values. Default: as hpmax. */
  readonly goal?: Goal;
  /** Whether a configuration must not be tried: it failed too often, an operator forbade it, or `where` does. */
  isExcluded(configuration: Configuration): boolean;
}

export interface Choice {
  readonly configuration: Configuration;
  /** Why it was chosen: one line for people, kept in the journal with the assignment. */
  readonly why: string;
}

/**
 * Chooses the configuration that the next run tries.
 *
 * Every implementation keeps these promises (test/conformance/search.test.ts):
 * - the same view, n and generator state give the same choice, so that it can be repeated from the journal;
 * - nothing is kept between choices, so that a coordinator that takes over continues as the old one would have;
 * - the configuration has one position for each hyperparameter, inside its list, and is canonical (`canonical`);
 * - an excluded configuration is chosen only if no other is left, and `why` says so;
 * - the time of a choice does not grow with the number of runs.
 */
export interface Search {
  /**
   * Chooses at once: a worker waits for the answer.
   *
   * @param n    number of the choice in its job, from 1
   * @param rng  the generator of this choice alone (`choiceRng`); any number of draws may be taken
   * @returns null if nothing is left to try (grid, when every configuration is excluded)
   */
  choose(view: SearchView, n: number, rng: Rng): Choice | null;
  /**
   * Makes choices ahead, between two requests; `ChoiceQueue` keeps them. A search without `plan` only chooses at once.
   *
   * @param count  choices wanted
   * @returns in the order in which to try them; empty: `choose` would do as well
   */
  plan?(view: SearchView, rng: Rng, count: number): readonly Choice[];
}
