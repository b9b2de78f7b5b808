import type { Configuration } from "../../../shared/domain/hyperparameter.ts";
import { type Rng, rngFrom } from "../../../shared/domain/rng.ts";

/** A normal draw, by Box and Muller; 1 - u keeps the logarithm away from 0. */
export function normal(rng: Rng): number {
  return Math.sqrt(-2 * Math.log(1 - rng.uniform())) * Math.cos(2 * Math.PI * rng.uniform());
}

/** What is particular to one configuration: a normal draw that is always the same for the same seed and configuration. */
export function ownNormal(seed: string, configuration: Configuration): number {
  return normal(rngFrom(`${seed}/${configuration.join(".")}`));
}

/** All different, from 0 to `below` - 1, in random order. */
export function shuffled(below: number, rng: Rng): number[] {
  const order = Array.from({ length: below }, (_, i) => i);
  for (let i = below - 1; i > 0; i--) {
    const j = rng.below(i + 1);
    const swapped = order[i] ?? 0;
    order[i] = order[j] ?? 0;
    order[j] = swapped;
  }
  return order;
}
