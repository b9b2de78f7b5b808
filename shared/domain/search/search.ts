import type { Configuration, Hyperparameter } from "../hyperparameter.ts";
import type { Rng } from "../rng.ts";
import type { RunSets } from "../run-sets/run-set.ts";

/** What a search may read when it chooses. */
export interface SearchView {
  /** At least one value each. */
  readonly hyperparameters: readonly Hyperparameter[];
  readonly runSets: RunSets;
  /** Whether a configuration must not be tried: it failed too often, or an operator forbade it. */
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
 * - the configuration has one position for each hyperparameter, inside its list;
 * - an excluded configuration is chosen only if no other is left, and `why` says so;
 * - the time of a choice does not grow with the number of runs.
 */
export interface Search {
  /**
   * @param n    number of the choice in its job, from 1
   * @param rng  the generator of this choice alone (`choiceRng`); any number of draws may be taken
   * @returns null if nothing is left to try (grid, when every configuration is excluded)
   */
  choose(view: SearchView, n: number, rng: Rng): Choice | null;
}
