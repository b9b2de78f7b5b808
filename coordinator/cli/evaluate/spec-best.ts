import { existsSync } from "node:fs";
import { UnwritableSpec, withTunedValues } from "../../../shared/domain/evaluation/tuned-spec.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { Configuration } from "../../../shared/domain/hyperparameter.ts";
import { jsonLine } from "../../../shared/domain/json-line.ts";
import { parseRunName } from "../../../shared/domain/names.ts";
import { NotFoundError, SpecError, UsageError } from "../../../shared/errors.ts";
import { shellWord } from "../../../shared/machine/shell-word.ts";
import { fileText } from "../../operator/output.ts";
import type { JsonOption, Printing } from "../../operator/session.ts";
import { namedJob } from "../../runs/named-job.ts";
import { writeWhole } from "../../runs/whole-file.ts";
import { spaceText } from "../../words/space-text.ts";
import { evaluated, hparamsOf } from "./eval.ts";

export interface SpecOptions extends JsonOption {
  /** With the settings of the best configuration as tuned values. */
  readonly best?: boolean | undefined;
  /** With the settings of this run instead. */
  readonly run?: string | undefined;
  readonly saveTo?: string | undefined;
}

/** `nexus spec job278 --best`: the spec of a job, with the settings of its best configuration as tuned values. */
export function showSpec({ state, workspace, output, flags }: Printing, typed: string, options: SpecOptions): void {
  const table = namedJob(typed, state, workspace, flags);
  const configuration = wantedConfiguration(table, options, flags);
  const text = configuration ? tunedText(table, configuration) : table.submitted.text;
  if (options.saveTo !== undefined) {
    // An existing file may be a spec that somebody wrote.
    if (existsSync(options.saveTo))
      throw new UsageError(`--save-to ${options.saveTo}: it is there already and was not touched; name another file`);
    writeWhole(options.saveTo, [text], `--save-to=${options.saveTo}`);
    output.note(`${table.job}: spec written to ${options.saveTo}\n`);
  }
  if (options.json) {
    const { hyperparameters, file, commandLine } = table.submitted;
    const hparams = configuration ? hparamsOf(hyperparameters, configuration) : null;
    const object = { type: "spec", v: 1, job: table.job, file, commandLine, hparams, text };
    output.result(jsonLine(object));
  } else if (options.saveTo === undefined) {
    output.result(fileText(text, output));
  }
  const searched = spaceText(table);
  if (searched !== "") output.note(`${table.job}: ${searched}\n`);
  const given = Object.entries(table.submitted.commandLine);
  if (given.length > 0) {
    const words = given.map(([name, value]) => `--${name} ${shellWord(value)}`).join(" ");
    output.note(`${table.job} was submitted with ${words}\n`);
  }
}

function wantedConfiguration(table: RunTable, { best, run }: SpecOptions, flags: string): Configuration | null {
  if (run === undefined) return best ? evaluated(table, {}, flags).verdict.leader : null;
  const parsed = parseRunName(run);
  if (!parsed || parsed.child === null) {
    throw new UsageError(
      `--run ${run}: expected a run such as run662.7; to see the job's: nexus list runs ${table.job}${flags}`,
    );
  }
  const trial = [...table.trials].find((each) => each.run === parsed.name);
  if (trial) return trial.configuration;
  throw new NotFoundError(`${table.job} has no ${run}\n  to see its runs: nexus list runs ${table.job}${flags}`);
}

function tunedText(table: RunTable, configuration: Configuration): string {
  const { text, hyperparameters, file } = table.submitted;
  try {
    return withTunedValues(text, hyperparameters, configuration);
  } catch (cause) {
    if (!(cause instanceof UnwritableSpec)) throw cause;
    throw new SpecError(`${file} of ${table.job}: ${cause.message}`, { cause });
  }
}
