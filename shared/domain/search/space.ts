import { canonical } from "../conditions/activity.ts";
import { spaceOf } from "../conditions/configuration-space.ts";
import type { Configuration, Hyperparameter } from "../hyperparameter.ts";
import type { Rng } from "../rng.ts";
import type { SearchView } from "./search.ts";

export { canonical };

/** After this many excluded configurations in a row, all count as excluded. */
const mostSteps = 100_000;

/**
 * Number of different configurations that `where` allows; it often exceeds 2^53. If conditions and constraints link too
 * many hyperparameters, it is an estimate (`spaceOf(...).isExact`).
 */
export function spaceSize(hyperparameters: readonly Hyperparameter[], where?: readonly string[]): bigint {
  return spaceOf(hyperparameters, where).size;
}

/** A random configuration, canonical and allowed by `where`; uniform if there are no conditions. */
export function anyConfiguration(
  hyperparameters: readonly Hyperparameter[],
  rng: Rng,
  where?: readonly string[],
): Configuration {
  return spaceOf(hyperparameters, where).draw(rng);
}

/** The first configuration that is not excluded, in grid order from `from` on and around; null if none is found. */
export function firstAllowed(view: SearchView, from: Configuration): Configuration | null {
  if (!view.isExcluded(from)) return from;
  const space = spaceOf(view.hyperparameters, view.where);
  const steps = space.size < BigInt(mostSteps) ? Number(space.size) : mostSteps;
  if (!space.isPlain && space.isExact) return firstLinked(view, from, steps);
  const configuration = [...from];
  for (let step = 1; step < (space.isPlain ? steps : mostSteps); step++) {
    advance(view.hyperparameters, configuration);
    if (!space.isPlain && canonical(view.hyperparameters, configuration) !== configuration) continue;
    if (!view.isExcluded(configuration)) return configuration;
  }
  return null;
}

function firstLinked(view: SearchView, from: Configuration, steps: number): Configuration | null {
  let step = 0;
  for (const configuration of spaceOf(view.hyperparameters, view.where).after(from)) {
    if (!view.isExcluded(configuration)) return configuration;
    step += 1;
    if (step >= steps) break;
  }
  return null;
}

/** Changes the configuration in place to the next one in row-major order; the first follows the last. */
function advance(hyperparameters: readonly Hyperparameter[], configuration: number[]): void {
  for (let i = hyperparameters.length - 1; i >= 0; i--) {
    const next = (configuration[i] ?? 0) + 1;
    if (next < (hyperparameters[i]?.values.length ?? 1)) {
      configuration[i] = next;
      return;
    }
    configuration[i] = 0;
  }
}
