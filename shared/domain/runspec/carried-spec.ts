import { type Goal, maximised } from "../goal.ts";
import { goalOfSpec } from "./expand.ts";
import { carriedDefaults, readSpec, type SpecInput } from "./spec-read.ts";

/** A runspec with everything that is needed to read it on another machine. */
export interface CarriedSpec {
  /** As the user named it, for messages. */
  readonly file: string;
  readonly text: string;
  /** Defaults YAML of every component that the spec may use, by component name. */
  readonly sources: Readonly<Record<string, string>>;
  /** `--name value` -> name and value: what takes the place of `<name>`. */
  readonly commandLine: Readonly<Record<string, string>>;
}

/** Input for `readSpec` that uses the defaults that the spec brings, not those of this machine. */
export const carriedInput = ({ file, text, sources, commandLine }: CarriedSpec): SpecInput => ({
  file,
  text,
  commandLine,
  defaults: carriedDefaults(sources),
});

const goals = new WeakMap<CarriedSpec, Goal>();

/** What a job is judged by. Worked out once for each value. */
export function goalOf(job: CarriedSpec): Goal {
  const known = goals.get(job) ?? readGoal(job);
  goals.set(job, known);
  return known;
}

function readGoal(job: CarriedSpec): Goal {
  // Most jobs maximise, and reading a spec takes milliseconds.
  const texts = [job.text, ...Object.values(job.commandLine), ...Object.values(job.sources).map(withoutComments)];
  if (!texts.some((text) => text.includes("minimize"))) return maximised;
  const reading = readSpec(carriedInput(job));
  return reading.ok ? goalOfSpec(reading.spec) : maximised;
}

const withoutComments = (yaml: string): string => yaml.replace(/#.*/g, "");
