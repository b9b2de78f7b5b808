import { loadSpecFile } from "../../../shared/components/component-defaults.ts";
import { pythonJson } from "../../../shared/domain/python-json.ts";
import { expandStages } from "../../../shared/domain/runspec/spec-read.ts";
import { SpecError } from "../../../shared/errors.ts";
import type { Output } from "../../operator/output.ts";
import { parseSpecArguments } from "../submit/spec-arguments.ts";

/** A `randint` outside of a run is 0, as `NEXUS_SEED` is. */
const noDraw = (): number => 0;

/**
 * `nexus check search.yaml --values`: prints what the tuned values give the programs of a spec, a JSON line for each
 * stage that is a program. Nothing is run. `params("search.yaml")` of nexus_swarm reads these lines.
 *
 * @throws SpecError if the spec is wrong, or no stage is a program
 */
export function printValues(words: readonly string[], output: Output): void {
  const { file, commandLine } = parseSpecArguments(words, "check");
  const { spec } = loadSpecFile(file, commandLine, { tail: "nothing was read" });
  const tuned = Object.fromEntries(spec.hyperparameters.map(({ name, tuned: value }) => [name, value]));
  const programs = expandStages(spec, tuned, noDraw).filter(
    ({ component, enabled }) => enabled && component === "processors/Command_Proc",
  );
  if (programs.length === 0)
    throw new SpecError(`${file}: no stage of it is a program; expected one with component: processors/Command_Proc`);
  for (const { number, spec: stage } of programs) {
    const { command, arguments: given } = stage;
    output.result(`${pythonJson({ type: "values", v: 1, stage: number, command, arguments: given })}\n`);
  }
}
