import { type Goal, maximised } from "../goal.ts";
import { goalOfSpec, lastStage } from "./expand.ts";
import { carriedDefaults, readSpec, type SpecInput } from "./spec-read.ts";

/** A runspec with everything needed to read it on another machine. */
export interface CarriedSpec {
  /** File name as the user gave it, for messages. */
  readonly file: string;
  readonly text: string;
  /** Defaults YAML of every component that the spec may use, by component name. */
  readonly sources: Readonly<Record<string, string>>;
  /** The `--name value` arguments: name -> what replaces `<name>`. */
  readonly commandLine: Readonly<Record<string, string>>;
}

/** Input for `readSpec` with the defaults that the spec carries, not this machine's. */
export const carriedInput = ({ file, text, sources, commandLine }: CarriedSpec): SpecInput => ({
  file,
  text,
  commandLine,
  defaults: carriedDefaults(sources),
});

const goals = new WeakMap<CarriedSpec, Goal>();

/** What a job is judged by. Computed once for each object. */
export function goalOf(job: CarriedSpec): Goal {
  const known = goals.get(job) ?? readGoal(job);
  goals.set(job, known);
  return known;
}

function readGoal(job: CarriedSpec): Goal {
  // Most jobs maximise, and reading the spec would take milliseconds.
  const texts = [job.text, ...Object.values(job.commandLine), ...Object.values(job.sources).map(withoutComments)];
  if (!texts.some((text) => text.includes("minimize"))) return maximised;
  const reading = readSpec(carriedInput(job));
  return reading.ok ? goalOfSpec(reading.spec) : maximised;
}

/** The number of the stage whose first metric gives hpmax; 1 if the spec cannot be read. Takes milliseconds. */
export function lastStageOf(job: CarriedSpec): number {
  const reading = readSpec(carriedInput(job));
  return (reading.ok ? lastStage(reading.spec)?.number : undefined) ?? 1;
}

const withoutComments = (yaml: string): string => yaml.replace(/#.*/g, "");
