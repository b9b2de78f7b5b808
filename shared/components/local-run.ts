import type { ChosenSettings } from "../domain/run.ts";
import type { CarriedSpec } from "../domain/runspec/carried-spec.ts";

/** What `nexus run` tells the process that executes a spec on this machine, in one IPC message. */
export interface LocalRun extends CarriedSpec {
  readonly settings: ChosenSettings;
  /** Every randint of the run follows from it. */
  readonly seed: number;
  /** Where code of the user's own lies; null: there is none. */
  readonly codeFolder: string | null;
  /** The run's folder; it exists. */
  readonly directory: string;
}
