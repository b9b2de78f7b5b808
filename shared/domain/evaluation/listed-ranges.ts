import { type Hyperparameter, tunedConfiguration } from "../hyperparameter.ts";
import type { CarriedSpec } from "../runspec/carried-spec.ts";
import { ProblemList } from "../runspec/problems.ts";
import { composeYaml } from "../runspec/yaml-tree.ts";
import { hyperparameterLines } from "./tuned-spec.ts";
import { edited, entryReplacement, yamlText } from "./yaml-edits.ts";

/**
 * The spec with each range replaced by a list of its tuned value, for workers of earlier versions, which know no ranges. For a
 * worker it means the same: a run's settings come with its assignment, and need not be listed.
 *
 * @param hyperparameters  those of the job
 */
export function withListedRanges(spec: CarriedSpec, hyperparameters: readonly Hyperparameter[]): CarriedSpec {
  const lines = hyperparameterLines(spec.text);
  const tuned = tunedConfiguration(hyperparameters);
  const edits = hyperparameters.flatMap(({ name, values }, i) => {
    const found = lines.get(name);
    if (found?.list.key !== "range") return [];
    const value = yamlText(values[tuned[i] ?? 0] ?? null);
    // The tuned value may be a command-line argument, which is read as a number only beside a range.
    const same = found.tuned ? [entryReplacement(spec.text, found.tuned, `tuned_value: ${value}`)] : [];
    return [entryReplacement(spec.text, found.list, `ordered_tuning_values: [${value}]`), ...same];
  });
  if (edits.length === 0) return spec;
  const text = edited(spec.text, edits);
  if (!isReadable(text)) return spec;
  // An argument whose only place in the text was a range would be refused as unused.
  const used = Object.entries(spec.commandLine).filter(([name]) => text.includes(`<${name}>`));
  return { ...spec, text, commandLine: Object.fromEntries(used) };
}

/** Whether every alias still has its anchor; an anchor may have stood in a range. */
function isReadable(text: string): boolean {
  const problems = new ProblemList();
  const { aliases } = composeYaml("spec", text, problems);
  return problems.size === 0 && aliases.every(({ target }) => target !== undefined);
}
