import type { Configuration, Hyperparameter } from "../hyperparameter.ts";
import type { Rng } from "../rng.ts";
import type { SearchView } from "./search.ts";

/** After this many excluded configurations in a row, all count as excluded. */
const mostSteps = 100_000;

/** Number of configurations; it often exceeds 2^53. */
export function spaceSize(hyperparameters: readonly Hyperparameter[]): bigint {
  return hyperparameters.reduce((size, hyperparameter) => size * BigInt(hyperparameter.values.length), 1n);
}

/** A configuration drawn uniformly. */
export function anyConfiguration(hyperparameters: readonly Hyperparameter[], rng: Rng): Configuration {
  return hyperparameters.map((hyperparameter) => rng.below(hyperparameter.values.length));
}

/** The first configuration that is not excluded, in row-major order from `from` on and round past the end; or null. */
export function firstAllowed(view: SearchView, from: Configuration): Configuration | null {
  if (!view.isExcluded(from)) return from;
  const size = spaceSize(view.hyperparameters);
  const steps = size < BigInt(mostSteps) ? Number(size) : mostSteps;
  const configuration = [...from];
  for (let step = 1; step < steps; step++) {
    advance(view.hyperparameters, configuration);
    if (!view.isExcluded(configuration)) return configuration;
  }
  return null;
}

/** Turns the configuration into the next one in row-major order; the first follows the last. */
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
