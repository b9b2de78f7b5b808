import type { Setting } from "../domain/hyperparameter.ts";
import type { CarriedSpec } from "../domain/runspec/carried-spec.ts";

/** Asks the process that tries whether stages can be made of a spec's values; one IPC message. */
export interface StageCheck extends CarriedSpec {
  /** Values to try besides those of the spec, by hyperparameter; null: only those of the spec. */
  readonly added: Readonly<Record<string, readonly Setting[]>> | null;
}

/** What a component cannot use. */
export interface Objection {
  readonly component: string;
  /** A property of the component: goal; of a mapping in it: env.DATA. */
  readonly property: string;
  /** One line: what was expected and found. */
  readonly text: string;
  /** The value, as `shown` writes it. */
  readonly found: string;
  /** The key in the property's mapping that is objected to, if it is not the value. */
  readonly key?: string;
}

/** A value that no run could use. */
export interface StageProblem {
  /** One line. */
  readonly text: string;
  /** Where in the spec it is; null: its component did not say. */
  readonly objection: Objection | null;
}

/** Its answer. */
export interface StageCheckAnswer {
  readonly problems: readonly StageProblem[];
}
