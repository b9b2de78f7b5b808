import type { ChosenSettings } from "../domain/run.ts";
import type { CarriedSpec } from "../domain/runspec/carried-spec.ts";

/** What `nexus run` tells the process that executes a spec on this machine, in one IPC message. */
export interface LocalRun extends CarriedSpec {
  readonly settings: ChosenSettings;
  /** Determines every randint of the run. */
  readonly seed: number;
  /** The folder of the user's own code; null if there is none. */
  readonly codeFolder: string | null;
  /** The folder with the files that the spec lists under `inputs`; null if it lists none. */
  readonly inputsFolder: string | null;
  /** The run's folder; it exists. */
  readonly directory: string;
}
