import { type Activity, activityOf, canonical } from "../conditions/activity.ts";
import { type Configuration, configurationKey, type Hyperparameter } from "../hyperparameter.ts";
import { type Rng, rngFrom } from "../rng.ts";

export interface Neighbour {
  readonly configuration: Configuration;
  /** The hyperparameter that differs from the centre; null for the centre itself. */
  readonly changed: number | null;
}

/**
 * The centre, then every configuration one step away in exactly one hyperparameter, in spec order. One step is the previous or
 * the next value on the dial (in this order); if the hyperparameter is unordered, any other value.
 *
 * An inactive hyperparameter has no steps. If a step makes other hyperparameters active or inactive, they take their
 * tuned values.
 */
export function neighbourhoodOf(hyperparameters: readonly Hyperparameter[], centre: Configuration): Neighbour[] {
  const activity = activityOf(hyperparameters);
  if (activity !== null) return linkedNeighbours(hyperparameters, activity, centre);
  const neighbours: Neighbour[] = [{ configuration: centre, changed: null }];
  hyperparameters.forEach((hyperparameter, changed) => {
    for (const position of stepsFrom(hyperparameter, centre[changed] ?? 0)) {
      neighbours.push({ configuration: centre.with(changed, position), changed });
    }
  });
  return neighbours;
}

function linkedNeighbours(
  hyperparameters: readonly Hyperparameter[],
  activity: Activity,
  centre: Configuration,
): Neighbour[] {
  const start = [...centre];
  const active = activity.settle(start);
  const neighbours: Neighbour[] = [{ configuration: start, changed: null }];
  const seen = new Set([configurationKey(start)]);
  hyperparameters.forEach((hyperparameter, changed) => {
    if (active[changed] === 0) return;
    for (const position of stepsFrom(hyperparameter, start[changed] ?? 0)) {
      const configuration = start.with(changed, position);
      activity.settle(configuration);
      const key = configurationKey(configuration);
      if (seen.has(key)) continue;
      seen.add(key);
      neighbours.push({ configuration, changed });
    }
  });
  return neighbours;
}

/** Neighbours checked one by one; of more, a random sample is. */
const mostCounted = 20_000;

/**
 * How many neighbours of the centre are measured or may yet be (`all`), and how many are measured; estimates from a
 * sample if there are more than 20,000.
 *
 * @param isExcluded  whether it will never be measured, asked of those that are not; left out: all may be
 */
export function countNeighbours(
  hyperparameters: readonly Hyperparameter[],
  centre: Configuration,
  isMeasured: (configuration: Configuration) => boolean,
  isExcluded: (configuration: Configuration) => boolean = () => false,
): { readonly all: number; readonly measured: number } {
  const steps = mostSteps(hyperparameters);
  const neighbours = someNeighbours(hyperparameters, centre, mostCounted, rngFrom("neighbours")).slice(1);
  let [measured, open] = [0, 0];
  for (const { configuration } of neighbours) {
    if (isMeasured(configuration)) measured += 1;
    else if (!isExcluded(configuration)) open += 1;
  }
  const scale = steps <= mostCounted ? 1 : steps / Math.max(1, neighbours.length);
  return { all: Math.round((measured + open) * scale), measured: Math.round(measured * scale) };
}

/** Upper bound of the number of neighbours: the ends of ordered dials have one fewer. */
const mostSteps = (hyperparameters: readonly Hyperparameter[]): number =>
  hyperparameters.reduce((sum, { ordered, values }) => sum + (ordered ? 2 : values.length - 1), 0);

/** The neighbourhood of the centre; if larger than `most`, the centre and at most `most` random neighbours. */
export function someNeighbours(
  hyperparameters: readonly Hyperparameter[],
  centre: Configuration,
  most: number,
  rng: Rng,
): Neighbour[] {
  if (mostSteps(hyperparameters) <= most) return neighbourhoodOf(hyperparameters, centre);
  const neighbours: Neighbour[] = [{ configuration: canonical(hyperparameters, centre), changed: null }];
  for (let i = 0; i < most; i++) {
    const changed = rng.below(hyperparameters.length);
    const position = anyStep(hyperparameters[changed], centre[changed] ?? 0, rng);
    if (position === undefined) continue;
    neighbours.push({ configuration: canonical(hyperparameters, centre.with(changed, position)), changed });
  }
  return neighbours;
}

function anyStep(hyperparameter: Hyperparameter | undefined, position: number, rng: Rng): number | undefined {
  if (hyperparameter === undefined || hyperparameter.values.length < 2) return undefined;
  if (hyperparameter.ordered) {
    const steps = stepsFrom(hyperparameter, position);
    return steps[rng.below(steps.length)];
  }
  const other = rng.below(hyperparameter.values.length - 1);
  return other < position ? other : other + 1;
}

function stepsFrom(hyperparameter: Hyperparameter, position: number): number[] {
  const { ordered, values, dial } = hyperparameter;
  if (!ordered) return [...values.keys()].filter((other) => other !== position);
  if (dial) {
    const at = dial.indexOf(position);
    return [dial[at - 1], dial[at + 1]].filter((candidate) => candidate !== undefined);
  }
  return [position - 1, position + 1].filter((candidate) => candidate >= 0 && candidate < values.length);
}
