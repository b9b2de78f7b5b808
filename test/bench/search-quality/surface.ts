import type { Configuration, Hyperparameter } from "../../../shared/domain/hyperparameter.ts";
import type { Marks } from "../../../shared/domain/ranges/finer-marks.ts";
import type { Rng } from "../../../shared/domain/rng.ts";

/** How hpmax is computed from a run's reports. */
export type HpmaxIs = "mean" | "last" | "max";

/**
 * A search space with a known truth: the reports of a run of each configuration, and its mean hpmax. Everything but
 * `run` is the same at every call, and `run` depends only on its generator.
 */
export interface Surface {
  readonly name: string;
  /** Ranges get more marks while a search goes on, by `refine`. */
  readonly hyperparameters: readonly Hyperparameter[];
  /** The highest true mean of any configuration; regret is measured from it. */
  readonly best: number;
  /** Reports of a whole run, at least 1; a surface without learning curves has 1. */
  readonly reports: number;
  readonly hpmaxIs: HpmaxIs;
  /** Mean hpmax over many whole runs. */
  truth(configuration: Configuration): number;
  /** The values that one whole run reports, `reports` of them. The luck is drawn from `rng` alone. */
  run(configuration: Configuration, rng: Rng): readonly number[];
  /**
   * Adds marks to ranges; configurations keep their meaning. A surface without it has no ranges. A surface with it
   * belongs to one search.
   *
   * @param started  choices made so far
   */
  refine?(marks: Marks, started: number): void;
}

/** @param values  of the reports so far, at least one */
export function hpmaxOf(hpmaxIs: HpmaxIs, values: readonly number[]): number {
  switch (hpmaxIs) {
    case "last":
      return values.at(-1) ?? Number.NaN;
    case "max":
      return Math.max(...values);
    case "mean":
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    default: {
      const never: never = hpmaxIs;
      throw new RangeError(`hpmax is ${String(never)}; expected mean, last or max`);
    }
  }
}
