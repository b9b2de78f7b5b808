import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { Trial } from "../../../shared/domain/fold/trial.ts";
import { settingsOf } from "../../../shared/domain/hyperparameter.ts";
import { carriedInput } from "../../../shared/domain/runspec/carried-spec.ts";
import { expandSpec, readSpec, reproSpec, withChosen } from "../../../shared/domain/runspec/spec-read.ts";
import { isMapping } from "../../../shared/domain/runspec/tree.ts";
import { randintAt } from "../../../shared/domain/seeds.ts";
import { JournalCorruptError } from "../../../shared/errors.ts";

export interface Repro {
  /** The text of repro_spec.yaml, as the run itself would write it. */
  readonly text: string;
  /** Whether the run is to be logged for TensorBoard. */
  readonly logsToTensorBoard: boolean;
}

/** Rebuilds repro_spec.yaml from the journal, for any run of a job. */
export function reproSpecs({ job, submitted }: RunTable): (trial: Trial) => Repro {
  const { hyperparameters } = submitted;
  const reading = readSpec(carriedInput(submitted));
  if (!reading.ok) {
    const why = reading.problems.map(({ message }) => message).join("; ");
    throw new JournalCorruptError(`the spec of ${job} as it was submitted can no longer be read: ${why}`);
  }
  return ({ configuration, seed }) => {
    const values = settingsOf(hyperparameters, configuration);
    const chosen = Object.fromEntries(hyperparameters.map(({ name }, i) => [name, values[i] ?? null]));
    const spec = withChosen(reading.spec, chosen);
    const expanded = expandSpec(spec, chosen, (path) => randintAt(seed, path));
    const logs = isMapping(expanded) ? expanded["log_to_tensorboard"] : false;
    return {
      text: reproSpec(expanded, spec.hyperparameters, chosen),
      logsToTensorBoard: logs === true || logs === 1,
    };
  };
}
