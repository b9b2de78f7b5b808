import type { Setting } from "../domain/hyperparameter.ts";
import type { CarriedSpec } from "../domain/runspec/carried-spec.ts";

/** Asks the process that tries whether stages can be made of a spec's values; one IPC message. */
export interface StageCheck extends CarriedSpec {
  /** Values to try besides those of the spec, by hyperparameter; null: only those of the spec. */
  readonly added: Readonly<Record<string, readonly Setting[]>> | null;
}

/** Its answer: a line for each value that no run could use. */
export interface StageCheckAnswer {
  readonly problems: readonly string[];
}
