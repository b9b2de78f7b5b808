/** What a job needs from its workers beyond computing, which a worker with --no-code refuses. */

import type { Hyperparameter } from "../hyperparameter.ts";
import type { ChosenSettings } from "../run.ts";
import { type CarriedSpec, carriedInput } from "./carried-spec.ts";
import { type ExpandedStage, expandStages, readSpec, withChosen } from "./spec-read.ts";

const program = "processors/Command_Proc";
/** Properties that name files, of the stage processors that come with Nexus. */
const fileProperties: Readonly<Record<string, readonly string[]>> = {
  "processors/RL_Proc": ["load_model_from", "save_model_to"],
  "processors/Probe_Proc": ["writes", "tally"],
};
/** At most this many settings of a job are tried, the tuned ones first; workers check their own runs anyway. */
const mostTried = 2000;

interface JobText extends CarriedSpec {
  readonly code?: object;
  readonly largeCode?: object;
  readonly settings?: { readonly setup?: readonly unknown[] };
  readonly hyperparameters: readonly Hyperparameter[];
}

const answers = new WeakMap<JobText, string | null>();

/**
 * What the job's runs do beyond computing, to complete "job1 ..."; null if no configuration tried does anything of the
 * kind. Computed once for each object.
 */
export function trustNeeded(job: JobText): string | null {
  const known = answers.get(job);
  if (known !== undefined) return known;
  const answer = workOut(job);
  answers.set(job, answer);
  return answer;
}

function workOut(job: JobText): string | null {
  if ((job.settings?.setup ?? []).length > 0) return "runs programs (setup)";
  if (job.code || job.largeCode) return "brings code of its own";
  if (Object.hasOwn(job.sources, program)) return `runs programs (${program})`;
  if (!Object.keys(fileProperties).some((component) => Object.hasOwn(job.sources, component))) return null;
  const reading = readSpec(carriedInput(job));
  if (!reading.ok) return null;
  const tuned: ChosenSettings = Object.fromEntries(job.hyperparameters.map((each) => [each.name, each.tuned]));
  const tries = [
    tuned,
    ...job.hyperparameters.flatMap(({ name, values }) => values.map((value) => ({ ...tuned, [name]: value }))),
  ];
  for (const settings of tries.slice(0, mostTried)) {
    const found = beyondItsFolder(expandStages(withChosen(reading.spec, settings), settings, () => 0));
    if (found !== null) return found;
  }
  return null;
}

/** What one run's stages do beyond computing in the run's own folder, to complete "the run ..."; null: nothing. */
export function beyondItsFolder(stages: readonly ExpandedStage[]): string | null {
  for (const { component, enabled, spec } of stages) {
    if (!enabled) continue;
    if (component === program) return `runs programs (${program})`;
    for (const property of fileProperties[component] ?? []) {
      const names = Array.isArray(spec[property]) ? spec[property] : [spec[property]];
      const outside = names.find((name) => typeof name === "string" && leadsOut(name));
      if (outside !== undefined)
        return `names files outside of its folder (${property}: ${JSON.stringify(outside).slice(0, 100)})`;
    }
  }
  return null;
}

const leadsOut = (path: string): boolean =>
  /^([/\\]|[a-zA-Z]:)/.test(path) || path.split(/[/\\]/).some((part) => part === "..");
