import type { Configuration, Hyperparameter } from "../hyperparameter.ts";

export interface Neighbour {
  readonly configuration: Configuration;
  /** The hyperparameter that differs from the centre; null for the centre itself. */
  readonly changed: number | null;
}

/**
 * The centre, then every configuration one step away in exactly one hyperparameter, in spec order. One step is the previous or
 * the next value on the dial (in this order); if the hyperparameter is unordered, any other value.
 */
export function neighbourhoodOf(hyperparameters: readonly Hyperparameter[], centre: Configuration): Neighbour[] {
  const neighbours: Neighbour[] = [{ configuration: centre, changed: null }];
  hyperparameters.forEach((hyperparameter, changed) => {
    for (const position of stepsFrom(hyperparameter, centre[changed] ?? 0)) {
      neighbours.push({ configuration: centre.with(changed, position), changed });
    }
  });
  return neighbours;
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
