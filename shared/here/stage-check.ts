import type { Setting } from "../domain/hyperparameter.ts";
import type { CarriedSpec } from "../domain/runspec/carried-spec.ts";

/** The request to try whether stages can be made from a spec's values; one IPC message. */
export interface StageCheck extends CarriedSpec {
  /** By hyperparameter: values to try besides the spec's; null: only the spec's. */
  readonly added: Readonly<Record<string, readonly Setting[]>> | null;
}

/** A value that a component cannot use. */
export interface Objection {
  readonly component: string;
  /** The component's property, such as goal, or env.DATA inside a mapping. */
  readonly property: string;
  /** One line that says what was expected and what was found. */
  readonly text: string;
  /** The value, as `shown` writes it. */
  readonly found: string;
  /** The key in the property's mapping, if the objection is to a key instead of a value. */
  readonly key?: string;
}

/** A value that no run could use. */
export interface StageProblem {
  /** One line. */
  readonly text: string;
  /** The component's objection, which locates the value in the spec; null: the component did not say. */
  readonly objection: Objection | null;
}

/** The answer to a `StageCheck`; no problems: stages can be made. */
export interface StageCheckAnswer {
  readonly problems: readonly StageProblem[];
}
