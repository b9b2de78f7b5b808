import type { Configuration } from "../../../shared/domain/hyperparameter.ts";
import { type Rng, rngFrom } from "../../../shared/domain/rng.ts";

/** A standard normal draw (Box-Muller); 1 - u keeps the logarithm's argument above 0. */
export function normal(rng: Rng): number {
  return Math.sqrt(-2 * Math.log(1 - rng.uniform())) * Math.cos(2 * Math.PI * rng.uniform());
}

/** A configuration's own standard normal draw: always the same for the same seed and configuration. */
export function ownNormal(seed: string, configuration: Configuration): number {
  return normal(rngFrom(`${seed}/${configuration.join(".")}`));
}

/** The numbers 0 to `below` - 1 in random order. */
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
