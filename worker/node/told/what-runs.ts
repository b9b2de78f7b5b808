import { basename } from "node:path";
import type { JobName } from "../../../shared/domain/names.ts";
import { expandStages, withChosen } from "../../../shared/domain/runspec/spec-read.ts";
import type { Assignment } from "../../../shared/wire/messages.ts";
import type { KnownJob } from "../job/known-job.ts";

/** Runs of one job that a worker holds, in words for its owner. */
export interface InHand {
  readonly job: string;
  /** `own program train.py`, `maze_dgd.yaml`. */
  readonly what: string;
  readonly runs: number;
  /** Whether they get only processor time that nothing else wants. */
  readonly isLowPriority: boolean;
}

const mostCharacters = 40;
const program = "processors/Command_Proc";

/** What the runs of each job execute; worked out only when asked for. */
export class WhatRuns {
  /** A run of each job that is held. */
  readonly #firsts = new Map<
    JobName,
    { readonly known: KnownJob; readonly assignment: Pick<Assignment, "settings"> }
  >();

  started(job: JobName, known: KnownJob, assignment: Pick<Assignment, "settings">): void {
    if (!this.#firsts.has(job)) this.#firsts.set(job, { known, assignment });
  }

  /** @param held  the job of each run that is held */
  inHand(held: readonly JobName[]): InHand[] {
    const jobs = new Map<JobName, InHand>();
    for (const job of held) {
      const before = jobs.get(job);
      const first = this.#firsts.get(job);
      const said = before ?? (first ? whatRuns(first.known, first.assignment) : aboutToStart);
      jobs.set(job, { ...said, job, runs: (before?.runs ?? 0) + 1 });
    }
    // They hold the code of their jobs, too. What begins again is told again.
    for (const job of this.#firsts.keys()) if (!jobs.has(job)) this.#firsts.delete(job);
    return [...jobs.values()];
  }
}

const aboutToStart = { what: "about to start", isLowPriority: true };

/** What a run of the job executes, for the machine's owner: a program by its name, else the spec by its file. */
function whatRuns(
  { spec, text, bringsCode }: KnownJob,
  { settings }: Pick<Assignment, "settings">,
): { readonly what: string; readonly isLowPriority: boolean } {
  const chosen = Object.fromEntries(spec.hyperparameters.map(({ name }, i) => [name, settings[i] ?? null]));
  const stages = expandStages(withChosen(spec, chosen), chosen, () => 0);
  const commands = stages.flatMap(({ component, enabled, spec: stage }) =>
    enabled && component === program ? [commandText(stage["command"])] : [],
  );
  const file = basename(text.file);
  const whose = bringsCode ? "own program" : "program";
  const what = commands.length > 0 ? `${whose} ${commands.join(", ")}` : bringsCode ? `own code of ${file}` : file;
  return { what: what.slice(0, mostCharacters), isLowPriority: spec.settings.lowPriority };
}

/** The script of `[python3, train.py]`, or the program itself. */
function commandText(command: unknown): string {
  const words = (Array.isArray(command) ? command : [command]).filter((word) => typeof word === "string");
  const script = words.slice(1).find((word) => /\.\w+$/.test(word) && !word.startsWith("-"));
  return basename(script ?? words[0] ?? "");
}
