import type { Setting } from "../domain/hyperparameter.ts";
import type { CarriedSpec } from "../domain/runspec/carried-spec.ts";

/** What is asked of the process that tries whether stages can be made of a spec's values, in one IPC message. */
export interface StageCheck extends CarriedSpec {
  /** Values to try beside those of the spec, by hyperparameter; null: those of the spec. */
  readonly added: Readonly<Record<string, readonly Setting[]>> | null;
}

/** Its answer: a line for each thing that no run could use. */
export interface StageCheckAnswer {
  readonly problems: readonly string[];
}
