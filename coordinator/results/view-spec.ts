import { parseJobName } from "../../shared/domain/names.ts";
import { oneRun } from "./one-run.ts";
import type { Output } from "./output.ts";
import { reproSpecs } from "./repro-of.ts";
import { selectRuns } from "./run-list.ts";
import { type GlobalOptions, readWorkspace, scopeOf } from "./scope.ts";

/** `nexus view spec job278`: the spec as it was submitted; `nexus view spec run662.7`: the one that repeats the run exactly. */
export async function viewSpec(globals: GlobalOptions, word: string, output: Output): Promise<void> {
  const scope = scopeOf(globals);
  const state = await readWorkspace(scope);
  if (!parseJobName(word)) {
    const { table, trial } = oneRun(word, state, scope.paths.name);
    output.result(reproSpecs(table)(trial).text);
    return;
  }
  const [table] = selectRuns([word], state, scope.paths.name).tables;
  if (!table) throw new Error(`${word} was selected and is not there`);
  const { text, commandLine } = table.submitted;
  output.result(text.endsWith("\n") ? text : `${text}\n`);
  const replaced = Object.entries(commandLine).map(([name, value]) => `--${name} ${JSON.stringify(value)}`);
  if (replaced.length > 0) output.note(`it was submitted with ${replaced.join(" ")}\n`);
}
