import type { Configuration, Hyperparameter } from "../hyperparameter.ts";
import { activityOf, type Test, testOf } from "./activity.ts";
import { ByWhere } from "./by-where.ts";

/** The constraints between hyperparameters that a job's `where` lists, compiled. */
export interface Constraints {
  readonly tests: readonly Test[];
  /** The number, from 0, of the first constraint that the configuration breaks; -1 if it breaks none. */
  broken(configuration: Configuration): number;
}

const known = new ByWhere<Constraints>((hyperparameters, where) => {
  const tests = where.map((text) => testOf(hyperparameters, text));
  const activity = activityOf(hyperparameters);
  const allActive = new Uint8Array(hyperparameters.length).fill(1);
  return {
    tests,
    broken(configuration) {
      if (tests.length === 0) return -1;
      const active = activity?.settle([...configuration]) ?? allActive;
      const situation = { configuration, active };
      return tests.findIndex((test) => test.holds(situation) === false);
    },
  };
});

/** A constraint that rests on an inactive hyperparameter does not bind. Cached by the list of hyperparameters. */
export const constraintsOf = (hyperparameters: readonly Hyperparameter[], where: readonly string[]): Constraints =>
  known.of(hyperparameters, where);

/** Whether `where` allows the configuration. */
export function isAllowed(
  hyperparameters: readonly Hyperparameter[],
  where: readonly string[],
  configuration: Configuration,
): boolean {
  return where.length === 0 || constraintsOf(hyperparameters, where).broken(configuration) === -1;
}
