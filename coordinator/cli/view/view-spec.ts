import { parseJobName } from "../../../shared/domain/names.ts";
import type { JsonOption, Printing } from "../../operator/session.ts";
import { namedJob } from "../../runs/named-job.ts";
import { oneRun } from "../../runs/one-run.ts";
import { shellWord } from "../../words/shell-word.ts";
import { reproSpecs } from "../transfer/repro-of.ts";

/** `nexus view spec job278`: the spec as it was submitted; `nexus view spec run662.7`: the one that repeats the run exactly. */
export function viewSpec({ state, workspace, output }: Printing, word: string, { json }: JsonOption): void {
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
