import { changesSince, withChanges } from "../../../shared/domain/evaluation/current-spec.ts";
import { UnwritableSpec } from "../../../shared/domain/evaluation/tuned-spec.ts";
import type { JobChanges, JobSubmitted } from "../../../shared/domain/fold/events.ts";
import { changesText } from "../../../shared/domain/fold/job-changes.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { parseJobName } from "../../../shared/domain/names.ts";
import { printable } from "../../../shared/domain/printable.ts";
import { carriedInput } from "../../../shared/domain/runspec/carried-spec.ts";
import { readSpec } from "../../../shared/domain/runspec/spec-read.ts";
import { UsageError } from "../../../shared/errors.ts";
import { shellWord } from "../../../shared/machine/shell-word.ts";
import { fileText } from "../../operator/output.ts";
import type { JsonOption, Printing } from "../../operator/session.ts";
import { namedJob } from "../../runs/named-job.ts";
import { oneRun } from "../../runs/one-run.ts";
import { reproSpecs } from "../transfer/repro-of.ts";

export interface ViewSpecOptions extends JsonOption {
  /** With the changes that were made since. */
  readonly now?: boolean | undefined;
}

/**
 * `nexus view spec job278`: the spec as it was submitted, and what was changed since; with --now, the spec with these changes.
 * `nexus view spec run662.7`: the one that repeats the run exactly.
 */
export function viewSpec(
  { state, workspace, output, flags }: Printing,
  word: string,
  { json, now = false }: ViewSpecOptions,
): void {
  if (!parseJobName(word.slice(word.indexOf("/") + 1))) {
    if (now) throw new UsageError(`--now is for a job, such as job1: ${word} has the settings that it was given`);
    const { table, trial } = oneRun(word, state, workspace, flags);
    const { text } = reproSpecs(table)(trial);
    output.result(
      json ? object({ job: table.job, run: trial.run, file: "repro_spec.yaml", text }) : fileText(text, output),
    );
    return;
  }
  const table = namedJob(word, state, workspace, flags);
  const { job, submitted, goal } = table;
  const { file, commandLine } = submitted;
  const changes = changesOf(submitted);
  const edits = changesText(changes, goal);
  const text = now ? changedText(table, changes) : submitted.text;
  if (json) {
    output.result(object({ job, run: null, file, commandLine, edits, text }));
    return;
  }
  output.result(fileText(text, output));
  const replaced = Object.entries(commandLine).map(([name, value]) => `--${name} ${shellWord(value)}`);
  if (replaced.length > 0) output.note(`it was submitted with ${printable(replaced.join(" "))}\n`);
  if (edits.length === 0 || now) return;
  output.note(`edited since: ${edits.join("; ")}\n  the spec as it is now: nexus view spec ${job} --now${flags}\n`);
}

/** What was changed since the submission; nothing if this version can no longer read the submitted spec. */
function changesOf(submitted: JobSubmitted): JobChanges {
  const reading = readSpec(carriedInput(submitted));
  return reading.ok ? changesSince(reading.spec, submitted) : {};
}

function changedText({ job, submitted, goal }: RunTable, changes: JobChanges): string {
  const { text, hyperparameters } = submitted;
  try {
    return withChanges(text, changes, hyperparameters, goal);
  } catch (error) {
    if (!(error instanceof UnwritableSpec)) throw error;
    throw new UsageError(
      `${job}: its changes cannot be written into its spec: ${error.message}\n  they are: ${changesText(changes, goal).join("; ")}`,
      { cause: error },
    );
  }
}

const object = (fields: object): string => `${JSON.stringify({ type: "spec", v: 1, ...fields })}\n`;
