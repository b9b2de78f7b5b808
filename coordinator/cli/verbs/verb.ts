import type { Command } from "commander";
import type { Output } from "../../operator/output.ts";
import type { GlobalOptions } from "../../operator/scope.ts";

/** What a verb is given besides its own words. */
export interface VerbPorts {
  readonly output: Output;
  /** The options before the verb: workspace, broker. */
  globals(): GlobalOptions;
  /** The exit code, where it is not 0 and nothing is thrown. */
  exit(code: number): void;
}

/** Adds a family of verbs to the command; what they do is loaded when they are used. */
export type AddVerbs = (program: Command, ports: VerbPorts) => void;
