import type { WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import { parseJobName } from "../../../shared/domain/names.ts";
import type { Output } from "../../operator/output.ts";
import { type GlobalOptions, readWorkspace, scopeOf } from "../../operator/scope.ts";
import { namedJob } from "../../runs/named-job.ts";
import { oneRun } from "../../runs/one-run.ts";
import { shellWord } from "../../words/shell-word.ts";
import { reproSpecs } from "../transfer/repro-of.ts";

export interface ViewSpecOptions {
  /** As one JSON object. */
  readonly json?: boolean | undefined;
}

/** `nexus view spec job278`: the spec as it was submitted; `nexus view spec run662.7`: the one that repeats the run exactly. */
export async function viewSpec(
  globals: GlobalOptions,
  word: string,
  options: ViewSpecOptions,
  output: Output,
): Promise<void> {
  const scope = scopeOf(globals);
  printSpecOf(await readWorkspace(scope), scope.paths.name, word, options, output);
}

/** What `view spec` prints, from the folded journal. */
export function printSpecOf(
  state: WorkspaceState,
  workspace: string,
  word: string,
  { json }: ViewSpecOptions,
  output: Output,
): void {
  if (!parseJobName(word.slice(word.indexOf("/") + 1))) {
    const { table, trial } = oneRun(word, state, workspace);
    const { text } = reproSpecs(table)(trial);
    output.result(json ? object({ job: table.job, run: trial.run, file: "repro_spec.yaml", text }) : text);
    return;
  }
  const { job, submitted } = namedJob(word, state, workspace);
  const { file, text, commandLine } = submitted;
  if (json) {
    output.result(object({ job, run: null, file, commandLine, text }));
    return;
  }
  output.result(text.endsWith("\n") ? text : `${text}\n`);
  const replaced = Object.entries(commandLine).map(([name, value]) => `--${name} ${shellWord(value)}`);
  if (replaced.length > 0) output.note(`it was submitted with ${replaced.join(" ")}\n`);
}

const object = (fields: object): string => `${JSON.stringify({ type: "spec", v: 1, ...fields })}\n`;
