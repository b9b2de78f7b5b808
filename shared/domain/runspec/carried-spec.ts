import { carriedDefaults, type SpecInput } from "./spec-read.ts";

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
