import { canonical } from "../conditions/activity.ts";
import { type Configuration, configurationKey, type Hyperparameter } from "../hyperparameter.ts";
import type { SearchModel } from "../model/search-model.ts";
import type { Rng } from "../rng.ts";
import { drawnFrom, goodMarks } from "./good-marks.ts";
import { someNeighbours } from "./neighbourhood.ts";
import type { SearchView } from "./search.ts";

/** The neighbourhoods of this many run sets, those with the highest posterior means, are candidates. */
const centres = 4;
/** The posterior mean is climbed from this many of them, for at most this many steps. */
const climbed = 2;
const mostSteps = 6;
/** Neighbours looked at in one step; if there are more, a random part. */
const mostNeighbours = 64;
/** Candidates drawn from the marks that good run sets share. */
const drawn = 20;
/** For expected improvement, this many measured run sets and this many in flight are candidates too. */
const measured = 30;
const mostInFlight = 100;
/** The cost of a plan grows with the cube of this. */
const mostCandidates = 120;
/** Of what must not run again, this many measured configurations and this many in flight are to be improved on. */
const mostSettled = 10;
const mostSettledInFlight = 30;

/**
 * Configurations worth trying: the best measured ones, those to which the model's mean leads from them in steps of one
 * hyperparameter, the neighbours of all these, and draws from the marks that good run sets share. Most promising first,
 * at most 120, canonical and none excluded.
 *
 * @param isImproving  whether to add run sets that are measured or in flight, however good
 */
export function candidatesOf(view: SearchView, model: SearchModel, rng: Rng, isImproving: boolean): Configuration[] {
  const { hyperparameters } = view;
  const found = new Map<string, Configuration>();
  const add = (any: Configuration): void => {
    const configuration = canonical(hyperparameters, any);
    if (found.size >= mostCandidates || view.isExcluded(configuration)) return;
    found.set(configurationKey(configuration), configuration);
  };
  const addAround = (centre: Configuration): void => {
    for (const { configuration } of someNeighbours(hyperparameters, centre, mostNeighbours, rng)) add(configuration);
  };
  const ranked = byMean(model);
  const best = ranked.slice(0, centres);
  for (const centre of best) add(centre);
  for (const centre of ranked.slice(0, climbed)) addAround(climb(hyperparameters, model, centre, rng));
  const densities = goodMarks(hyperparameters, ranked);
  for (let i = 0; i < drawn; i++) add(drawnFrom(densities, rng));
  if (isImproving) {
    for (const configuration of ranked.slice(0, measured)) add(configuration);
    for (const { configuration } of view.runSets.inFlight().slice(0, mostInFlight)) add(configuration);
  }
  for (const centre of best) addAround(centre);
  return [...found.values()];
}

/**
 * Configurations that must not run again, but whose results are known or on their way: the best measured ones, and some in flight.
 * Improvement is improvement on them.
 */
export function settledOf(view: SearchView, model: SearchModel): Configuration[] {
  const completed = (configuration: Configuration): number => view.runSets.of(configuration)?.completed ?? 0;
  const isSettled = (configuration: Configuration): boolean => view.isExcluded(configuration);
  const measuredOnes = byMean(model).filter((each) => isSettled(each) && completed(each) > 0);
  const inFlight = view.runSets.inFlight().map(({ configuration }) => configuration);
  return [
    ...measuredOnes.slice(0, mostSettled),
    ...inFlight.filter((each) => isSettled(each) && completed(each) === 0).slice(0, mostSettledInFlight),
  ];
}

/** The model's run sets, highest posterior mean first. */
function byMean({ members, process }: SearchModel): Configuration[] {
  const means = process.meansThere();
  return members
    .map(({ configuration }, i) => ({ configuration, mean: means[i] ?? 0 }))
    .sort((a, b) => b.mean - a.mean)
    .map(({ configuration }) => configuration);
}

/** The configuration, measured or not, that steepest ascent of the posterior mean reaches. */
function climb(
  hyperparameters: readonly Hyperparameter[],
  { places, process }: SearchModel,
  from: Configuration,
  rng: Rng,
): Configuration {
  let top = from;
  let height = process.meanAt(places.of(top));
  for (let step = 0; step < mostSteps; step++) {
    const before = top;
    for (const { configuration } of someNeighbours(hyperparameters, before, mostNeighbours, rng)) {
      const there = process.meanAt(places.of(configuration));
      if (there > height) [top, height] = [configuration, there];
    }
    if (top === before) break;
  }
  return top;
}
