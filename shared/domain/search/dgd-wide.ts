import { canonical } from "../conditions/activity.ts";
import { drawPosition } from "../ranges/places.ts";
import type { Rng } from "../rng.ts";
import { paperSearch } from "./dgd-paper.ts";
import { atRandom } from "./random.ts";
import type { Choice, Search, SearchView } from "./search.ts";

/** After this many ended runs, no wide steps are taken. */
const lastWide = 300;
/** Hyperparameters that a wide step changes, to any value. */
const changedAtOnce = 2;

const nearby = paperSearch({ countInFlight: true });

/**
 * Distributed Grid Descent with wide steps early: with probability 1 - ended runs / 300, two hyperparameters of the
 * best run set change to any value; otherwise as published, with runs in flight counted. It needs no model and takes
 * microseconds.
 */
export const wideSearch: Search = {
  choose(view, n, rng) {
    const { ended } = view.runSets.totals;
    if (view.hyperparameters.length === 0 || view.runSets.best() === null || rng.uniform() * lastWide < ended)
      return nearby.choose(view, n, rng);
    return wideStep(view, rng);
  },
};

function wideStep(view: SearchView, rng: Rng): Choice {
  const { hyperparameters, runSets } = view;
  const wide = [...(runSets.best()?.configuration ?? [])];
  const names: string[] = [];
  for (let i = 0; i < changedAtOnce; i++) {
    const which = rng.below(hyperparameters.length);
    const hyperparameter = hyperparameters[which];
    if (hyperparameter === undefined) continue;
    wide[which] = drawPosition(hyperparameter, rng);
    if (!names.includes(hyperparameter.name)) names.push(hyperparameter.name);
  }
  const configuration = canonical(hyperparameters, wide);
  if (view.isExcluded(configuration))
    return atRandom(view, rng, "a wide step from the best set led to an excluded one");
  return { configuration, why: `a wide step from the best set so far: ${names.join(" and ")} to any value` };
}
