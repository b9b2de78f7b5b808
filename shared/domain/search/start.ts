import { canonical } from "../conditions/activity.ts";
import type { Configuration, Hyperparameter } from "../hyperparameter.ts";
import { positionAt } from "../ranges/places.ts";
import { type Rng, rngFrom } from "../rng.ts";
import { atRandom } from "./random.ts";
import type { Choice, SearchView } from "./search.ts";

/** Size of the design that every search by a model begins with. */
const spread = 10;

/**
 * A choice before there are results to learn from. The first ten are a Latin hypercube (McKay et al. 1979): each tenth
 * of each dial holds one of them. Later ones are random.
 *
 * @param because  begins the choice's `why`
 */
export function atFirst(view: SearchView, n: number, rng: Rng, because: string): Choice {
  if (n > spread) return atRandom(view, rng, because);
  const configuration = canonical(view.hyperparameters, spreadOut(view.hyperparameters, view.seed)[n - 1] ?? []);
  if (view.isExcluded(configuration)) return atRandom(view, rng, because);
  return { configuration, why: `${because}: number ${n} of ${spread} spread evenly over every hyperparameter` };
}

function spreadOut(hyperparameters: readonly Hyperparameter[], seed: number): Configuration[] {
  const rng = rngFrom(`${seed}/start`);
  const columns = hyperparameters.map((hyperparameter) => {
    const tenths = Array.from({ length: spread }, (_, i) => i);
    for (let i = spread - 1; i > 0; i--) {
      const j = rng.below(i + 1);
      [tenths[i], tenths[j]] = [tenths[j] ?? 0, tenths[i] ?? 0];
    }
    return tenths.map((tenth) => positionAt(hyperparameter, (tenth + rng.uniform()) / spread));
  });
  return Array.from({ length: spread }, (_, i) => columns.map((column) => column[i] ?? 0));
}
