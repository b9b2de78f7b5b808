import type { Configuration, Hyperparameter } from "../../../shared/domain/hyperparameter.ts";
import type { Marks } from "../../../shared/domain/ranges/finer-marks.ts";
import type { Rng } from "../../../shared/domain/rng.ts";

/** How a run's hpmax follows from its reports. */
export type HpmaxIs = "mean" | "last" | "max";

/**
 * Something to search whose truth is known: what a run of each configuration reports, and what it reaches on average.
 * Everything but `run` is the same at every call, and `run` depends on its generator alone.
 */
export interface Surface {
  readonly name: string;
  /** Ranges get more marks while a search goes on, by `refine`. */
  readonly hyperparameters: readonly Hyperparameter[];
  /** The highest true mean of any configuration, to which regret is measured. */
  readonly best: number;
  /** Reports of a whole run, at least 1; a surface without learning curves has 1. */
  readonly reports: number;
  readonly hpmaxIs: HpmaxIs;
  /** Mean hpmax over many whole runs. */
  truth(configuration: Configuration): number;
  /** The values that one whole run reports, `reports` of them. The luck is drawn from `rng` alone. */
  run(configuration: Configuration, rng: Rng): readonly number[];
  /**
   * Adds marks to ranges; configurations keep their meaning. Where it is missing, there are no ranges. A surface that has it
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
