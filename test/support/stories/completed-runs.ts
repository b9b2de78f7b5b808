import type { CompletedRuns } from "../../../shared/domain/evaluation/completed-runs.ts";
import type { Configuration } from "../../../shared/domain/hyperparameter.ts";
import type { RunName } from "../../../shared/domain/names.ts";
import { ConfigurationRegister } from "../../../shared/domain/run-sets/configuration-register.ts";

/** One completed run of a search. */
export interface CompletedRun {
  readonly run: RunName;
  readonly configuration: Configuration;
  /** Finite. */
  readonly hpmax: number;
}

/** The runs as columns, in the given order. */
export function inColumns(runs: readonly CompletedRun[]): CompletedRuns {
  const register = new ConfigurationRegister();
  return {
    length: runs.length,
    hpmax: Float64Array.from(runs, ({ hpmax }) => hpmax),
    sets: Int32Array.from(runs, ({ configuration }) => register.add(configuration)),
    run: (i) => {
      const run = runs[i];
      if (run === undefined) throw new RangeError(`no run ${i} of ${runs.length}`);
      return run.run;
    },
    configuration: (set) => register.configuration(set),
    find: (configuration) => register.find(configuration),
  };
}
