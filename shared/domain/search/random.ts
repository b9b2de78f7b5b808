import type { Configuration } from "../hyperparameter.ts";
import type { Rng } from "../rng.ts";
import type { Search, SearchView } from "./search.ts";
import { anyConfiguration, firstAllowed } from "./space.ts";

/** Draws before an allowed configuration is looked for in order: enough unless nearly all of a space is excluded. */
const mostDraws = 32;

/** Tries configurations drawn uniformly, whatever was found before: the baseline of every other search. */
export const randomSearch: Search = {
  choose(view, _n, rng) {
    const { configuration, isExcluded } = drawAllowed(view, rng);
    const all = isExcluded ? ", although excluded, as all the others are" : "";
    return { configuration, why: `random search: every hyperparameter at random${all}` };
  },
};

/** A configuration drawn uniformly from those that are not excluded; an excluded one only if it finds no other. */
export function drawAllowed(view: SearchView, rng: Rng): { configuration: Configuration; isExcluded: boolean } {
  let configuration = anyConfiguration(view.hyperparameters, rng);
  for (let draw = 1; draw < mostDraws && view.isExcluded(configuration); draw++) {
    configuration = anyConfiguration(view.hyperparameters, rng);
  }
  const allowed = firstAllowed(view, configuration);
  return { configuration: allowed ?? configuration, isExcluded: allowed === null };
}
