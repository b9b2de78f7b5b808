import type { Rng } from "../rng.ts";
import type { Choice, Search, SearchView } from "./search.ts";
import { anyConfiguration, firstAllowed } from "./space.ts";

/** After this many excluded draws, the next allowed configuration in the order of the grid is taken. */
const mostDraws = 32;

/** Draws configurations uniformly, regardless of earlier results: the baseline of every other search. */
export const randomSearch: Search = {
  choose(view, _n, rng) {
    return atRandom(view, rng, "random search");
  },
};

/**
 * A configuration drawn uniformly from those that are not excluded; an excluded one only if no other is found.
 *
 * @param because  begins the choice's `why`
 */
export function atRandom(view: SearchView, rng: Rng, because: string): Choice {
  let configuration = anyConfiguration(view.hyperparameters, rng, view.where);
  for (let draw = 1; draw < mostDraws && view.isExcluded(configuration); draw++) {
    configuration = anyConfiguration(view.hyperparameters, rng, view.where);
  }
  const allowed = firstAllowed(view, configuration);
  const all = allowed === null ? ", although excluded, as all the others are" : "";
  return { configuration: allowed ?? configuration, why: `${because}: every hyperparameter at random${all}` };
}
