// A search of your own as an ES module: coordinate ascent in thirty lines, without dependencies. It goes through the hyperparameters
// in turn, and tries the neighbours of the best configuration so far in one of them; docs/own-search.md says what `view` holds.
//   nexus check-search specs/own_search/my_search.js
//   nexus run specs/own_search/module.yaml

export const name = "coordinate ascent";

/**
 * @param view  the whole history: view.hyperparameters, view.runs, view.runSets, view.isExcluded(configuration)
 * @param n     number of the run that will carry the choice out
 * @param rng   rng.uniform() and rng.below(n), seeded by job and n: so the same history gives the same choice
 */
export function choose(view, n, rng) {
  const best = view.runSets.best();
  const random = () => view.hyperparameters.map(({ values }) => rng.below(values.length));
  if (best === null || n <= 3)
    return { configuration: allowed(view, random, random()), why: "at random, to begin with" };
  const which = n % view.hyperparameters.length;
  const { name, ordered, values, dial = [...values.keys()] } = view.hyperparameters[which];
  const at = dial.indexOf(best.configuration[which]);
  const step = ordered ? at + (rng.below(2) === 0 ? -1 : 1) : rng.below(values.length);
  const position = dial[Math.min(values.length - 1, Math.max(0, step))];
  const configuration = best.configuration.with(which, position);
  return {
    configuration: allowed(view, random, configuration),
    why: `another value of ${name} beside the best mean so far`,
  };
}

/** The configuration; while it is excluded (it fails, or may not be tried), a random one instead. */
function allowed(view, random, configuration) {
  for (let draw = 0; draw < 1000 && view.isExcluded(configuration); draw += 1) configuration = random();
  return configuration;
}
